import { BoundedMap } from '@wingman/protocol';
import { APP_CACHE_PREFIX } from '../caches.js';
import { APP_WORKER_LIMITS } from '../limits.js';
import type { PageSnapshot } from '../messages.js';
import {
  snapshotOf,
  Version,
  workerSnapshot,
  type Registration,
  type SavedVersion,
} from './versions.js';

/** Who controls a client, and in which tab it lives. */
export interface Control {
  registration: string;
  tab: string;
}

type SavedRegistration = Pick<Registration, 'id' | 'scope' | 'updateViaCache'> & {
  waiting: SavedVersion | null;
  active: SavedVersion | null;
};

/** What outlives a service worker that is killed. */
export interface Saved {
  registrations: SavedRegistration[];
  controlled: [client: string, control: Control][];
}

/** Where the registrations are kept. */
export interface RegistryStore {
  read(): Promise<Saved | undefined>;
  write(saved: Saved): Promise<void>;
}

/** The app's registrations, and the clients that they control. */
export class Registry {
  readonly #store: RegistryStore;
  readonly #registrations = new Map<string, Registration>();
  readonly #controlled = new BoundedMap<string, Control>(APP_WORKER_LIMITS.maxControlled);
  #writing: Promise<void> = Promise.resolve();
  #isLoaded = false;
  /** Resolves when what was saved has been read. */
  readonly loaded: Promise<void>;

  constructor(
    store: RegistryStore,
    private readonly onChange: () => void,
  ) {
    this.#store = store;
    this.loaded = this.#load();
  }

  /** Whether what was saved has been read. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  get all(): Registration[] {
    return [...this.#registrations.values()];
  }

  byId(id: string): Registration | undefined {
    return this.#registrations.get(id);
  }

  byScope(scope: string): Registration | undefined {
    return this.all.find((each) => each.scope === scope && !each.isUnregistered);
  }

  ofVersion(version: string): Registration | undefined {
    return this.all.find(({ installing, waiting, active }) =>
      [installing, waiting, active].some((each) => each?.id === version),
    );
  }

  /** The registration for a document of this URL: the one with the longest scope. */
  match(url: string): Registration | undefined {
    const matching = this.all.filter(
      ({ scope, isUnregistered }) => !isUnregistered && url.startsWith(scope),
    );
    return matching.sort((a, b) => b.scope.length - a.scope.length)[0];
  }

  add(registration: Registration): void {
    this.#registrations.set(registration.id, registration);
  }

  /** Takes a registration out for good. */
  remove(registration: Registration): void {
    this.#registrations.delete(registration.id);
  }

  controllerOf(clientId: string): Registration | undefined {
    const control = this.#controlled.get(clientId);
    return control === undefined ? undefined : this.#registrations.get(control.registration);
  }

  /** In which tab a controlled client lives. */
  tabOf(clientId: string): string | undefined {
    return this.#controlled.get(clientId)?.tab;
  }

  control(clientId: string, { id }: Registration, tab: string): void {
    this.#controlled.set(clientId, { registration: id, tab });
    void this.save();
  }

  /** Clients of which a registration is the controller, among those that live. */
  controlledBy({ id }: Registration, living: ReadonlySet<string>): string[] {
    return [...living].filter((client) => this.#controlled.get(client)?.registration === id);
  }

  snapshotFor(clientId: string): PageSnapshot {
    return this.snapshots()(clientId);
  }

  /** What each client sees at this moment. The function may be called later. */
  snapshots(): (clientId: string) => PageSnapshot {
    const registrations = this.all
      .filter(({ isUnregistered }) => !isUnregistered)
      .map((each) => snapshotOf(each));
    const active = new Map(this.all.map((each) => [each.id, workerSnapshot(each.active)]));
    const controls = new Map(this.#controlled);
    return (clientId) => ({
      registrations,
      controller: active.get(controls.get(clientId)?.registration ?? '') ?? null,
    });
  }

  /** Call it when something that pages can see has changed. */
  changed(): void {
    void this.save();
    this.onChange();
  }

  /** Resolves when what is known now has been written. */
  save(): Promise<void> {
    const saved = this.#saved();
    this.#writing = this.#writing.then(() => this.#store.write(saved)).catch(() => undefined);
    return this.#writing;
  }

  #saved(): Saved {
    const lasting = this.all.filter(
      ({ waiting, active, isUnregistered }) => !isUnregistered && (waiting ?? active) !== null,
    );
    return {
      registrations: lasting.map(({ id, scope, updateViaCache, waiting, active }) => {
        const versions = { waiting: waiting?.saved() ?? null, active: active?.saved() ?? null };
        return { id, scope, updateViaCache, ...versions };
      }),
      controlled: [...this.#controlled],
    };
  }

  async #load(): Promise<void> {
    const saved = await this.#store.read().catch(() => undefined);
    for (const registration of saved?.registrations ?? []) this.add(restored(registration));
    for (const [client, control] of saved?.controlled ?? []) this.#controlled.set(client, control);
    this.#isLoaded = true;
  }
}

/** A version whose activation was cut off is active: browsers don't fire `activate` twice. */
function restored({ waiting, active, ...lasting }: SavedRegistration): Registration {
  const versions = {
    installing: null,
    waiting: waiting === null ? null : new Version(waiting),
    active: active === null ? null : new Version(active),
  };
  versions.active?.transition('activated');
  return { ...lasting, ...versions, isUnregistered: false, activation: undefined };
}

const CACHE_NAME = `${APP_CACHE_PREFIX}registrations`;
const KEY = '/__wingman/app-registrations';

/** Keeps the registrations in a cache: every browser has caches, and this one goes with the session's others. */
export function savedRegistry(caches: CacheStorage): RegistryStore {
  return {
    async read() {
      const response = await caches.match(KEY, { cacheName: CACHE_NAME });
      // Only `write` puts anything there.
      return (await response?.json()) as Saved | undefined;
    },
    async write(saved) {
      if (saved.registrations.length === 0) {
        await caches.delete(CACHE_NAME);
        return;
      }
      const cache = await caches.open(CACHE_NAME);
      await cache.put(KEY, new Response(JSON.stringify(saved)));
    },
  };
}

/** Whether the store has anything to read. */
export function hasSavedRegistry(caches: CacheStorage): Promise<boolean> {
  return caches.has(CACHE_NAME);
}
