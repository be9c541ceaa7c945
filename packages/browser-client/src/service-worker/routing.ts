import { RESERVED_PREFIX } from '@wingman/protocol';
import { localPort } from '../shared/loopback.js';

/** Where a request goes: past us, to the tunnel's own files, to the shell page, to the developer's app, or to another port of theirs. */
export type Destination = 'untouched' | 'asset' | 'shell' | 'app' | 'port';

/** The parts of a Request that decide. */
export interface RequestSignature {
  url: string;
  mode: string;
  destination: string;
}

/** Decides by URL and by what the response will become; a top-level page is always the shell. */
export function destinationOf(request: RequestSignature, origin: string): Destination {
  const url = new URL(request.url);
  if (url.origin !== origin) return isForPort(request, url) ? 'port' : 'untouched';
  if (url.pathname.startsWith(RESERVED_PREFIX)) return 'asset';
  if (request.mode === 'navigate' && request.destination === 'document') return 'shell';
  return 'app';
}

/** Documents of another port would be of another origin, where no service worker of ours runs. */
function isForPort({ mode }: RequestSignature, url: URL): boolean {
  return mode !== 'navigate' && localPort(url) !== undefined;
}

/** Whether the response becomes a document inside a frame. */
export function isFrameNavigation(request: RequestSignature): boolean {
  return request.mode === 'navigate' && request.destination !== 'document';
}
