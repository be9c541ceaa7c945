import { fromBase64Url } from '@wingman/protocol';
import { ACCEPT_ENCODING, acceptLanguage } from '../shared/request-fields.js';
import type { Boot } from '../shared/boot.js';
import type { FetchHead, HeaderPair } from '../shared/exchange-messages.js';
import type { ShellToWorker, StartOptions, WorkerToShell } from '../shared/worker-messages.js';
import { parseFragment, readKey, storageOf } from './link-key.js';
import { referrerOf } from './first-page.js';
import { isMarked, POSTED_MARK } from '../shared/shell-api.js';
import { readCookies } from '../shared/page-cookies.js';

/** The tunnel worker, started before the page's own code has arrived, and what it has said meanwhile. */
export interface EarlyStart {
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

/**
 * Starts what takes round trips: the tunnel worker's first flight and the service worker's
 * registration. The result is undefined when this browser can't run them or the tab has no key.
 */
export function startEarly(boot: Boot, page: Document): EarlyStart | undefined {
  const storage = storageOf(window);
  const key = parseFragment(location.hash).key ?? readKey(storage);
  const { serviceWorker } = navigator as { serviceWorker?: ServiceWorkerContainer };
  if (key === null || serviceWorker === undefined) return undefined;
  const prekey = boot.prekey === null ? null : (fromBase64Url(boot.prekey) ?? null);
  const relayUrl = `${location.origin.replace(/^http/, 'ws')}/__wingman/relay`;
  const preload = isMarked(page, POSTED_MARK)
    ? null
    : navigationHead(location, navigator, referrerOf(window));
  const { linkGraceMs } = boot;
  const start = (flight: Pick<StartOptions, 'prekey' | 'preload'>): Worker => {
    const worker = startWorker(page);
    const options = { key, relayUrl, linkGraceMs, cookies: readCookies(page), ...flight };
    worker.postMessage({ kind: 'start', options } satisfies ShellToWorker);
    return worker;
  };
  const worker = start({ prekey, preload });
  const startAnother = (): Worker => start({ prekey: null, preload: null });
  const early: EarlyStart = { worker, messages: [], startAnother };
  worker.onmessage = ({ data }: MessageEvent<WorkerToShell>) => early.messages.push(data);
  // The shell registers the script again later, and looks at the outcome then.
  serviceWorker
    .register(SERVICE_WORKER_SCRIPT, { scope: '/', updateViaCache: 'none' })
    .catch(() => undefined);
  return early;
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
    target: page.pathname + page.search,
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
