import {
  DIAGNOSTICS_TARGET,
  DOOR_PREFIX,
  ENTRY_TARGET,
  RELAY_TARGET,
  RESERVED_PREFIX,
  SPEED_TARGET,
  TOGETHER_TARGET,
} from '@wingman/protocol';
import { isFramed } from '../shared/framed.js';
import { localPort } from '../shared/loopback.js';

/**
 * Where a request goes: to the browser, the tunnel's own files, the shell page, the developer's app, another port
 * of the developer's machine, the host itself with a passphrase, or to the relay, past every service worker.
 */
export type Destination = 'untouched' | 'asset' | 'shell' | 'app' | 'port' | 'entry' | 'relay';

/** The parts of a Request that decide. */
export interface RequestSignature {
  url: string;
  mode: string;
  destination: string;
}

/** What the host itself answers, over the link or not at all. */
export const HOST_TARGETS = [ENTRY_TARGET, TOGETHER_TARGET];

/** Decides by the URL and by the use of the response. A top-level page is always the shell. */
export function destinationOf(request: RequestSignature, origin: string): Destination {
  const url = new URL(request.url);
  if (url.origin !== origin) return isForPort(request, url, new URL(origin)) ? 'port' : 'untouched';
  if (HOST_TARGETS.includes(url.pathname)) return 'entry';
  if (request.mode === 'navigate' && isFramed(url.pathname)) return 'shell';
  if (url.pathname === RELAY_TARGET) return 'relay';
  // The server's to answer, which says who may frame it.
  if (url.pathname.startsWith(DOOR_PREFIX)) return 'untouched';
  const isTop = request.mode === 'navigate' && request.destination === 'document';
  const isShown = isTop && url.pathname === DIAGNOSTICS_TARGET;
  const isOurs = url.pathname.startsWith(RESERVED_PREFIX) && url.pathname !== SPEED_TARGET;
  if (isOurs && !isShown) return 'asset';
  return isTop ? 'shell' : 'app';
}

/** Documents of another port have another origin, and our service worker doesn't run there. */
function isForPort({ mode }: RequestSignature, url: URL, own: URL): boolean {
  return mode !== 'navigate' && localPort(url, own) !== undefined;
}

/** Whether the response becomes a document inside a frame. */
export function isFrameNavigation(request: RequestSignature): boolean {
  return request.mode === 'navigate' && request.destination !== 'document';
}
