import type { RegistrationSnapshot, WorkerSnapshot, WorkerState } from '../messages.js';

/** One version of an app worker. */
export interface Version {
  readonly id: string;
  readonly scriptUrl: string;
  readonly type: WorkerType;
  readonly state: WorkerState;
  /** Known once the script has run. */
  handlesFetch: boolean;
  skipsWaiting: boolean;
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

const NEXT: Readonly<Record<WorkerState, readonly WorkerState[]>> = {
  parsed: ['installing', 'redundant'],
  installing: ['installed', 'redundant'],
  installed: ['activating', 'redundant'],
  activating: ['activated', 'redundant'],
  activated: ['redundant'],
  redundant: [],
};

/** The only way to change a version's state; a change that the table doesn't have is left undone. */
export function transition(version: Version, state: WorkerState): void {
  if (NEXT[version.state].includes(state)) Object.assign(version, { state });
}

export function newVersion(scriptUrl: string, type: WorkerType): Version {
  const id = crypto.randomUUID();
  return { id, scriptUrl, type, state: 'parsed', handlesFetch: false, skipsWaiting: false };
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
