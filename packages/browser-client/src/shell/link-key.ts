import {
  createIngressToken,
  decodeLinkKey,
  deriveSecret,
  encodeLinkKey,
  importLinkKey,
  INGRESS_TARGET,
  toBase64Url,
  type LinkKey,
} from '@wingman/protocol';
import { shownPath } from '../shared/framed.js';
import { BROWSER_LIMITS } from '../shared/limits.js';
import { KEY_DATABASE } from '../shared/shell-api.js';
import { keepLinkKey, readLinkKey } from './key-store.js';

const FRAGMENT = /^#k=([A-Za-z0-9_-]*)(#.*)?$/;

/** The link key in a fragment, and the part that is the app's own. */
interface Fragment {
  key: Uint8Array | null;
  /** With its `#`, or empty. */
  appHash: string;
}

/** Reads `#k=<key>[#<the app's fragment>]`; a fragment without a key is the app's. */
export function parseFragment(hash: string): Fragment {
  const match = FRAGMENT.exec(hash);
  if (match === null) return { key: null, appHash: hash };
  return { key: decodeKey(match[1] ?? ''), appHash: match[2] ?? '' };
}

/** Reads the fragment, and takes the key out of the address bar. */
export function takeFragment({
  location,
  history,
}: Pick<Window, 'location' | 'history'>): Fragment {
  const fragment = parseFragment(location.hash);
  const bare = location.pathname + location.search + fragment.appHash;
  if (location.hash !== fragment.appHash) history.replaceState(history.state, '', bare);
  return fragment;
}

/** What of a tab the search for its key looks at. */
interface KeyPlaces {
  readonly location: Pick<Location, 'hash'>;
  readonly localStorage: Storage;
  readonly indexedDB?: IDBFactory;
}

/** The session's link key, in a form that can't be read. */
export interface FoundKey {
  /** The key itself, if the address has it. It is known at once; the form that scripts can't read takes some turns to make. */
  raw: Uint8Array | null;
  /** Resolves with null when the tab has no key. */
  key: Promise<CryptoKey | null>;
  /** Resolves when the next load will find the key too, or the browser has refused to keep it. */
  kept: Promise<void>;
}

/** The key from the address bar; without one there, the key that this browser has kept. */
export function findKey(tab: KeyPlaces): FoundKey {
  const left = takeReadableKey(storageOf(tab));
  const raw = parseFragment(tab.location.hash).key ?? left;
  if (raw === null) return { raw, key: readLinkKey(tab.indexedDB), kept: Promise.resolve() };
  const key = importLinkKey(raw);
  return { raw, key, kept: key.then((usable) => keepLinkKey(usable, tab.indexedDB)) };
}

/** Takes away what earlier versions have kept, which every script of the origin could read. */
function takeReadableKey(storage: Storage | undefined): Uint8Array | null {
  try {
    const text = storage?.getItem(KEY_DATABASE) ?? '';
    storage?.removeItem(KEY_DATABASE);
    return decodeKey(text);
  } catch {
    return null;
  }
}

/** localStorage, where the browser allows it. */
export function storageOf(tab: { readonly localStorage: Storage }): Storage | undefined {
  try {
    return tab.localStorage;
  } catch {
    return undefined;
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
export async function enterIngress(session: string, key: LinkKey | null): Promise<boolean> {
  const token = key === null ? '' : await createIngressToken(key, session);
  const headers: HeadersInit = key === null ? {} : { authorization: `Bearer ${token}` };
  try {
    const signal = AbortSignal.timeout(BROWSER_LIMITS.connectMs);
    return (await fetch(INGRESS_TARGET, { method: 'POST', headers, signal })).status !== 401;
  } catch {
    return true;
  }
}

/** A name for what this browser keeps of the session, which another session under the same address doesn't have. */
export async function sessionOf(key: LinkKey): Promise<string> {
  return toBase64Url((await deriveSecret(key, 'http cache')).slice(0, 12));
}

/** The URL of the app's page in this tab, with the app's own fragment. */
export function appUrl({ hash, origin, pathname, search }: Location, appHash: string): string {
  return origin + shownPath(pathname) + search + (hash === '' ? appHash : hash);
}

/** The link another person can open. */
export function shareableUrl(
  { hash, origin, pathname, search }: Location,
  key: Uint8Array,
): string {
  return `${origin}${pathname}${search}#k=${encodeLinkKey(key)}${hash}`;
}

/** A URL as a request carries it (URL section 4.3, "exclude fragment"). */
export function withoutHash(url: string): string {
  return url.replace(/#.*$/, '');
}
