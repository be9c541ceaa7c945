import type { AppWorkerSnapshot, RegistrationSnapshot, WorkerSnapshot } from '../state.js';
import { PageRegistration, PageWorker, type Asker } from './worker.js';

const PLACES = ['installing', 'waiting', 'active'] as const;

/** The objects that stand for a snapshot; the same thing is always the same object. */
export class PageState {
  controller: PageWorker | null = null;
  readonly #workers = new Map<string, PageWorker>();
  readonly #registrations = new Map<string, PageRegistration>();

  constructor(private readonly asker: Asker) {}

  get registrations(): PageRegistration[] {
    return [...this.#registrations.values()];
  }

  byId(id: string): PageRegistration | undefined {
    return this.#registrations.get(id);
  }

  worker(id: string): PageWorker | null {
    return this.#workers.get(id) ?? null;
  }

  /** Takes a snapshot over; returns the events that tell of the difference, in their order. */
  apply(snapshot: AppWorkerSnapshot): (() => void)[] {
    const events: (() => void)[] = [];
    for (const each of snapshot.registrations) events.push(...this.#take(each));
    this.#drop(snapshot, events);
    const controller = this.#worker(snapshot.controller, events);
    if (controller !== this.controller) {
      this.controller = controller;
      events.push(() => this.onControllerChange());
    }
    return events;
  }

  onControllerChange: () => void = () => undefined;

  #take(snapshot: RegistrationSnapshot): (() => void)[] {
    const { id, scope, updateViaCache, installing } = snapshot;
    const registration = this.#registrations.get(id) ?? new PageRegistration(id, scope, this.asker);
    this.#registrations.set(id, registration);
    registration.updateViaCache = updateViaCache;
    const events: (() => void)[] = [];
    if (installing !== null && !this.#workers.has(installing.id)) {
      events.push(() => void registration.dispatchEvent(new Event('updatefound')));
    }
    for (const place of PLACES) registration[place] = this.#worker(snapshot[place], events);
    return events;
  }

  #worker(snapshot: WorkerSnapshot | null, events: (() => void)[]): PageWorker | null {
    if (snapshot === null) return null;
    const { id, state } = snapshot;
    const worker = this.#workers.get(id) ?? new PageWorker(snapshot, this.asker);
    this.#workers.set(id, worker);
    if (worker.state !== state) become(worker, state, events);
    return worker;
  }

  /** What isn't there any more is redundant. */
  #drop({ registrations, controller }: AppWorkerSnapshot, events: (() => void)[]): void {
    const living = registrations.flatMap((each) => PLACES.map((place) => each[place]?.id));
    for (const [id, worker] of this.#workers) {
      if (living.includes(id) || controller?.id === id) continue;
      this.#workers.delete(id);
      become(worker, 'redundant', events);
    }
    for (const [id, registration] of this.#registrations) {
      if (registrations.some((each) => each.id === id)) continue;
      this.#registrations.delete(id);
      if (registration.active !== this.controller) registration.active = null;
      Object.assign(registration, { installing: null, waiting: null });
    }
  }
}

function become(worker: PageWorker, state: PageWorker['state'], events: (() => void)[]): void {
  worker.state = state;
  events.push(() => void worker.dispatchEvent(new Event('statechange')));
}
