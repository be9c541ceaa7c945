import { BoundedMap, isRedirect } from '@wingman/protocol';
import { APP_CACHE_PREFIX } from '../caches.js';
import { APP_WORKER_LIMITS } from '../limits.js';
import { APP_SCRIPT_PATH } from '../messages.js';
import type { Viewer } from './part.js';
import type { Version } from './versions.js';

const MAX_REDIRECTS = 20;

/** The parts of the viewer that the scripts need. */
export type ScriptTools = Pick<
  Viewer,
  'assets' | 'caches' | 'isolating' | 'origin' | 'ownRequest' | 'workerPrefix'
>;

const JAVASCRIPT = /^\s*(?:text|application)\/(?:x-)?(?:java|ecma|j|live)script\b/i;

/** The scripts of app workers: fetched through the tunnel, kept with their version. */
export class Scripts {
  readonly #expected = new BoundedMap<string, string>(APP_WORKER_LIMITS.maxRegistrations);

  readonly #store: ScriptStore;

  constructor(private readonly viewer: ScriptTools) {
    this.#store = new ScriptStore(viewer.caches);
  }

  /** The script for a registration, checked as browsers do (Service Workers, "Update" steps 11 to 15). */
  async fetchMain(scriptUrl: string, scope: string, tab: string): Promise<Response> {
    const response = await this.#get(scriptUrl, tab, 'serviceworker');
    const { status, headers } = response;
    const where = `Failed to register a ServiceWorker for scope ('${scope}') with script ('${scriptUrl}')`;
    if (status >= 300 && status < 400) {
      throw new DOMException(`${where}: The script is behind a redirect.`, 'SecurityError');
    }
    if (!response.ok) {
      throw new TypeError(`${where}: A bad HTTP response code (${status}) was received.`);
    }
    const type = headers.get('content-type') ?? '';
    if (!JAVASCRIPT.test(type)) {
      const message = `${where}: The script has an unsupported MIME type ('${type}').`;
      throw new DOMException(message, 'SecurityError');
    }
    if (!isAllowed(scriptUrl, scope, headers)) {
      const message = `${where}: The scope is not under the path that the script is allowed to control.`;
      throw new DOMException(message, 'SecurityError');
    }
    return keepable(response);
  }

  async keepMain({ id, scriptUrl }: Version, script: Response): Promise<void> {
    await this.#store.put(id, scriptUrl, script);
  }

  /** Whether the script and all that the version has imported are the same now, byte by byte. */
  async isSame({ id, scriptUrl }: Version, fresh: Response, tab: string): Promise<boolean> {
    const kept = await this.#store.get(id, scriptUrl);
    if (kept === undefined || !(await haveSameBytes(kept, fresh.clone()))) return false;
    for (const url of await this.#store.list(id)) {
      if (url === scriptUrl || new URL(url).origin !== this.viewer.origin) continue;
      const [old, now] = [await this.#store.get(id, url), await this.#fetchImport(url, tab)];
      if (old === undefined || (now.ok && !(await haveSameBytes(old, now)))) return false;
    }
    return true;
  }

  drop(version: Version): Promise<void> {
    return this.#store.drop(version);
  }

  /** A shell is going to start a worker from this URL: it gets the emulation, which imports the app's script. */
  expect(scriptUrl: string, tab: string): void {
    this.#expected.set(scriptUrl, tab);
  }

  /** The worker has been started, or never will be. */
  expectNoMore(scriptUrl: string): void {
    this.#expected.delete(scriptUrl);
  }

  /** The tab whose shell starts a worker by this request; undefined for other requests. */
  expectedFor({ url, destination, mode }: Request): string | undefined {
    const isStart = destination === 'worker' && mode === 'same-origin';
    return isStart ? this.#expected.get(url) : undefined;
  }

  /** The script that makes a worker look like a service worker; a network error when it can't be had. */
  async emulation(tab: string, isIsolated: boolean): Promise<Response> {
    const [shim, code] = await Promise.all([
      this.viewer.assets.shim(),
      this.viewer.assets.emulation(),
    ]);
    if (shim === undefined || code === undefined) return Response.error();
    const headers = {
      'content-type': 'text/javascript; charset=utf-8',
      ...(isIsolated ? this.viewer.isolating : {}),
    };
    return new Response(`${this.viewer.workerPrefix(shim, tab)}${code}`, { headers });
  }

  /** A script of a version that runs, as it was when the version was installed; undefined for other requests. */
  async serve({ url }: Request): Promise<Response | undefined> {
    const { pathname, searchParams } = new URL(url);
    const [version, tab, script] = ['version', 'tab', 'script'].map((name) =>
      searchParams.get(name),
    );
    if (pathname !== APP_SCRIPT_PATH || !version || !tab || !script) return undefined;
    const kept = await this.#store.get(version, script);
    if (kept !== undefined) return named(kept, script);
    const fetched = await this.#fetchImport(script, tab);
    if (fetched.ok || fetched.type === 'opaque') {
      await this.#store.put(version, script, fetched.clone());
    }
    return named(fetched, script);
  }

  /** A script that a version imports; redirects are followed, also to other origins. */
  async #fetchImport(script: string, tab: string): Promise<Response> {
    let at = script;
    for (let count = 0; count <= MAX_REDIRECTS; count += 1) {
      if (new URL(at).origin !== this.viewer.origin) return fetch(at, { mode: 'no-cors' });
      const response = await this.#get(at, tab, 'script');
      const location = response.headers.get('location');
      if (location === null || !isRedirect(response.status, location)) return keepable(response);
      at = new URL(location, at).href;
    }
    return Response.error();
  }

