import { APP_SCRIPT_PATH } from '../messages.js';
import { APP_WORKER_LIMITS } from '../limits.js';
import { BoundedMap } from '@wingman/protocol';
import type { ScriptStore } from './script-store.js';
import type { Version } from './versions.js';
import type { Viewer } from './viewer.js';

/** Fetches a script of the app through a tab's tunnel. */
export type FetchScript = (
  url: string,
  tab: string,
  destination: 'serviceworker' | 'script',
) => Promise<Response>;

const JAVASCRIPT = /^\s*(?:text|application)\/(?:x-)?(?:java|ecma|j|live)script\b/i;

/** The scripts of the app's workers: fetched through the tunnel, kept with their version. */
export class AppScripts {
  readonly #expected = new BoundedMap<string, string>(APP_WORKER_LIMITS.maxRegistrations);

  constructor(
    private readonly store: ScriptStore,
    private readonly fetchScript: FetchScript,
    private readonly viewer: Pick<Viewer, 'assets' | 'isolating' | 'workerPrefix'>,
  ) {}

  /** The script for a registration, checked as browsers do (Service Workers, "Update" steps 11 to 15). */
  async fetchMain(scriptUrl: string, scope: string, tab: string): Promise<Response> {
    const response = await this.fetchScript(scriptUrl, tab, 'serviceworker');
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
    await this.store.put(id, scriptUrl, script);
  }

  /** Whether neither the script nor one that the version has imported is different now. */
  async isSame({ id, scriptUrl }: Version, fresh: Response, tab: string): Promise<boolean> {
    const kept = await this.store.get(id, scriptUrl);
    if (kept === undefined || !(await haveSameBytes(kept, fresh.clone()))) return false;
    for (const url of await this.store.list(id)) {
      if (url === scriptUrl || new URL(url).origin !== self.location.origin) continue;
      const [old, now] = [
        await this.store.get(id, url),
        await this.fetchScript(url, tab, 'script'),
      ];
      if (old === undefined || (now.ok && !(await haveSameBytes(old, now)))) return false;
    }
    return true;
  }

  drop(version: Version): Promise<void> {
    return this.store.drop(version);
  }

  /** A shell is going to start a worker from this URL: it gets the emulation, which gets the app's script. */
  expect(scriptUrl: string, tab: string): void {
    this.#expected.set(scriptUrl, tab);
  }

  /** The worker is there. */
  expectNoMore(scriptUrl: string): void {
    this.#expected.delete(scriptUrl);
  }

  /** For which tab a worker's script is expected. */
  expectedFor({ url, destination, mode }: Request): string | undefined {
    const isStart = destination === 'worker' && mode === 'same-origin';
    return isStart ? this.#expected.get(url) : undefined;
  }

  /** What makes a worker one that can run the app's. */
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

  /** A script for a worker that runs: as it was when its version was installed. Undefined for other requests. */
  async serve({ url }: Request): Promise<Response | undefined> {
    const { pathname, searchParams } = new URL(url);
    const [version, tab, script] = ['version', 'tab', 'script'].map((name) =>
      searchParams.get(name),
    );
    if (pathname !== APP_SCRIPT_PATH || !version || !tab || !script) return undefined;
    const kept = await this.store.get(version, script);
    if (kept !== undefined) return named(kept, script);
    const fetched = await this.#fetchImport(script, tab);
    if (fetched.ok || fetched.type === 'opaque') {
      await this.store.put(version, script, fetched.clone());
    }
    return named(fetched, script);
  }

  async #fetchImport(script: string, tab: string): Promise<Response> {
    const isOwn = new URL(script).origin === self.location.origin;
    if (!isOwn) return fetch(script, { mode: 'no-cors' });
    return keepable(await this.fetchScript(script, tab, 'script'));
  }
}

/** Service Workers, "Update" step 15: the directory of the script, or what its header says. */
function isAllowed(scriptUrl: string, scope: string, headers: Headers): boolean {
  const allowed = new URL(headers.get('service-worker-allowed') ?? './', scriptUrl);
  const { origin, pathname } = new URL(scope);
  return allowed.origin === origin && pathname.startsWith(allowed.pathname);
}

/** Only what the script is: its other headers are of one moment. */
async function keepable(response: Response): Promise<Response> {
  const body = await response.arrayBuffer();
  if (body.byteLength > APP_WORKER_LIMITS.scriptBytes) {
    throw new TypeError('the script of the service worker is too large');
  }
  const type = response.headers.get('content-type') ?? '';
  return new Response(body, { status: response.status, headers: { 'content-type': type } });
}

/** Lets consoles and debuggers call it by its own address. */
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
