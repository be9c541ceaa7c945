import type { FromPage } from '../messages.js';

/** The parts of the viewer's service worker that the app worker's part needs. */
export interface Viewer {
  readonly clients: Clients;
  readonly caches: CacheStorage;
  /** The session's. */
  readonly origin: string;
  readonly directory: Directory;
  /** Documents in frames of the app's own, by their client ids. */
  readonly innerDocuments: { get(clientId: string): true | undefined };
  /** Ends what goes through tabs that are gone. */
  readonly exchanges: { sweep(): Promise<void> };
  readonly assets: ViewerAssets;
  readonly ownRequest: OwnRequest;
  /** Reads a request's body whole, for the app worker and for the network after it; null when there is none. */
  keepBody(request: Request): Promise<Blob | null>;
  /** A header field that the shim puts on requests, and that the app is not to see. */
  readonly requestIdHeader: string;
  /** What runs the shim at the beginning of a worker's script. */
  workerPrefix(shim: string, tab: string): string;
  /** Header fields of what a cross-origin isolated tab may load. */
  readonly isolating: Readonly<Record<string, string>>;
}

/** The tunnel's own scripts, as text; undefined when one can't be had. */
interface ViewerAssets {
  shim(): Promise<string | undefined>;
  /** The bundle of `@wingman/app-worker/emulation`. */
  emulation(): Promise<string | undefined>;
  /** The bundle of `@wingman/app-worker/service-worker/late-part`. */
  appWorkersPart(): Promise<string | undefined>;
}

/** Sends a GET of the service worker's own through a tab's tunnel; a redirect is not followed. */
export type OwnRequest = (
  tab: string,
  url: string,
  init: { destination: string; headers: Record<string, string>; signal: AbortSignal },
) => Promise<Response>;

/** A tab of the session. */
export interface Tab {
  readonly tab: string;
  /** Of its shell. */
  readonly clientId: string;
  /** The way into its tunnel; null when it has none. */
  readonly port: object | null;
  /** Its documents have to ask for cross-origin isolation. */
  readonly isIsolated: boolean;
}

/** What is known about the sender of a request. */
export interface Requester {
  clientId: string;
  resultingClientId: string;
  url: string;
  isFrameNavigation: boolean;
}

/** Finds the tabs of the session. */
interface Directory {
  /** The tab that a request belongs to; undefined when none answers in time. */
  find(requester: Requester): Promise<Tab | undefined>;
  /** Undefined when it is gone. */
  ofTab(tab: string): Promise<Tab | undefined>;
  /** This client lives in this tab. */
  own(clientId: string, tab: string): void;
}

/** How a request goes past the app worker. */
export interface AnswerOptions {
  /** The request may not be shown to the app worker. */
  isPosted: boolean;
  network: () => Promise<Response>;
  /** Aborted when the page gives the request up. */
  signal: AbortSignal;
}

/** The app worker's response, and the tab in which it ran. */
export interface Answer {
  response: Response;
  tab: string;
}

/** What the late part of the service worker does. */
export interface Part {
  /** Whether an app worker may have to be asked. The answer is needed at once. */
  concerns(event: FetchEvent): boolean;
  /** The app worker's response; undefined when it leaves the request to the network, or there is none. */
  answer(event: FetchEvent, options: AnswerOptions): Promise<Answer | undefined>;
  /** A script of a version, or a redirect that was kept for it; undefined for other requests. */
  asset(request: Request): Promise<Response | undefined>;
  /** The script of a worker that a shell starts for the app worker; undefined for other requests. */
  emulation(event: Started): Promise<Response> | undefined;
  /** The shim, after the snapshot that its document needs at once. */
  withSnapshot(shim: Response, clientId: string): Promise<Response>;
  /** A page asks for something, or has a message for a version. */
  heard(client: Client, message: FromPage): Promise<void>;
  /** Ends what belonged to closed tabs. */
  sweep(): Promise<void>;
}

export type Started = Pick<FetchEvent, 'request' | 'resultingClientId'>;

export type MakePart = (viewer: Viewer) => Part;

/** Replaced by scripts/bundle.mjs. */
declare const WINGMAN_VERSION: string;

/** The late part's script leaves its MakePart under this name; that of another version is not taken. */
export const partName = (): string => `wingmanAppWorkersPart ${WINGMAN_VERSION}`;
