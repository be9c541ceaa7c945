import { deferred } from '@wingman/protocol';
import { APP_WORKER_LIMITS } from '../limits.js';
import type { Scripts } from './scripts.js';
import type { Registry } from './registry.js';
import type { RunningWorkers } from './running-workers.js';
import {
  newRegistration,
  newVersion,
  newestOf,
  versionsOf,
  type Registration,
  type Version,
} from './versions.js';

/** What a page has asked to be registered. */
export interface Wish {
  scriptUrl: string;
  scope: string;
  type: WorkerType;
  updateViaCache: ServiceWorkerUpdateViaCache;
  tab: string;
}

/** The life of app workers: register, update, install, activate (Service Workers, section 8 "Algorithms"). */
export class Lifecycle {
  readonly #tabsWatched: WhileBusy;
  #jobs: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly registry: Registry,
    private readonly scripts: Scripts,
    private readonly workers: RunningWorkers,
    /** Ids of the clients that live. */
    private readonly livingClients: () => Promise<ReadonlySet<string>>,
    /** Ends what waits for tabs that are gone. */
    sweep: () => void,
  ) {
    // Each job waits for the one before it, so one that waits for a closed tab would hold up all others.
    this.#tabsWatched = new WhileBusy(sweep, APP_WORKER_LIMITS.sweepMs);
  }

  /** Resolves once the registration is there, and its new version, if there is one, has run. */
  register(wish: Wish): Promise<Registration> {
    return this.#job(async (settle) => {
      const existing = this.registry.byScope(wish.scope);
      const newest = existing && newestOf(existing);
      const { updateViaCache } = wish;
      if (existing && newest?.scriptUrl === wish.scriptUrl && newest.type === wish.type) {
        existing.updateViaCache = updateViaCache;
        return settle(existing);
      }
      if (
        existing === undefined &&
        this.registry.all.length >= APP_WORKER_LIMITS.maxRegistrations
      ) {
        throw new DOMException('too many service workers', 'QuotaExceededError');
      }
      const registration = existing ?? newRegistration(wish.scope);
      registration.updateViaCache = updateViaCache;
      await this.#install(registration, wish, settle);
    });
  }

  /** Looks for a new version. */
  update(registration: Registration, tab: string): Promise<Registration> {
    return this.#job(async (settle) => {
      const newest = newestOf(registration);
      if (newest === null || registration.isUnregistered) {
        throw new TypeError('the service worker is not registered any more');
      }
      const { scriptUrl, type } = newest;
      const { scope, updateViaCache } = registration;
      await this.#install(registration, { scriptUrl, type, scope, updateViaCache, tab }, settle);
    });
  }

  /** Clients that the registration controls keep it until they are gone; no other client gets it. */
  unregister(registration: Registration): Promise<boolean> {
    return this.#job(async (settle) => {
      registration.isUnregistered = true;
      for (const version of [registration.installing, registration.waiting]) {
        if (version !== null) this.#discard(version);
      }
      Object.assign(registration, { installing: null, waiting: null });
      this.registry.changed();
      settle(true);
      await this.sweep();
    });
  }

  /** Takes away what has been unregistered and controls nobody any more. */
  async sweep(): Promise<void> {
    const living = await this.livingClients();
    for (const registration of this.registry.all.filter((each) => each.isUnregistered)) {
      if (this.registry.controlledBy(registration, living).length > 0) continue;
      this.registry.remove(registration);
      versionsOf(registration).forEach((version) => this.#discard(version));
      this.registry.changed();
    }
  }

  /** Removes everything, because the session is over. Jobs under way write nothing any more. */
  async end(): Promise<void> {
    for (const registration of this.registry.all) {
      this.registry.remove(registration);
      versionsOf(registration).forEach((version) => this.#discard(version));
      Object.assign(registration, { installing: null, waiting: null, isUnregistered: true });
    }
    await this.registry.save();
  }

  /** Activates the waiting version if it may take over by now (Service Workers, "Try Activate"). */
  async tryActivate(registration: Registration, tab: string): Promise<void> {
    const { active, waiting } = registration;
    if (waiting === null || active?.state === 'activating') return;
    if (active !== null && !waiting.skipsWaiting) {
      const living = await this.livingClients();
      if (this.registry.controlledBy(registration, living).length > 0) return;
      if (registration.waiting !== waiting) return;
    }
    registration.waiting = null;
    registration.active = waiting;
    registration.activation = this.#tabsWatched.during(this.#activate(registration, waiting, tab));
    if (active !== null) this.#discard(active);
    this.registry.changed();
    await registration.activation;
    await this.tryActivate(registration, tab);
  }

  async #activate(registration: Registration, version: Version, tab: string): Promise<void> {
    version.transition('activating');
    try {
      const running = await this.workers.get(version, registration, tab);
      await running.lifecycle('activate');
    } catch {
      // A version is active also when its `activate` event fails.
    }
    version.transition('activated');
    registration.activation = undefined;
    this.registry.changed();
  }

  async #install(
    registration: Registration,
    { scriptUrl, scope, type, tab }: Wish,
    settle: (registration: Registration) => void,
  ): Promise<void> {
    const script = await this.scripts.fetchMain(scriptUrl, scope, tab);
    const newest = newestOf(registration);
    const isKnown = newest?.scriptUrl === scriptUrl && newest.type === type;
    if (isKnown && (await this.scripts.isSame(newest, script, tab))) return settle(registration);
    const version = newVersion(scriptUrl, type);
    await this.scripts.keepMain(version, script);
    registration.installing = version;
    version.transition('installing');
    try {
      const running = await this.workers.get(version, registration, tab);
      version.handlesFetch = await running.loaded;
    } catch (error) {
      registration.installing = null;
      this.#discard(version);
      const why = error instanceof Error ? error.message : String(error);
      const message = `Failed to register a ServiceWorker: its script could not be run: ${why}`;
      throw new TypeError(message, { cause: error });
    }
    this.registry.add(registration);
    settle(registration);
    this.registry.changed();
    await this.#finishInstall(registration, version, tab);
  }

  async #finishInstall(registration: Registration, version: Version, tab: string): Promise<void> {
    const isOk = await this.workers.get(version, registration, tab).then(
      (running) => running.lifecycle('install'),
      // The tab is gone.
      () => false,
    );
    if (registration.installing !== version) return;
    registration.installing = null;
    if (isOk) {
      if (registration.waiting !== null) this.#discard(registration.waiting);
      registration.waiting = version;
      version.transition('installed');
    } else {
      this.#discard(version);
      if (newestOf(registration) === null) this.registry.remove(registration);
    }
    this.registry.changed();
    // The job is over: the next one doesn't wait for the activation.
    void this.tryActivate(registration, tab);
  }

  #discard(version: Version): void {
    version.transition('redundant');
    void this.workers.retire(version).then(() => this.scripts.drop(version));
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#jobs;
    for (const { activation } of this.registry.all) await activation;
  }

  /** Runs jobs one after another; a job may go on after its outcome is known. */
  #job<T>(run: (settle: (value: T) => void) => Promise<void>): Promise<T> {
    const outcome = deferred<T>();
    const job = this.#jobs.then(() =>
      this.#tabsWatched.during(run((value) => outcome.resolve(value))),
    );
    this.#jobs = job.catch((error: unknown) => outcome.reject(error));
    return outcome.promise;
  }
}

/** Repeats an action for as long as any work is under way. */
class WhileBusy {
  #count = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly act: () => void,
    private readonly everyMs: number,
  ) {}

  /** Settles as the work does. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#count += 1;
    this.#timer ??= setInterval(this.act, this.everyMs);
    try {
      return await work;
    } finally {
      this.#count -= 1;
      if (this.#count === 0) {
        clearInterval(this.#timer);
        this.#timer = undefined;
      }
    }
  }
}
