import { DIAGNOSTICS_TARGET, fromBase64Url, RELAY_TARGET } from '@wingman/protocol';
import { ACCEPT_ENCODING, acceptLanguage } from '../shared/request-fields.js';
import type { Boot } from '../shared/boot.js';
import type { FetchHead, HeaderPair } from '../shared/exchange-messages.js';
import type { ShellToWorker, StartOptions, WorkerToShell } from '../shared/worker-messages.js';
import { findKey, type FoundKey } from './link-key.js';
import { referrerOf } from './first-page.js';
import { register } from './own-scripts.js';
import { shownPath } from '../shared/framed.js';
import { isMarked, POSTED_MARK } from '../shared/shell-api.js';
import { readCookies } from '../shared/page-cookies.js';

/** What begins before the page's own code has arrived. */
export interface EarlyStart extends Omit<FoundKey, 'raw'> {
  /** Resolves with undefined when this browser can't run a tunnel or the tab has no key. */
  tunnel: Promise<EarlyTunnel | undefined>;
}

/** The tunnel worker, which is under way, and what it has said meanwhile. */
export interface EarlyTunnel {
  worker: Worker;
  messages: WorkerToShell[];
  /** Starts another worker for the same session. It has no first flight, because the host's hello may be stale by then. */
  startAnother: () => Worker;
}

/** Starts what takes round trips: the tunnel worker's first flight, and the service worker where it was not begun yet. */
export function startEarly(boot: Boot, page: Document): EarlyStart {
  // The readable form stays in this function: what it returns is the page's, and the app's scripts reach that.
  const { raw, ...found } = findKey(window);
  const { serviceWorker } = navigator as { serviceWorker?: ServiceWorkerContainer };
  if (serviceWorker === undefined) return { ...found, tunnel: Promise.resolve(undefined) };
  const firstFlight = firstFlightOf(boot, page);
  const worker =
    raw === null
      ? startWorker(page)
      : startWorker(page, optionsOf(page, { ...boot, key: raw }, firstFlight));
  const messages: WorkerToShell[] = [];
  worker.onmessage = ({ data }: MessageEvent<WorkerToShell>) => messages.push(data);
  const tunnel = found.key.then((key) => {
    if (key === null) {
      worker.terminate();
      return undefined;
    }
    const own = { ...boot, key };
    if (raw === null) tell(worker, optionsOf(page, own, firstFlight));
    // Both registrations are one to the browser.
    register(serviceWorker);
    const startAnother = (): Worker => {
      const another = startWorker(page);
      tell(another, optionsOf(page, own, { prekey: null, preload: null }));
      return another;
    };
    return { worker, messages, startAnother };
  });
  return { ...found, tunnel };
}

type FirstFlight = Pick<StartOptions, 'prekey' | 'preload'>;

function firstFlightOf({ prekey }: Boot, page: Document): FirstFlight {
  return {
    prekey: prekey === null ? null : (fromBase64Url(prekey) ?? null),
    // The host has no page of that name.
    preload:
      isMarked(page, POSTED_MARK) || location.pathname === DIAGNOSTICS_TARGET
        ? null
        : navigationHead(location, navigator, referrerOf(window)),
  };
}

function optionsOf(
  page: Document,
  { key, linkGraceMs }: Pick<StartOptions, 'key' | 'linkGraceMs'>,
  firstFlight: FirstFlight,
): StartOptions {
  const relayUrl = `${location.origin.replace(/^http/, 'ws')}${RELAY_TARGET}`;
  return { key, relayUrl, linkGraceMs, cookies: readCookies(page), ...firstFlight };
}

function tell(worker: Worker, options: StartOptions): void {
  worker.postMessage({ kind: 'start', options } satisfies ShellToWorker);
}

/**
 * Starts the worker from code that came with the page. A separate asset would cost a round trip. With `first` the
 * code ends with its own first message: browsers deliver one from here only when the page's own code has run.
 */
function startWorker(page: Document, first?: StartOptions): Worker {
  const code = page.getElementById('wingman-worker')?.textContent ?? '';
  const parts = first === undefined ? [code] : [code, `\n${startSource(first)}`];
  const url = URL.createObjectURL(new Blob(parts, { type: 'text/javascript' }));
  const worker = new Worker(url, { name: 'wingman-tunnel' });
  // The worker has its code once it says anything. The app's scripts come later, and must not find the key there.
  const forget = (): void => URL.revokeObjectURL(url);
  worker.addEventListener('message', forget, { once: true });
  worker.addEventListener('error', forget, { once: true });
  return worker;
}

/** A script that gives the worker in which it runs the message of its start. */
function startSource({ key, prekey, ...rest }: StartOptions): string {
  const bytes = (value: StartOptions['key' | 'prekey']): string =>
    value instanceof Uint8Array ? `Uint8Array.of(${value.join()})` : 'null';
  const options = `{...${JSON.stringify(rest)},key:${bytes(key)},prekey:${bytes(prekey)}}`;
  return `dispatchEvent(new MessageEvent('message',{data:{kind:'start',options:${options}}}));`;
}

/** The head of the request that the frame will make for this page; the first flight carries it ahead of that. */
function navigationHead(
  page: { pathname: string; search: string },
  browser: { languages: readonly string[]; userAgent: string },
  referrer: string,
): FetchHead {
  return {
    method: 'GET',
    target: shownPath(page.pathname) + page.search,
    headers: [
      ['accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
      ['accept-encoding', ACCEPT_ENCODING],
      ['accept-language', acceptLanguage(browser.languages) ?? 'en'],
      ['upgrade-insecure-requests', '1'],
      ['user-agent', browser.userAgent],
      ...(referrer === '' ? [] : [['referer', referrer] satisfies HeaderPair]),
    ],
    destination: 'iframe',
    mode: 'navigate',
    hasBody: false,
    hasCredentials: true,
  };
}
