import type { Clock, ErrorCode, Path } from '@wingman/protocol';
import type { EntryRules } from '../entry/entrance.js';
import type { Credentials } from '../exchange/basic-auth.js';
import type { IngressMode } from '../exchange/ingress-key.js';
import type { Refusals } from '../exchange/refusal-count.js';
import type { PushCount } from '../push/pusher.js';
import type { RequestReport } from '../exchange/requests.js';
import type { TransferProgress } from '../exchange/transfers.js';
import type { PathChange } from './path-changes.js';
import type { Commons } from '../exchange/local-app.js';
import type { HostIdentity } from './identity.js';
import type { ProxyFor } from './server-socket.js';
import type { LoadSpare } from './webrtc/spare-engine.js';
import type { PeerEngine } from './webrtc/webrtc-adapter.js';

/** Everything a host is told; times in milliseconds. */
export interface HostOptions {
  /** The local port that is shared. */
  readonly port: number;
  /** Further local ports that the app's pages may use. */
  readonly alsoPorts?: readonly number[];
  /** What requests to the app say in Host: `localhost` (the default), `session` or a name. */
  readonly hostHeader?: string;
  /** The tunnel server's origin. */
  readonly server: URL;
  /** Servers for when that one is gone, in turn. */
  readonly furtherServers?: readonly URL[];
  /** The proxy by which a server is reached; none when it isn't said. */
  readonly proxyFor?: ProxyFor;
  /** Origins under which the server shows this session besides the session's own. */
  readonly bareOrigins?: readonly string[];
  readonly identity: HostIdentity;
  /** For a server that registers only hosts with a token. */
  readonly token?: string | undefined;
  /** Whether to replace another host that shares under the same name. */
  readonly takeOver?: boolean;
  /** What viewers read of who shares. */
  readonly sharedBy?: string | undefined;
  /** How long the session should live; the server may grant less. */
  readonly ttlMs: number;
  readonly maxViewers: number;
  /** How long a viewer's link waits for a carrier; LIMITS.linkGraceMs when it isn't said. */
  readonly linkGraceMs?: number;
  /** From a viewer's offer to a direct path. */
  readonly p2pTimeoutMs: number;
  /** Whether viewers use the relay only for what no direct path can carry; no when it isn't said. */
  readonly sparesRelay?: boolean;
  /** None: relay only. */
  readonly engine: PeerEngine | undefined;
  /** Loads another engine, for viewers that the first one doesn't reach. */
  readonly loadSpare?: LoadSpare | undefined;
  /** Beside those the server names. */
  readonly stunServers: readonly string[];
  /** Who may use the tunnel server's plain HTTP door. */
  readonly ingress: IngressMode;
  /** What visitors need besides the link key; nothing when undefined. With it plain HTTP is refused. */
  readonly entry?: EntryRules;
  /** Whether requests may only look at the app. */
  readonly isReadOnly?: boolean;
  /** Whether code may be compressed on its way to viewers; it may when this is undefined. */
  readonly compresses?: boolean;
  /** Whether what a page's code imports is sent ahead; it is when this is undefined. */
  readonly pushes?: boolean;
  /** Whether viewers may look at the app together; they may when this is undefined. */
  readonly isTogether?: boolean;
  /** Lets plain HTTP in too, where it wants the key. */
  readonly basicAuth?: Credentials | undefined;
  /** What it has in common with the host of the main session, when it shows another port. */
  readonly commons?: Commons;
  readonly clock?: Clock;
}

/** Why a host has stopped: by `close`, at the end of its session's life, or because the server wants it no more. */
export type StopReason = 'closed' | 'expired' | 'refused';

/** What is known of a viewer, which is a tab. */
export interface ViewerInfo {
  /** The id of its link. */
  readonly viewer: string;
  readonly path: Path;
  /** Round trip on that path in milliseconds; null while nothing was measured. */
  readonly rttMs: number | null;
  /** The number of the visitor whose tab it is, and what the browser says it is; undefined before its first request. */
  readonly visitor: number | undefined;
  readonly browser: string | undefined;
  /** The IP address that it has come from, as the server says. */
  readonly address: string | undefined;
}

/** What a host tells; `viewer` is the id of a tab's link. */
export interface HostEvents {
  'viewer-joined': [{ viewer: string; path: Path; viewers: number }];
  'path-changed': [{ viewer: string; path: Path; from: Path; change: PathChange }];
  'viewer-left': [{ viewer: string; reason: ErrorCode; viewers: number }];
  transfer: [TransferProgress];
  request: [RequestReport];
  /** The tunnel server answers again. */
  reconnected: [];
  /** The session has gone to another server, and has this URL now. */
  moved: [{ url: string; server: string }];
  /** It has begun to stop. */
  closing: [];
  /** Something went wrong; the host goes on. */
  problem: [{ code: ErrorCode; message: string; viewer?: string }];
  /** What was counted while the host ran: what was refused or cut off, and what was sent ahead. */
  stopped: [{ reason: StopReason; message: string; refused: Refusals; pushed: PushCount }];
}
