import type { ErrorCode } from '../errors.js';
import type { RequestHead, ResponseHead, WebSocketClose } from '../gen/wingman/v1/exchange.js';
import type { Path } from '../link/link-types.js';
import type { MessagePart } from './websocket.js';

/** What carries an exchange: the path of a viewer's link, or the tunnel server's plain HTTP door. */
export type ExchangePath = Path | 'ingress';

/** `upload` goes from the opener to the app, `download` the other way. */
export type Direction = 'upload' | 'download';

/** A piece of a body, or a part of a WebSocket message, which says so. */
export type Piece = Pick<MessagePart, 'bytes'> & Partial<MessagePart>;

/** Sees each piece as it passes. The bytes belong to the exchange: a tap may keep them, not change them. */
export type Tap = (direction: Direction, piece: Piece) => void;

/** When each hop was reached, by the observing end's clock, in milliseconds; undefined: not yet, or never. */
export interface ExchangeTimes {
  /** This end has the request's head. */
  readonly accepted: number;
  /** The request's head is on its way to the next hop; at the host that is the app. */
  readonly sent: number | undefined;
  /** The head of the final answer has come; of a WebSocket, the answer to its opening request. */
  readonly head: number | undefined;
  /** The first byte of the answer's body, or the first message from the app. */
  readonly firstByte: number | undefined;
  readonly end: number | undefined;
}

/** Who ended an exchange before its time: `link` when the link is lost, `host` when the session ends. */
export type AbortedBy = 'opener' | 'app' | 'host' | 'link';

const ABORTED_BY = new Map<ErrorCode, AbortedBy>([
  ['SESSION_ENDED', 'host'],
  ['INTERNAL', 'host'],
  ['LINK_LOST', 'link'],
  ['LINK_CLOSED', 'link'],
  ['UPSTREAM_ABORTED', 'app'],
]);

/** Who has ended a stream that failed with this code. */
export function abortedBy(code: ErrorCode): AbortedBy {
  return ABORTED_BY.get(code) ?? 'opener';
}

/** How an exchange ended. */
export type ExchangeEnd =
  /** The answer went out to its last byte, or the WebSocket was closed with a closing handshake. */
  | { readonly outcome: 'complete'; readonly close?: Pick<WebSocketClose, 'code' | 'reason'> }
  /** A problem page with this code took the place of the app's answer. */
  | { readonly outcome: 'refused'; readonly code: ErrorCode }
  | { readonly outcome: 'aborted'; readonly code: ErrorCode; readonly by: AbortedBy };

/** One exchange as its observers see it; the fields tell the present state. */
export interface ObservedExchange {
  /** Counts up from 1 at each end; the two ends number on their own. */
  readonly id: number;
  readonly kind: 'http' | 'websocket';
  /** The id of the link. */
  readonly link: string;
  readonly path: ExchangePath;
  /** Every path that it has been seen on, in order. */
  readonly paths: readonly ExchangePath[];
  /** As the opener has sent it. A WebSocket's has the method GET. */
  readonly asked: RequestHead;
  readonly times: ExchangeTimes;
  /** Bytes of bodies or messages so far. */
  readonly bytes: Readonly<Record<Direction, number>>;
  /** Shows every piece from now on; returns the function that ends it. */
  tap(tap: Tap): () => void;
}

/** What an observer wants to be told of one exchange. */
export interface ExchangeWatch {
  /** The request's head as the next hop gets it. */
  sent?(head: RequestHead): void;
  /** A 1xx head. */
  interim?(head: ResponseHead): void;
  /** The final head as the opener gets it; 101 when a WebSocket was accepted. */
  head?(head: ResponseHead): void;
  /** A body has ended; it is not complete when its sender broke off or nobody wanted the rest. */
  bodyEnd?(direction: Direction, isComplete: boolean): void;
  end?(end: ExchangeEnd): void;
}

/** Is told of each exchange at its beginning, and answers with what it wants to be told of it, if anything. */
export type ExchangeObserver = (exchange: ObservedExchange) => ExchangeWatch | undefined;
