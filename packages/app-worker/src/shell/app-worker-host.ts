import { deferred, within } from '@wingman/protocol';
import { APP_WORKER_LIMITS } from '../limits.js';
import type { FromPage, ToPage, ToShell, WorkerStart } from '../messages.js';

export { APP_CACHE_PREFIX } from '../caches.js';

/** Starts a worker at the URL of the app's script; the service worker answers with what can run it. */
const startWorker = (url: string): Worker => new Worker(url, { name: 'wingman-app' });

/** The answer to the only ask of a shell; a shell hears no messages of app workers. */
type Told = Exclude<ToPage, { kind: 'wingman-app-worker-message' }>;

/** Runs the app workers of this tab, each version in a dedicated worker of its own. */
export class AppWorkerHost {
  readonly #workers = new Map<string, { worker: Worker; isReady: Promise<boolean> }>();
  readonly #ended = deferred<true>();

  constructor(
    private readonly container: ServiceWorkerContainer,
    private readonly start: (url: string) => Worker = startWorker,
  ) {}

  /** Takes a message of the service worker; false when it isn't about app workers. */
  heard(event: MessageEvent<unknown>): boolean {
    const data = event.data as ToShell | Told | { kind: 'another' } | undefined;
    const [port] = event.ports;
    switch (data?.kind) {
      case 'wingman-app-worker-wanted':
        if (port !== undefined) void this.#connect(data.start, port);
        return true;
      case 'wingman-app-worker-over':
        this.#end(data.version);
        return true;
      case 'wingman-app-worker-state':
      case 'wingman-app-worker-refused':
        this.#ended.resolve(true);
        return true;
      default:
        return false;
    }
  }

  /**
   * Ends all versions, as the session is over; resolves when the service worker writes nothing of them
   * any more, or after a deadline.
   */
  async end(serviceWorker: Pick<ServiceWorker, 'postMessage'> | undefined): Promise<void> {
    for (const version of [...this.#workers.keys()]) this.#end(version);
    if (serviceWorker === undefined) return;
    const over: FromPage = { kind: 'app-worker-ask', id: 0, ask: { op: 'end' } };
    serviceWorker.postMessage(over);
    await within(this.#ended.promise, APP_WORKER_LIMITS.handOverMs);
  }

  async #connect(start: WorkerStart, port: MessagePort): Promise<void> {
    await this.#controlled();
    const known = this.#workers.get(start.version) ?? this.#start(start);
    this.#workers.set(start.version, known);
    if (await known.isReady) return known.worker.postMessage({ start }, [port]);
    this.#end(start.version);
    const message = 'The service worker could not be started.';
    port.postMessage({ kind: 'failed', refusal: { name: 'TypeError', message } });
  }

  #start({ scriptUrl }: WorkerStart): { worker: Worker; isReady: Promise<boolean> } {
    const worker = this.start(scriptUrl);
    const outcome = new Promise<boolean>((resolve) => {
      worker.onmessage = () => resolve(true);
      worker.onerror = () => resolve(false);
    });
    const isReady = within(outcome, APP_WORKER_LIMITS.startMs).then((is) => is === true);
    return { worker, isReady };
  }

  /** Resolves when a service worker controls this page: one that has just claimed it, perhaps. */
  async #controlled(): Promise<void> {
    if (this.container.controller !== null) return;
    const changed = new Promise((resolve) =>
      this.container.addEventListener('controllerchange', resolve, { once: true }),
    );
    await within(changed, APP_WORKER_LIMITS.handOverMs);
  }

  #end(version: string): void {
    this.#workers.get(version)?.worker.terminate();
    this.#workers.delete(version);
  }
}
