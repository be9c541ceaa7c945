/** Name (lower case) and value of one field line. */
type HeaderPair = [name: string, value: string];

/** The states of a version (Service Workers, section 2.1). */
export type WorkerState =
  'parsed' | 'installing' | 'installed' | 'activating' | 'activated' | 'redundant';

/** One version, as pages and workers may see it. */
export interface WorkerSnapshot {
  id: string;
  scriptUrl: string;
  state: WorkerState;
}

/** A registration, as pages and workers may see it. */
export interface RegistrationSnapshot {
  id: string;
  scope: string;
  updateViaCache: ServiceWorkerUpdateViaCache;
  installing: WorkerSnapshot | null;
  waiting: WorkerSnapshot | null;
  active: WorkerSnapshot | null;
}

/** What one page sees of the app worker. */
export interface PageSnapshot {
  registrations: RegistrationSnapshot[];
  controller: WorkerSnapshot | null;
}

/** The service worker puts a page's snapshot before its shim, under this name. */
export const SNAPSHOT_NAME = 'wingmanAppWorker';

/** What a page asks of the service worker. */
export type PageAsk =
  | {
      op: 'register';
      scriptUrl: string;
      /** Null for the script's own directory. */
      scope: string | null;
      type: WorkerType;
      updateViaCache: ServiceWorkerUpdateViaCache;
    }
  | { op: 'update'; registration: string }
  | { op: 'unregister'; registration: string }
  | { op: 'snapshot' }
  /** From a shell: the session is over, and nothing of the app worker is to be kept. */
  | { op: 'end' };

/** From a page to the service worker. */
export type FromPage =
  /** The answer bears the same number. */
  | { kind: 'app-worker-ask'; id: number; ask: PageAsk }
  /** `worker.postMessage()` of a page. */
  | { kind: 'app-worker-message'; worker: string; data: unknown; transfer: Transferable[] };

/** From the service worker to a page. */
export type ToPage =
  /** A new state; `answers` names the ask that has led to it. */
  | { kind: 'wingman-app-worker-state'; snapshot: PageSnapshot; answers?: number; value?: unknown }
  | { kind: 'wingman-app-worker-refused'; answers: number; refusal: Refusal }
  /** `client.postMessage()` of the app worker. */
  | { kind: 'wingman-app-worker-message'; worker: string; data: unknown; transfer: Transferable[] };

/** From the service worker to a shell. */
export type ToShell =
  /** Run this version, or find it running, and connect it to the port that comes with this. */
  | { kind: 'wingman-app-worker-wanted'; start: WorkerStart }
  | { kind: 'wingman-app-worker-over'; version: string };

/** The version that a shell runs, and what it has to know at its start. */
export interface WorkerStart {
  version: string;
  scriptUrl: string;
  type: WorkerType;
  tab: string;
  registration: RegistrationSnapshot;
}

/** A client of the app, as the app worker sees it. */
export interface ClientInfo {
  id: string;
  url: string;
  type: ClientTypes;
  frameType: FrameType;
  visibilityState: DocumentVisibilityState;
  focused: boolean;
}

/** What the `Request` of a fetch event says. */
export interface RequestInfoParts {
  url: string;
  method: string;
  headers: HeaderPair[];
  mode: RequestMode;
  credentials: RequestCredentials;
  cache: RequestCache;
  redirect: RequestRedirect;
  referrer: string;
  referrerPolicy: ReferrerPolicy;
  integrity: string;
  keepalive: boolean;
  destination: RequestDestination;
}

/** The head of a response; the body follows on a port of its own. */
interface ResponseHead {
  status: number;
  statusText: string;
  headers: HeaderPair[];
}

/** From the service worker to the emulation, on the port of one version. */
export type ToEmulation =
  | { kind: 'lifecycle'; id: number; type: 'install' | 'activate' }
  | {
      kind: 'fetch';
      id: number;
      request: RequestInfoParts;
      body: Blob | null;
      clientId: string;
      resultingClientId: string;
    }
  /** The page has given up its request. */
  | { kind: 'abort'; id: number }
  | { kind: 'message'; data: unknown; source: ClientInfo; transfer: Transferable[] }
  | { kind: 'state'; registration: RegistrationSnapshot; own: WorkerState }
  | { kind: 'told'; id: number; value: unknown }
  | { kind: 'refused'; id: number; refusal: Refusal };

/** What the app worker asks of the service worker. */
export type WorkerAsk =
  | { op: 'skip-waiting' }
  | { op: 'claim' }
  | { op: 'client'; id: string }
  | { op: 'clients'; type: ClientTypes; includeUncontrolled: boolean }
  | { op: 'focus'; id: string }
  | { op: 'navigate'; id: string; url: string }
  | { op: 'update' }
  | { op: 'unregister' }
  /** Send on the navigation of this fetch event as if there were no app worker. */
  | { op: 'network'; event: number };

/** The answer to `network`. */
export type NetworkAnswer =
  | { kind: 'response'; head: ResponseHead; url: string; body: MessagePort | null }
  /** The address of a redirect. A fetch that doesn't follow it gives an opaque redirect. */
  | { kind: 'redirect'; url: string };

/** From the emulation to the service worker. */
export type FromEmulation =
  | { kind: 'loaded'; handlesFetch: boolean }
  | { kind: 'failed'; refusal: Refusal }
  | { kind: 'done'; id: number; isOk: boolean }
  | { kind: 'ask'; id: number; ask: WorkerAsk }
  /** The handlers of a fetch event have returned, and an answer will come. */
  | { kind: 'taken'; id: number }
  | { kind: 'client-message'; client: string; data: unknown; transfer: Transferable[] }
  | FetchAnswer;

/** How a fetch event ended. */
export type FetchAnswer =
  | { kind: 'unhandled'; id: number }
  | { kind: 'answer'; id: number; head: ResponseHead; body: MessagePort | null }
  /** An opaque response lies in the handover cache under this key. */
  | { kind: 'stored'; id: number; key: string }
  | { kind: 'error'; id: number };

/** The emulation finds the scripts of a version here. */
export const APP_SCRIPT_PATH = '/__wingman/app-script';

/** The emulation finds the redirects of the navigations that it has asked for here. */
export const APP_REDIRECT_PATH = '/__wingman/app-redirect/';

/** The address of a script of a version. */
export function appScriptUrl(version: string, tab: string, script: string): string {
  return `${APP_SCRIPT_PATH}?${new URLSearchParams({ version, tab, script }).toString()}`;
}

/** Why some parts of the standard are not available. */
export const NOT_SUPPORTED =
  'This app is shared with Wingman, which runs the app’s service worker itself: ' +
  'push messages, notifications and background sync are not available.';

/** An exception on its way over a port. */
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

/** The exception behind a refusal: a TypeError, or a DOMException of that name. */
export function fromRefusal({ name, message }: Refusal): Error {
  return name === 'TypeError' ? new TypeError(message) : new DOMException(message, name);
}
