import { within } from '@wingman/protocol';
import { APP_WORKER_LIMITS } from '../limits.js';
import type { ToShell, WorkerAsk } from '../messages.js';
import type { Scripts } from './scripts.js';
import type { Tab } from './part.js';
import { RunningWorker, type WorkerTools } from './running-worker.js';
import { snapshotOf, type Registration, type Version } from './versions.js';

/** What running workers need of the service worker. */
export interface WorkerWorld {
  /** The shell of a tab; undefined when there is none. */
  shellOf(tab: string): Promise<Pick<Tab, 'clientId'> | undefined>;
  toShell(clientId: string, message: ToShell, transfer: Transferable[]): Promise<void>;
  ask(ask: Exclude<WorkerAsk, { op: 'network' }>, version: Version, tab: string): Promise<unknown>;
  viewer: WorkerTools;
  keepRedirect(response: Response): string;
  toClient(client: string, version: Version, data: unknown, transfer: Transferable[]): void;
}

interface Running {
  version: Version;
  tab: string;
  worker: RunningWorker;
  /** Resolves when the script has run. */
  started: Promise<RunningWorker>;
}

/** The versions that run, by tab. A version is started when it is first wanted in a tab. */
export class RunningWorkers {
  readonly #running = new Map<string, Running>();

  constructor(
    private readonly scripts: Pick<Scripts, 'expect' | 'expectNoMore'>,
    private readonly world: WorkerWorld,
  ) {}

  /** Resolves when the script has run; rejects with the reason when it has failed. */
  get(version: Version, registration: Registration, tab: string): Promise<RunningWorker> {
    const key = `${version.id} ${tab}`;
    const known = this.#running.get(key);
    if (known !== undefined) return known.started;
    const { port1, port2 } = new MessageChannel();
    const worker = this.#connected(port1, version, tab);
    const started = this.#start(worker, port2, { version, registration, tab });
    this.#running.set(key, { version, tab, worker, started });
    const forget = (): void => {
      if (this.#running.get(key)?.started === started) this.#running.delete(key);
    };
    started.catch(() => setTimeout(forget, APP_WORKER_LIMITS.retryMs));
    return started;
  }

  /** Tells the versions that run what has become of their registration. */
  follow(registrations: readonly Registration[]): void {
    for (const { version, started } of this.#running.values()) {
      const own = registrations.find(({ installing, waiting, active }) =>
        [installing, waiting, active].includes(version),
      );
      if (own === undefined) continue;
      const snapshot = snapshotOf(own);
      const { state } = version;
      started.then(
        (running) => running.follow(snapshot, state),
        () => undefined,
      );
    }
  }

  /** Ends a version in all tabs, once it has answered what it was asked, or after a deadline. */
  async retire(version: Version): Promise<void> {
    const ending = [...this.#running].filter(([, running]) => running.version === version);
    await Promise.all(
      ending.map(async ([, { started, tab }]) => {
        const running = await started.catch(() => undefined);
        if (running !== undefined) await within(running.idle(), APP_WORKER_LIMITS.retireMs);
        await this.#end(version, tab);
      }),
    );
  }

  async #end(version: Version, tab: string): Promise<void> {
    const key = `${version.id} ${tab}`;
    this.#running.get(key)?.worker.end();
    this.#running.delete(key);
    await this.#tellOver(version, tab);
  }

  /** Ends the versions that run, or are starting, in tabs that are gone. */
  async sweep(): Promise<void> {
    for (const [key, { tab, worker }] of [...this.#running]) {
      if ((await this.world.shellOf(tab)) !== undefined) continue;
      this.#running.delete(key);
      worker.end();
    }
  }

  #connected(port: MessagePort, version: Version, tab: string): RunningWorker {
    return new RunningWorker(port, {
      ask: (ask) => this.world.ask(ask, version, tab),
      hangs: () => void this.#end(version, tab),
      viewer: this.world.viewer,
      keepRedirect: (response) => this.world.keepRedirect(response),
      toClient: (client, data, transfer) => this.world.toClient(client, version, data, transfer),
    });
  }

  async #start(
    worker: RunningWorker,
    port: MessagePort,
    { version, registration, tab }: { version: Version; registration: Registration; tab: string },
  ): Promise<RunningWorker> {
    const { scriptUrl, type, id } = version;
    const start = { version: id, scriptUrl, type, tab, registration: snapshotOf(registration) };
    const wanted: ToShell = { kind: 'wingman-app-worker-wanted', start };
    try {
      const shell = await this.world.shellOf(tab);
      if (shell === undefined) throw new TypeError('no tab can run the service worker');
      this.scripts.expect(scriptUrl, tab);
      await this.world.toShell(shell.clientId, wanted, [port]);
      const outcome = await within(worker.loaded, APP_WORKER_LIMITS.startMs);
      if (outcome === undefined) throw new TypeError('the service worker did not start in time');
      return worker;
    } catch (error) {
      worker.end();
      await this.#tellOver(version, tab);
      throw error;
    } finally {
      this.scripts.expectNoMore(scriptUrl);
    }
  }

  async #tellOver(version: Version, tab: string): Promise<void> {
    const shell = await this.world.shellOf(tab);
    const over: ToShell = { kind: 'wingman-app-worker-over', version: version.id };
    if (shell !== undefined) await this.world.toShell(shell.clientId, over, []);
  }
}
