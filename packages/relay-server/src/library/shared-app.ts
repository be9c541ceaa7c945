// The types of the library. They import nothing, so that they can be read without anything else of Wingman.

/** What to share and how; the same words, meanings and defaults as the options of `wingman share`. */
export interface ShareOptions {
  /** The local port, or an address on localhost with the page to begin at: `3000`, `http://localhost:3000/cart`. */
  readonly port: number | string;
  /** Further local ports that the app's pages may use. */
  readonly also?: readonly number[];
  /** The tunnel server's origin, or several in the order of preference; without it one runs in this process, for this machine's browsers only. */
  readonly server?: string | readonly string[];
  /** For a server that registers only hosts with a token; it is never sent. */
  readonly token?: string;
  /** Keeps the session's URL over restarts. */
  readonly name?: string;
  /** Replaces another host that shares under the same name. */
  readonly takeOver?: boolean;
  /** Who shares, for viewers to read; the server can read it. */
  readonly sharedBy?: string;
  /** What the app sees in Host: `localhost`, `session` or a name. */
  readonly hostHeader?: string;
  /** How long the session lives: a number with s, m, h or d, such as `30m`. */
  readonly expires?: string;
  /** Viewers at once; each browser tab is one. */
  readonly maxViewers?: number;
  /** How long a tab whose network is away is waited for, such as `60s`. */
  readonly linkGrace?: string;
  /** Whether direct WebRTC paths are tried. */
  readonly p2p?: boolean;
  /** How long one attempt at a direct path may take, in milliseconds. */
  readonly p2pTimeoutMs?: number;
  /** Relays only what no direct path can carry, also where the relay is faster. */
  readonly spareRelay?: boolean;
  /** Further STUN servers. */
  readonly stun?: readonly string[];
  /** TURN servers of the built-in tunnel server; they need `turnSecret`. */
  readonly turn?: readonly string[];
  readonly turnSecret?: string;
  readonly engine?: 'auto' | 'node-datachannel' | 'wrtc';
  /** Lets phones and machines on this network in, by plain HTTP, and announces the session there; not with `server`. */
  readonly lan?: boolean;
  /** The same with the whole tunnel, for phones that trust a certificate of this machine. */
  readonly lanTls?: boolean;
  /** This machine's address for `lan` and `lanTls`; that of the network in use when it isn't said. */
  readonly lanAddress?: string;
  /** What viewers have to type before they see the app. */
  readonly passphrase?: string;
  /** Refuses every request but GET, HEAD and OPTIONS. */
  readonly readOnly?: boolean;
  /** Whether code is compressed on its way to viewers where the path is slow. */
  readonly compression?: boolean;
  /** Whether what a page's code imports is asked for ahead, and sent to viewers at a distance. */
  readonly push?: boolean;
  /** Whether viewers see how many are here, and may follow one of them through the app. */
  readonly together?: boolean;
  /** Who may use plain HTTP, which the server can read. */
  readonly ingress?: 'key' | 'open' | 'off';
  /** `user:password` that lets plain HTTP in beside the key. */
  readonly basicAuth?: string;
  /** What is logged on stderr; `silent` when it isn't said. */
  readonly logLevel?: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
}

/** What carries a viewer's traffic: a direct connection, the server's relay, or nothing now. */
export type ViewerPath = 'p2p' | 'turn' | 'relay' | 'offline';

/** What a shared app tells; `viewer` is the id of one browser tab's link. */
export interface ShareEvents {
  'viewer-joined': { readonly viewer: string; readonly path: ViewerPath; readonly viewers: number };
  'path-changed': {
    readonly viewer: string;
    readonly path: ViewerPath;
    readonly from: ViewerPath;
    readonly change: 'connected' | 'upgraded' | 'chosen' | 'fell-back' | 'lost';
  };
  /** `reason` is an error code. */
  'viewer-left': { readonly viewer: string; readonly reason: string; readonly viewers: number };
  /** The tunnel server answers again. */
  reconnected: undefined;
  /** The server was gone, and another has the session now, under this URL. */
  moved: { readonly url: string; readonly server: string };
  /** Something went wrong; the session goes on. */
  problem: { readonly code: string; readonly message: string; readonly viewer?: string };
  /** The last event. `refused` counts what was refused or cut off, by code; `pushed` what was sent ahead of its being asked for. */
  stopped: {
    readonly reason: 'closed' | 'expired' | 'refused';
    readonly message: string;
    readonly refused: Readonly<Record<string, number>>;
    readonly pushed: { readonly sent: number; readonly unclaimed: number };
  };
}

/** How phones and machines on the local network reach the session. */
export interface OnLan {
  /** What phones and machines there open: a link that lets them in. */
  readonly url: string;
  /** This machine's address there. */
  readonly address: string;
  /** With `lanTls`, where they get the certificate that they have to trust, and its SHA-256. */
  readonly trust: { readonly url: string; readonly fingerprint: string } | undefined;
}

/** A session that is open. */
export interface SharedApp {
  /** What the reviewer opens. The part after `#` is the key, which no server sees. */
  readonly url: string;
  /** The session's name. */
  readonly session: string;
  /** The tunnel server's origin. */
  readonly server: string;
  readonly expiresAt: Date;
  /** The bearer token for plain HTTP; undefined unless the ingress asks for the key. */
  readonly ingressToken: string | undefined;
  /** Undefined without `lan` and `lanTls`. */
  readonly lan: OnLan | undefined;
  on<Name extends keyof ShareEvents>(
    event: Name,
    listener: (event: ShareEvents[Name]) => void,
  ): SharedApp;
  once<Name extends keyof ShareEvents>(
    event: Name,
    listener: (event: ShareEvents[Name]) => void,
  ): SharedApp;
  off<Name extends keyof ShareEvents>(
    event: Name,
    listener: (event: ShareEvents[Name]) => void,
  ): SharedApp;
  /** Ends the session; requests under way get two seconds. Idempotent. */
  close(): Promise<void>;
}
