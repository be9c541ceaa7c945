import type { ToWorkerHost, WorkerStart } from '../messages.js';

export { APP_CACHE_PREFIX } from '../caches.js';
export type { ToDocument, ToWorkerHost } from '../messages.js';
import { APP_WORKER_LIMITS } from '../limits.js';
import { within } from '@wingman/protocol';

/** Runs the app's own service workers in this tab, each version in a worker of its own. */
export class AppWorkerHost {
  readonly #workers = new Map<string, { worker: Worker; isReady: Promise<boolean> }>();

  constructor(private readonly container: ServiceWorkerContainer) {}

  /** A service worker wants a version to run, or one that it has started to end. */
  heard(message: ToWorkerHost, port: MessagePort | undefined): void {
    if (message.kind === 'wingman-app-worker-over') return this.#end(message.version);
    if (port !== undefined) void this.#connect(message.start, port);
  }

  /** Ends all of them. */
  close(): void {
    for (const version of [...this.#workers.keys()]) this.#end(version);
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

  /** At the URL of the app's script; the service worker answers with what can run it. */
  #start({ scriptUrl }: WorkerStart): { worker: Worker; isReady: Promise<boolean> } {
    const worker = new Worker(scriptUrl, { name: 'wingman-app' });
    const outcome = new Promise<boolean>((resolve) => {
      worker.onmessage = () => resolve(true);
      worker.onerror = () => resolve(false);
    });
    const isReady = within(outcome, APP_WORKER_LIMITS.startMs).then((is) => is === true);
    return { worker, isReady };
  }

  /** The script has to come from the service worker: one that has just claimed this page, perhaps. */
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
