import { PUSHES_TARGET } from '@wingman/protocol';
import type { BodyMessage, PortMux, PortStream } from '@wingman/protocol/ports';
import type { UploadProgress } from './request-fields.js';

/** Name (lower case) and value of one field line. */
export type HeaderPair = [name: string, value: string];

/** The head of a request on its way from the service worker to the tunnel worker. */
export interface FetchHead {
  method: string;
  /** Path and query. */
  target: string;
  headers: HeaderPair[];
  destination: string;
  mode: string;
  hasBody: boolean;
  /** Whether cookies go with it, and those of the answer are kept (Fetch, "credentials mode"). */
  hasCredentials: boolean;
  /** A port of the developer's machine other than the app's; left out for the app. */
  port?: number;
  /** Whether the page wants to hear how far the body is. */
  reportsUpload?: boolean;
}

/** The request for the push stream of a tab. By its field a host knows that pushed bodies may be coded. */
export const PUSHES_HEAD: FetchHead = {
  ...{ method: 'GET', target: PUSHES_TARGET, headers: [['accept-encoding', 'gzip']] },
  ...{ destination: 'empty', mode: 'same-origin', hasBody: false, hasCredentials: true },
};

/** Tells the host how many answers were dropped, because no page has asked for them. */
export function pushesDropped(answers: number): FetchHead {
  return { ...PUSHES_HEAD, method: 'POST', target: `${PUSHES_TARGET}?unclaimed=${answers}` };
}

/** The same request ahead of a page: the first request of a tab tells the host which browser it is. */
export function pushesBefore({ headers }: FetchHead): FetchHead {
  const agent = headers.filter(([name]) => name === 'user-agent');
  return { ...PUSHES_HEAD, headers: [...PUSHES_HEAD.headers, ...agent] };
}

/** A request with one of these methods changes nothing, even if it is run twice (RFC 9110 section 9.2.1). */
const SAFE_METHODS: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];

/** Whether the tunnel worker keeps the answer until the browser has its head: the request must not be run again. */
export function awaitsTaken({ method }: Pick<FetchHead, 'method'>): boolean {
  return !SAFE_METHODS.includes(method);
}

/** The head of a response on its way back. */
export interface ReplyHead {
  status: number;
  statusText: string;
  headers: HeaderPair[];
}

/** An answer to a request that the page has yet to make. */
export interface PushedReply {
  /** Of the request, as in FetchHead. */
  target: string;
  destination: string;
  head: ReplyHead;
  body: Uint8Array<ArrayBuffer>;
  /** With status 304: the validator of the answer that still holds. */
  etag: string;
}

/** From the service worker on the stream of one HTTP exchange. */
export type RequestMessage =
  | BodyMessage
  /** The browser has the head of the answer: it will not ask another service worker for it. Said where it is awaited. */
  | { kind: 'taken' };

/** From the tunnel worker on the stream of one HTTP exchange. */
export type ReplyMessage =
  | BodyMessage
  | ({ kind: 'sent' } & UploadProgress)
  /** On a push stream, whose credit counts bytes of bodies. */
  | { kind: 'pushed'; answers: PushedReply[] }
  /** With a body that is small and there already, this is the whole answer; else chunks follow. */
  | { kind: 'head'; head: ReplyHead; body?: Uint8Array<ArrayBuffer> };

/** The service worker's end of the port to a tab's tunnel worker: each exchange is a stream. */
export type TunnelPort = PortMux<FetchHead, RequestMessage, ReplyMessage>;

/** The tunnel worker's end of one HTTP exchange. */
export type ServedStream = PortStream<ReplyMessage, RequestMessage>;

/** From a page's WebSocket to the tunnel worker. */
export type SocketCommand =
  | { kind: 'send'; data: string | Uint8Array }
  | { kind: 'close'; code: number | undefined; reason: string }
  /** The socket has failed in the page: no closing handshake. */
  | { kind: 'fail' }
  /** The page has dealt with messages of this weight (`socketWeight`). */
  | { kind: 'taken'; weight: number };

/** From the tunnel worker to a page's WebSocket. */
export type SocketEvent =
  | { kind: 'open'; protocol: string; extensions: string }
  | { kind: 'message'; data: string | Uint8Array }
  /** So many bytes of what the page sent have left for the link. */
  | { kind: 'sent'; bytes: number }
  | { kind: 'closed'; code: number; reason: string; wasClean: boolean; why?: string };

/** What a page's WebSocket asks for. */
export interface SocketRequest {
  /** Path and query. */
  target: string;
  protocols: string[];
  headers: HeaderPair[];
  /** A port of the developer's machine other than the app's; left out for the app. */
  port?: number;
  /** Whether the session's cookies go with it. */
  hasCredentials: boolean;
}

/**
 * Where workers call for a tunnel: a BroadcastChannel of this name. A worker of the app knows nobody to whom it could
 * hand a port, so neither `ask` nor a stream of a shared port can carry this.
 */
export const LOBBY = 'wingman-sockets';

/** A worker wants a WebSocket; the conversation is on a channel of its own. */
export interface SocketCall {
  /** Random: names the channel and the locks. */
  id: string;
  /** The tab whose tunnel is meant; null for any. */
  tab: string | null;
  request: SocketRequest;
}

/** The tunnel's first message on the socket's own channel; SocketEvents follow. */
export interface SocketServed {
  kind: 'served';
}

/** The socket's own BroadcastChannel. */
export function channelOf(id: string): string {
  return `wingman-socket-${id}`;
}

/** A Web Lock that each end holds while it lives: nothing else tells of a worker that was terminated. */
export function lockOf(id: string, end: 'caller' | 'server'): string {
  return `wingman-${end}-${id}`;
}

/** Even an empty message takes a place in a queue. */
const MESSAGE_OVERHEAD = 64;

/** What a WebSocket message counts against the window between the tunnel worker and a page. */
export function socketWeight(data: string | Uint8Array): number {
  return (typeof data === 'string' ? data.length : data.byteLength) + MESSAGE_OVERHEAD;
}
