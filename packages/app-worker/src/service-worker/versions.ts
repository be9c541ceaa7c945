import { StateMachine, type TransitionTable } from '@wingman/protocol';
import type { RegistrationSnapshot, WorkerSnapshot, WorkerState } from '../messages.js';

const TRANSITIONS: TransitionTable<WorkerState> = {
  parsed: ['installing', 'redundant'],
  installing: ['installed', 'redundant'],
  installed: ['activating', 'redundant'],
  activating: ['activated', 'redundant'],
  activated: ['redundant'],
  redundant: [],
};

/** What of a version outlives a service worker that is killed. */
export interface SavedVersion {
  readonly id: string;
  readonly scriptUrl: string;
  readonly type: WorkerType;
  readonly state: WorkerState;
  readonly handlesFetch: boolean;
  readonly skipsWaiting: boolean;
}

/** One version of an app worker. */
export class Version {
  readonly id: string;
  readonly scriptUrl: string;
  readonly type: WorkerType;
  /** Known once the script has run. */
  handlesFetch: boolean;
  skipsWaiting: boolean;
  readonly #machine: StateMachine<WorkerState>;

  constructor({ id, scriptUrl, type, state, handlesFetch, skipsWaiting }: SavedVersion) {
    this.id = id;
    this.scriptUrl = scriptUrl;
    this.type = type;
    this.handlesFetch = handlesFetch;
    this.skipsWaiting = skipsWaiting;
    this.#machine = new StateMachine(TRANSITIONS, state);
  }

  get state(): WorkerState {
    return this.#machine.state;
  }

  /** A change that the table doesn't have is left undone. */
  transition(state: WorkerState): void {
    this.#machine.transition(state);
  }

  saved(): SavedVersion {
    const { id, scriptUrl, type, state, handlesFetch, skipsWaiting } = this;
    return { id, scriptUrl, type, state, handlesFetch, skipsWaiting };
  }
}

/** A registration of the app: which versions serve a scope. */
export interface Registration {
  readonly id: string;
  readonly scope: string;
  updateViaCache: ServiceWorkerUpdateViaCache;
  installing: Version | null;
  waiting: Version | null;
  active: Version | null;
  /** The clients that it controls keep it; no other client gets it. */
  isUnregistered: boolean;
  /** Requests wait until the active version has dealt with its `activate` event. */
  activation: Promise<void> | undefined;
}

export function newVersion(scriptUrl: string, type: WorkerType): Version {
  const id = crypto.randomUUID();
  const fresh = { state: 'parsed', handlesFetch: false, skipsWaiting: false } as const;
  return new Version({ id, scriptUrl, type, ...fresh });
}

export function newRegistration(scope: string): Registration {
  return {
    ...{ id: crypto.randomUUID(), scope, updateViaCache: 'imports' },
    ...{ installing: null, waiting: null, active: null },
    ...{ isUnregistered: false, activation: undefined },
  };
}

/** The version that a new script is compared with. */
export function newestOf({ installing, waiting, active }: Registration): Version | null {
  return installing ?? waiting ?? active;
}

export function versionsOf({ installing, waiting, active }: Registration): Version[] {
  return [installing, waiting, active].filter((version) => version !== null);
}

export function snapshotOf(registration: Registration): RegistrationSnapshot {
  const { id, scope, updateViaCache, installing, waiting, active } = registration;
  return {
    ...{ id, scope, updateViaCache },
    installing: workerSnapshot(installing),
    waiting: workerSnapshot(waiting),
    active: workerSnapshot(active),
  };
}

export function workerSnapshot(version: Version | null): WorkerSnapshot | null {
  if (version === null) return null;
  const { id, scriptUrl, state } = version;
  return { id, scriptUrl, state };
}
