/** The states of a service worker of the app (Service Workers, section 2.1). */
export type WorkerState =
  'parsed' | 'installing' | 'installed' | 'activating' | 'activated' | 'redundant';

/** One version of the app's worker, as pages and workers may see it. */
export interface WorkerSnapshot {
  id: string;
  scriptUrl: string;
  state: WorkerState;
}

/** A registration of the app, as pages and workers may see it. */
export interface RegistrationSnapshot {
  id: string;
  scope: string;
  updateViaCache: ServiceWorkerUpdateViaCache;
  installing: WorkerSnapshot | null;
  waiting: WorkerSnapshot | null;
  active: WorkerSnapshot | null;
}

/** What one document sees of the app's workers. */
export interface AppWorkerSnapshot {
  registrations: RegistrationSnapshot[];
  controller: WorkerSnapshot | null;
}

/** Under this name a document's shim finds the snapshot that the service worker has put before it. */
export const SNAPSHOT_NAME = 'wingmanAppWorker';

/** What can't be had from an emulated worker. */
export const NOT_SUPPORTED =
  'This app is shared with Wingman, which runs the app’s service worker itself: ' +
  'push messages, notifications and background sync are not available.';

/** What goes over a port in place of an exception. */
export interface Refusal {
  name: string;
  message: string;
}

export function toRefusal(error: unknown): Refusal {
  if (error instanceof Error || error instanceof DOMException) {
    return { name: error.name, message: error.message };
  }
  return { name: 'Error', message: String(error) };
}

/** The exception a refusal stands for: a TypeError, or a DOMException of that name. */
export function fromRefusal({ name, message }: Refusal): Error {
  return name === 'TypeError' ? new TypeError(message) : new DOMException(message, name);
}
