import { runEmulation } from '../../src/emulation/emulation.js';
import { APP_SCRIPT_PATH } from '../../src/messages.js';
import type { AppWorkers } from '../../src/service-worker/app-workers.js';
import { cacheStorageClass, type Kept } from './fake-caches.js';

/** What workers have around them: the browser, our service worker and the app's server. */
interface Surroundings {
  readonly origin: string;
  readonly kept: Kept;
  readonly door: AppWorkers;
  readonly imported: string[];
  readonly preludes: string[];
  readonly refusesWorkers: boolean;
  network(request: Request): Promise<Response>;
  textOf(script: string, version: string): string;
}

/** What a test sees of a global scope, besides what the app's script does there. */
export type ScopeOfTest = FakeScope & Record<string, unknown>;

/** The global scope of a dedicated worker, in which the real emulation runs the app's script. */
export class FakeScope extends EventTarget {
  readonly location: URL;
  readonly CacheStorage: new () => CacheStorage;
  readonly caches: CacheStorage;
  /** What dedicated workers have, and service workers don't. */
  readonly DedicatedWorkerGlobalScope = class {};
  readonly XMLHttpRequest = class {};
  readonly Worker = class {};
  readonly close = (): void => undefined;
  #fromShell: ((event: unknown) => void) | undefined;

  constructor(
    private readonly world: Surroundings,
    url: string,
    readonly postMessage: (message: unknown) => void,
  ) {
    super();
    this.location = new URL(url);
    this.CacheStorage = cacheStorageClass(world.origin, world.kept);
    this.caches = new this.CacheStorage();
  }

  /** The first listener for messages is the emulation's; a message of the browser's own is trusted, and a test's is not. */
  override addEventListener(type: string, listener: EventListener): void {
    if (type !== 'message' || this.#fromShell !== undefined) {
      return super.addEventListener(type, listener);
    }
    this.#fromShell = listener as (event: unknown) => void;
  }

  tell(data: unknown, ports: MessagePort[], isTrusted = true): void {
    this.#fromShell?.({ data, ports, isTrusted, stopImmediatePropagation: () => undefined });
  }

  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    return this.world.network(new Request(input, init));
  }

  /** Runs the text that the version has been given, or that the app's server has now, which is the same at a first time. */
  importScripts(url: string): void {
    const { pathname, searchParams } = new URL(url, this.location);
    if (pathname !== APP_SCRIPT_PATH) throw new Error(`not a script of a version: ${url}`);
    const script = searchParams.get('script') ?? '';
    this.world.imported.push(script);
    const text = this.world.textOf(script, searchParams.get('version') ?? '');
    void this.world.door.asset(new Request(new URL(url, this.location)));
    // The app's script, as the browser would run it: with the scope's names as its globals.
    // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call -- a test's own text
    new Function('self', `with (self) {\n${text}\n}`)(this);
  }
}

/** A dedicated worker: its first script comes from the service worker, or it fails. */
export class FakeWorker {
  onmessage: (() => void) | null = null;
  onerror: (() => void) | null = null;
  isTerminated = false;
  scope: ScopeOfTest | undefined;
  readonly #ports: MessagePort[] = [];

  constructor(
    private readonly world: Surroundings,
    readonly url: string,
    readonly tab: string,
  ) {
    void this.#run();
  }

  postMessage(data: unknown, ports: MessagePort[]): void {
    this.#ports.push(...ports);
    this.scope?.tell(data, ports);
  }

  /** Its thread is busy for ever. */
  hang(): void {
    for (const port of this.#ports) port.onmessage = null;
  }

  terminate(): void {
    this.isTerminated = true;
    this.#ports.forEach((port) => port.close());
  }

  async #run(): Promise<void> {
    const request = requestOf(this.url, { mode: 'same-origin', destination: 'worker' });
    const client = `worker-${this.url}-${this.tab}`;
    const response = await this.world.door.emulation({ request, resultingClientId: client });
    if (response?.ok !== true || this.world.refusesWorkers) return this.onerror?.();
    this.world.preludes.push(await response.text());
    const scope = new FakeScope(this.world, this.url, () => this.onmessage?.());
    // An object that has whatever the app's script puts there.
    this.scope = scope as ScopeOfTest;
    runEmulation(scope);
  }
}

/** A Request that says what only the browser's own can say. */
export function requestOf(
  url: string,
  { mode = 'cors', destination = '', ...init }: RequestInit & { destination?: string } = {},
): Request {
  return Object.defineProperties(new Request(url, init), {
    mode: { value: mode },
    destination: { value: destination },
  });
}
