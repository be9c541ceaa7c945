import { CACHE_PREFIX } from '@wingman/protocol';
import { EMBEDDER_POLICY, restrictsEmbedding } from '@wingman/web-policy';
import { SHELL_KEY } from '../shared/shell-api.js';
import { fromDisk } from './from-disk.js';

const RECORD = '/__wingman/isolated';

/** Whether the shell is served cross-origin isolated, because the app is. The record outlives this service worker. */
export class Isolation {
  readonly #cacheName: string;
  #isOn: Promise<boolean> | undefined;

  constructor(
    version: string,
    private readonly caches: CacheStorage,
  ) {
    this.#cacheName = `${CACHE_PREFIX}${version}`;
  }

  /** False when the browser's disk does not say in time: an app that wants isolation asks for it again. */
  get isOn(): Promise<boolean> {
    this.#isOn ??= fromDisk(this.caches.match(RECORD, { cacheName: this.#cacheName })).then(
      (record) => record !== undefined,
    );
    return this.#isOn;
  }

  async turn(isOn: boolean): Promise<void> {
    this.#isOn = Promise.resolve(isOn);
    const cache = await this.caches.open(this.#cacheName);
    await (isOn ? cache.put(RECORD, new Response()) : cache.delete(RECORD));
  }
}

/**
 * An isolated page shows no frame whose document doesn't ask for it. A page of the app that doesn't has
 * its tab leave isolation; what can't be asked for again, or is no page of the app, is let in.
 */
export function inIsolatedTab(response: Response, method: string): Response {
  const { headers, status } = response;
  if (restrictsEmbedding(headers.get(EMBEDDER_POLICY) ?? '')) return response;
  const isPage = status !== 204 && status !== 205 && !headers.has('wingman-error');
  const isDownload = isAttachment(response);
  const isRedirect = headers.has('location');
  const leaves = method === 'GET' && isPage && !isDownload && !isRedirect;
  const shown = leaves ? leavingIsolation() : response;
  shown.headers.set(EMBEDDER_POLICY, 'require-corp');
  return shown;
}

/** A frame within the app stays empty: the browser refuses it on localhost, too. */
function leavingIsolation(): Response {
  const shell = `top[Symbol.for('${SHELL_KEY}')]`;
  const script = `if(parent===top)${shell}.isolate(false)`;
  return new Response(`<!doctype html><script>${script}</script>`, {
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
  });
}

/** Whether a browser saves this answer as a file (RFC 6266 section 4.2). */
export function isAttachment({ headers }: Response): boolean {
  return /^\s*attachment/i.test(headers.get('content-disposition') ?? '');
}