  /** Asks through the tab's tunnel as browsers ask for the scripts of service workers. */
  #get(url: string, tab: string, destination: string): Promise<Response> {
    const headers = { 'service-worker': 'script', 'cache-control': 'no-cache' };
    const signal = AbortSignal.timeout(APP_WORKER_LIMITS.startMs);
    return this.viewer.ownRequest(tab, url, { destination, headers, signal });
  }
}

/** Whether the scope lies in the script's directory, or in what its header says (Service Workers, "Update" step 15). */
function isAllowed(scriptUrl: string, scope: string, headers: Headers): boolean {
  const allowed = new URL(headers.get('service-worker-allowed') ?? './', scriptUrl);
  const { origin, pathname } = new URL(scope);
  return allowed.origin === origin && pathname.startsWith(allowed.pathname);
}

/** A script with its type and no other header: the others hold for one moment only. */
async function keepable(response: Response): Promise<Response> {
  const body = await response.arrayBuffer();
  if (body.byteLength > APP_WORKER_LIMITS.scriptBytes) {
    throw new TypeError('the script of the service worker is too large');
  }
  const type = response.headers.get('content-type') ?? '';
  return new Response(body, { status: response.status, headers: { 'content-type': type } });
}

/** A script that consoles and debuggers call by its own address. */
async function named(response: Response, url: string): Promise<Response> {
  if (!response.ok) return response;
  const body = await response.blob();
  return new Response(new Blob([body, `\n//# sourceURL=${url}\n`]), { headers: response.headers });
}

async function haveSameBytes(one: Response, other: Response): Promise<boolean> {
  const [left, right] = await Promise.all([one.arrayBuffer(), other.arrayBuffer()]);
  const [a, b] = [new Uint8Array(left), new Uint8Array(right)];
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** The scripts of each version, as they were when it was installed. */
class ScriptStore {
  constructor(private readonly caches: CacheStorage) {}

  async put(version: string, script: string, response: Response): Promise<void> {
    const cache = await this.caches.open(cacheOf(version));
    await cache.put(keyOf(script), response);
  }

  async get(version: string, script: string): Promise<Response | undefined> {
    return this.caches.match(keyOf(script), { cacheName: cacheOf(version) });
  }

  /** Addresses of all scripts that a version has been given. */
  async list(version: string): Promise<string[]> {
    if (!(await this.caches.has(cacheOf(version)))) return [];
    const keys = await (await this.caches.open(cacheOf(version))).keys();
    return keys.map(({ url }) => new URL(url).searchParams.get('script') ?? '');
  }

  async drop({ id }: Version): Promise<void> {
    await this.caches.delete(cacheOf(id));
  }
}

function cacheOf(version: string): string {
  return `${APP_CACHE_PREFIX}${version}`;
}

/** A reserved path: an app that looks into all caches doesn't find it. */
function keyOf(script: string): string {
  return `/__wingman/app-script?${new URLSearchParams({ script }).toString()}`;
}
