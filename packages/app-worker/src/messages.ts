import type { AppWorkerSnapshot, Refusal, RegistrationSnapshot, WorkerState } from './state.js';

/** Name (lower case) and value of one field line. */
export type HeaderPair = [name: string, value: string];

/** From a document of the app to the service worker. */
export type DocumentAsk =
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
  /** From a shell: the session is over, and nothing of the app's workers is to be kept. */
  | { op: 'end' };

/** From a document of the app, or a shell, to the service worker. */
export type FromPage =
  /** A question about the app's own service workers; the answer bears its number. */
  | { kind: 'app-worker'; id: number; ask: DocumentAsk }
  /** A message for a version of the app's own service worker. */
  | { kind: 'app-message'; worker: string; data: unknown; transfer: Transferable[] };

/** From the service worker to a document. */
export type ToDocument =
  /** A new state; `answers` names the ask that has led to it. */
  | { kind: 'wingman-app-worker'; snapshot: AppWorkerSnapshot; answers?: number; value?: unknown }
  | { kind: 'wingman-app-worker-refused'; answers: number; refusal: Refusal }
  /** A message of the app's worker to its client. */
  | { kind: 'wingman-app-message'; worker: string; data: unknown; transfer: Transferable[] };

/** From the service worker to a shell. */
export type ToWorkerHost =
  /** Run this version (or find it running), and connect it to the port that comes with this. */
  | { kind: 'wingman-app-worker-wanted'; start: WorkerStart }
  | { kind: 'wingman-app-worker-over'; version: string };

/** What a version of the app's worker is. */
export interface WorkerStart {
  version: string;
  scriptUrl: string;
  type: WorkerType;
  tab: string;
  registration: RegistrationSnapshot;
}

/** A client of the app as its worker sees it. */
export interface ClientInfo {
  id: string;
  url: string;
  type: ClientTypes;
  frameType: FrameType;
  visibilityState: DocumentVisibilityState;
  focused: boolean;
}

/** A request on its way to the app's worker: what its `Request` says. */
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

/** The head of a response between service worker and app's worker; its body follows on a port. */
export interface ResponseHead {
  status: number;
  statusText: string;
  headers: HeaderPair[];
}

/** From the service worker to the app's worker, on its port. */
export type ToAppWorker =
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

/** What the app's worker asks of the service worker. */
export type WorkerAsk =
  | { op: 'skip-waiting' }
  | { op: 'claim' }
  | { op: 'client'; id: string }
  | { op: 'clients'; type: ClientTypes; includeUncontrolled: boolean }
  | { op: 'focus'; id: string }
  | { op: 'navigate'; id: string; url: string }
  | { op: 'update' }
  | { op: 'unregister' }
  /** Send on the navigation of this fetch event as if there were no worker. */
  | { op: 'network'; event: number };

/** The answer to `network`. */
export type NetworkAnswer =
  | { kind: 'response'; head: ResponseHead; url: string; body: MessagePort | null }
  /** A redirect, to be fetched here without following it: what comes is one that nobody can look into. */
  | { kind: 'redirect'; url: string };

/** From the app's worker to the service worker. */
export type FromAppWorker =
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
  /** A response that nobody may look into lies in this cache. */
  | { kind: 'stored'; id: number; key: string }
  | { kind: 'error'; id: number };

/** Where the scripts of the app's worker are found once they are stored. */
export const APP_SCRIPT_PATH = '/__wingman/app-script';

/** Where the redirects of navigations are found by the app's worker that has asked for them. */
export const APP_REDIRECT_PATH = '/__wingman/app-redirect/';

/** The address of a stored script of a version. */
export function appScriptUrl(version: string, tab: string, script: string): string {
  return `${APP_SCRIPT_PATH}?${new URLSearchParams({ version, tab, script }).toString()}`;
}
