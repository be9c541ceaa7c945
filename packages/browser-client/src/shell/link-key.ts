import {
  createIngressToken,
  decodeLinkKey,
  encodeLinkKey,
  INGRESS_TARGET,
} from '@wingman/protocol';
import { BROWSER_LIMITS } from '../shared/limits.js';

const STORAGE_KEY = 'wingman.key';
const FRAGMENT = /^#k=([A-Za-z0-9_-]*)(#.*)?$/;

/** The link key of this session and the part of the fragment that is the app's own. */
export interface FoundKey {
  key: Uint8Array | null;
  /** With its `#`, or empty. */
  appHash: string;
}

/** Reads `#k=<key>[#<the app's fragment>]`; a fragment without a key is the app's. */
export function parseFragment(hash: string): FoundKey {
  const match = FRAGMENT.exec(hash);
  if (match === null) return { key: null, appHash: hash };
  return { key: decodeKey(match[1] ?? ''), appHash: match[2] ?? '' };
}

/** The key from the address bar; without one there, the key that this browser has kept. */
export function findKey(hash: string, storage: Storage | undefined): FoundKey {
  const found = parseFragment(hash);
  if (found.key === null) return { ...found, key: readKey(storage) };
  keepKey(found.key, storage);
  return found;
}

/** Keeps the key for reloads. The app shares this storage and may clear it, so call this again when the tab is left. */
export function keepKey(key: Uint8Array, storage: Storage | undefined): void {
  try {
    storage?.setItem(STORAGE_KEY, encodeLinkKey(key));
  } catch {
    // There is no room or no permission. A reload then needs the whole link again.
  }
}

/** localStorage, where the browser allows it. */
export function storageOf(window: { readonly localStorage: Storage }): Storage | undefined {
  try {
    return window.localStorage;
  } catch {
    return undefined;
  }
}

/** The key this browser has kept for the session. */
export function readKey(storage: Storage | undefined): Uint8Array | null {
  try {
    return decodeKey(storage?.getItem(STORAGE_KEY) ?? '');
  } catch {
    return null;
  }
}

function decodeKey(text: string): Uint8Array | null {
  try {
    return decodeLinkKey(text);
  } catch {
    return null;
  }
}

/**
 * Proves the link key, if there is one, to the host, and gets a cookie for plain HTTP. False when the host
 * wants the key and was not shown the right one. Any other failure shows itself in the app's frame. Only for
 * tabs without a tunnel: the server sees the proof, and could use it.
 */
export async function enterIngress(session: string, key: Uint8Array | null): Promise<boolean> {
  const token = key === null ? '' : await createIngressToken(key, session);
  const headers: HeadersInit = key === null ? {} : { authorization: `Bearer ${token}` };
  try {
    const signal = AbortSignal.timeout(BROWSER_LIMITS.connectMs);
    return (await fetch(INGRESS_TARGET, { method: 'POST', headers, signal })).status !== 401;
  } catch {
    return true;
  }
}

/** The URL of the app's page in this tab, with the app's own fragment. */
export function appUrl({ hash, origin, pathname, search }: Location, appHash: string): string {
  return origin + pathname + search + (hash === '' ? appHash : hash);
}

/** The link another person can open. */
export function shareableUrl(
  { hash, origin, pathname, search }: Location,
  key: Uint8Array | null,
): string {
  const fragment = key === null ? '' : `#k=${encodeLinkKey(key)}`;
  return origin + pathname + search + fragment + hash;
}

/** A URL as a request carries it (URL section 4.3, "exclude fragment"). */
export function withoutHash(url: string): string {
  return url.replace(/#.*$/, '');
}
