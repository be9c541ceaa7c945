import type { ChannelWay, ErrorCode, LaneMessage, LinkKey } from '@wingman/protocol';
import type { ReplyPort } from '@wingman/protocol/ports';
import type { FetchHead, SocketRequest } from './exchange-messages.js';
import type { PageCookies } from './page-cookies.js';
import type { LinkStatus, Preference } from './status.js';

/** DTLS fingerprints of the two ends, e.g. `sha-256 AB:CD…`. */
export interface Fingerprints {
  local: string;
  remote: string;
}

/** What carries a direct path into the worker: the channel itself, or a port the shell pumps. */
export type ChannelEnd =
  { kind: 'channel'; channel: RTCDataChannel } | { kind: 'port'; port: MessagePort };

/** From the shell to the tunnel worker. */
export type ShellToWorker =
  | { kind: 'start'; options: StartOptions }
  /** The name by which workers of the app call for this tab's tunnel. */
  | { kind: 'tab'; tab: string }
  /** A service worker instance wants to send requests here; `instance` changes when it is restarted. */
  | { kind: 'service-worker'; instance: string; port: MessagePort }
  /** This instance has answered: what others asked for is moot. */
  | { kind: 'service-worker-alive'; instance: string }
  | { kind: 'web-socket'; request: SocketRequest; port: MessagePort }
  | { kind: 'p2p-channel'; attempt: number; end: ChannelEnd }
  | { kind: 'p2p-fingerprints'; attempt: number; fingerprints: Fingerprints }
  /** Which way ICE has found, or has found now. */
  | { kind: 'p2p-way'; attempt: number; way: ChannelWay }
  | { kind: 'p2p-ended'; attempt: number }
  | { kind: 'lane'; lane: number; step: LaneFromShell }
  /** What a page of this tab sees now. */
  | { kind: 'cookies'; cookies: PageCookies }
  /** The answer to the next frame that loads this URL becomes a file of that name; empty for the answer's own name. */
  | { kind: 'download'; url: string; name: string }
  | { kind: 'prefer'; preference: Preference }
  /** What the host's answer says for the link that lives now. */
  | { kind: 'spare-relay'; isSpared: boolean }
  /** Whether somebody looks at the tab: only then is a dead path to be noticed at any time. */
  | { kind: 'watched'; isWatched: boolean }
  /** Something suggests that the network is back: try now. */
  | { kind: 'wake' }
  /** The relay leads through a node that is about to stop. */
  | { kind: 'renew-relay' }
  | { kind: 'status'; reply: ReplyPort<LinkStatus> }
  /** Do you live? The answer is a `status` message. */
  | { kind: 'ping' };

export interface StartOptions {
  key: LinkKey;
  /** WebSocket URL of the relay, without parameters. */
  relayUrl: string;
  /** The host's published hello; null when none is known or it may be stale. */
  prekey: Uint8Array | null;
  /** The page to ask for in the first flight; null for none. */
  preload: FetchHead | null;
  /** How long a link waits for a carrier, in milliseconds. */
  linkGraceMs: number;
  /** What the page sees at the start. */
  cookies: PageCookies;
}

/** What an answer of the app changes in the browser's storage. */
export interface SiteDataChange {
  /** Set-Cookie lines. */
  lines: string[];
  /** Everything that the app has stored is removed, except cookies. */
  clears: boolean;
}

/** From the tunnel worker to the shell. */
export type WorkerToShell =
  /** A new link has begun; the old one, if any, is gone for good. */
  | { kind: 'link'; id: string }
  /** The host has been heard on this link. */
  | { kind: 'connected' }
  | { kind: 'status'; status: LinkStatus }
  | { kind: 'p2p'; attempt: number; event: P2pWorkerEvent; code?: ErrorCode }
  | { kind: 'lane'; lane: number; step: LaneToShell }
  /** The relay can't be used for a reason that a person should know; null when it is over. */
  | { kind: 'trouble'; code: ErrorCode | null }
  /** Make this change to the browser's storage; the answer is the cookies that the page sees then. */
  | { kind: 'site-data'; change: SiteDataChange; reply: ReplyPort<PageCookies> }
  /** Exchanges are under way: keep the service worker alive. */
  | { kind: 'keep-alive' };

/** The making of a further lane, by its number. The worker decides and negotiates, and the shell has the peer connection. */
export type LaneToShell = { type: 'open' } | LaneMessage | { type: 'close' };
export type LaneFromShell =
  | { type: 'channel'; end: ChannelEnd }
  | { type: 'offer'; sdp: string }
  | Extract<LaneMessage, { type: 'candidate' }>
  | { type: 'failed' };

/** open: the channel has opened. ready: the host has proved the key and answered there. */
export type P2pWorkerEvent = 'open' | 'ready' | 'failed' | 'lost';

/** Between the shell, which holds a data channel, and the tunnel worker, which uses it. */
export type PumpToWorker =
  | { kind: 'open' }
  | { kind: 'message'; bytes: ArrayBuffer }
  /** So many bytes have left for the channel, which has room again. */
  | { kind: 'sent'; bytes: number }
  | { kind: 'closed' };

export type PumpToShell = { kind: 'send'; bytes: Uint8Array } | { kind: 'close' };
