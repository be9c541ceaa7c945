import { fromBase64Url } from '@wingman/protocol';
import { ACCEPT_ENCODING, acceptLanguage } from '../shared/request-fields.js';
import type { Boot } from '../shared/boot.js';
import type { FetchHead, HeaderPair } from '../shared/exchange-messages.js';
import type { ShellToWorker, StartOptions, WorkerToShell } from '../shared/worker-messages.js';
import { doorFor } from './door.js';
import { findKey, type FoundKey } from './link-key.js';
import { referrerOf } from './first-page.js';
import { shownPath } from '../shared/framed.js';
import { isMarked, POSTED_MARK } from '../shared/shell-api.js';
import { readCookies } from '../shared/page-cookies.js';

/** What begins before the page's own code has arrived. */
export interface EarlyStart extends FoundKey {
  /** Where a page of another port gets its key when the tab has none. */
  door: string | undefined;
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

export const SERVICE_WORKER_SCRIPT = '/__wingman/sw.js';

/** A tab of a browser that may know Trusted Types. */
interface TrustingTab {
  readonly location: { readonly origin: string };
  readonly trustedTypes?: {
    createPolicy(name: string, rules: { createScriptURL(url: string): string }): unknown;
  };
}

/**
 * Lets the shell start workers from our own origin, and nothing else: with no other rule, text becomes neither HTML
 * nor script (Trusted Types section 4.3, "default policy").
 */
export function trustOwnScripts({ location, trustedTypes }: TrustingTab): void {
  trustedTypes?.createPolicy('default', {
    createScriptURL: (url) => {
      if (new URL(url, location.origin).origin === location.origin) return url;
      throw new TypeError(`${url} is no script of this session`);
    },
  });
}

/** Starts what takes round trips: the tunnel worker's first flight and the service worker's registration. */
export function startEarly(boot: Boot, page: Document): EarlyStart {
  const found = { ...findKey(window), door: doorFor(boot.session, location) };
  const { serviceWorker } = navigator as { serviceWorker?: ServiceWorkerContainer };
  if (serviceWorker === undefined) return { ...found, tunnel: Promise.resolve(undefined) };
  const firstFlight = {
    prekey: boot.prekey === null ? null : (fromBase64Url(boot.prekey) ?? null),
    preload: isMarked(page, POSTED_MARK)
      ? null
      : navigationHead(location, navigator, referrerOf(window)),
  };
  // The worker's thread starts while the key is looked for.
  const worker = startWorker(page);
  const tunnel = found.key.then((key) => {
    if (key === null) {
      worker.terminate();
      return undefined;
    }
    register(serviceWorker);
    return startTunnel(worker, page, { ...boot, key }, firstFlight);
  });
  return { ...found, tunnel };
}

type FirstFlight = Pick<StartOptions, 'prekey' | 'preload'>;

function startTunnel(
  worker: Worker,
  page: Document,
  { key, linkGraceMs }: Pick<StartOptions, 'key' | 'linkGraceMs'>,
  firstFlight: FirstFlight,
): EarlyTunnel {
  const relayUrl = `${location.origin.replace(/^http/, 'ws')}/__wingman/relay`;
  const start = (starting: Worker, flight: FirstFlight): Worker => {
    const options = { key, relayUrl, linkGraceMs, cookies: readCookies(page), ...flight };
    starting.postMessage({ kind: 'start', options } satisfies ShellToWorker);
    return starting;
  };
  const messages: WorkerToShell[] = [];
  worker.onmessage = ({ data }: MessageEvent<WorkerToShell>) => messages.push(data);
  start(worker, firstFlight);
  const startAnother = (): Worker => start(startWorker(page), { prekey: null, preload: null });
  return { worker, messages, startAnother };
}

/** The shell registers the script again later, and looks at the outcome then. */
function register(serviceWorker: ServiceWorkerContainer): void {
  serviceWorker
    .register(SERVICE_WORKER_SCRIPT, { scope: '/', updateViaCache: 'none' })
    .catch(() => undefined);
}

/** Starts the worker from code that came with the page. A separate asset would cost a round trip. */
function startWorker(page: Document): Worker {
  const code = page.getElementById('wingman-worker')?.textContent ?? '';
  const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
  return new Worker(url, { name: 'wingman-tunnel' });
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
