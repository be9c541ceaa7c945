/** What the emulation takes of the viewer's service worker, which it is a part of. */
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
  /** Reads a request's body whole, for the app's worker and for the network after it; null when there is none. */
  keepBody(request: Request): Promise<Blob | null>;
  /** A header field that the shim puts on requests, and that the app is not to see. */
  readonly requestIdHeader: string;
  /** What runs the shim at the beginning of a worker's script. */
  workerPrefix(shim: string, tab: string): string;
  /** Header fields of what a cross-origin isolated tab may load. */
  readonly isolating: Readonly<Record<string, string>>;
}

/** The tunnel's own scripts, as text; undefined when one can't be had. */
export interface ViewerAssets {
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
export interface Directory {
  find(
    requester: Requester,
  ): Promise<{ kind: 'shell'; entry: Tab } | { kind: 'none' } | { kind: 'silent' }>;
  /** Undefined when it is gone. */
  ofTab(tab: string): Promise<Tab | undefined>;
  /** This client lives in this tab. */
  own(clientId: string, tab: string): void;
}
