import type { ErrorCode } from '../errors.js';
import type { RequestHead, ResponseHead, WebSocketClose } from '../gen/wingman/v1/exchange.js';
import type { Path } from '../link/link-types.js';
import type { MessagePart } from './websocket.js';

/** What carries an exchange: the path of a viewer's link, or the tunnel server's ingress. */
export type ExchangePath = Path | 'ingress';

/** `upload` goes from the opener to the app, `download` the other way. */
export type Direction = 'upload' | 'download';

/** A piece of a body, or a part of a WebSocket message. */
export type Piece = Pick<MessagePart, 'bytes'> & Partial<MessagePart>;

/** Sees each piece that passes. The bytes belong to the exchange: a tap may keep them and must not change them. */
export type Tap = (direction: Direction, piece: Piece) => void;

/** When each hop was reached, by the observing end's clock, in milliseconds; undefined: not yet, or never. */
export interface ExchangeTimes {
  /** This end has the request's head. */
  readonly accepted: number;
  /** The request's head is on its way to the next hop; at the host that is the app. */
  readonly sent: number | undefined;
  /** The head of the final answer has come; for a WebSocket, the answer to its opening request. */
  readonly head: number | undefined;
  /** The first byte of the answer's body, or the first message from the app. */
  readonly firstByte: number | undefined;
  readonly end: number | undefined;
}

/** How long a body has waited in all, and for whom, in milliseconds. */
interface BodyWaits {
  /** The time in which the sender had not given the next piece. */
  readonly sender: number;
  /** The time in which the receiver had not taken a piece. */
  readonly receiver: number;
}

/** Who ended an exchange early: `link` when the link is lost, `host` when the session ends. */
export type AbortedBy = 'opener' | 'app' | 'host' | 'link';

const ABORTED_BY = new Map<ErrorCode, AbortedBy>([
  ['SESSION_ENDED', 'host'],
  ['VISITOR_REFUSED', 'host'],
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
  | { readonly outcome: 'aborted'; readonly code: ErrorCode; readonly by: AbortedBy }
  /** The host has asked ahead of a page, which doesn't need the answer. */
  | { readonly outcome: 'unused' };

/** One exchange for its observers. The fields tell the present state. */
export interface ObservedExchange {
  /** Counts up from 1. Each end of a link numbers on its own. */
  readonly id: number;
  readonly kind: 'http' | 'websocket';
  /** The id of the link. */
  readonly link: string;
  readonly path: ExchangePath;
  /** Every path that the exchange has been seen on, in order. */
  readonly paths: readonly ExchangePath[];
  /** The head as the opener has sent it. The method of a WebSocket is GET. */
  readonly asked: RequestHead;
  readonly times: ExchangeTimes;
  /** Bytes of bodies or messages so far. */
  readonly bytes: Readonly<Record<Direction, number>>;
  /** How long the HTTP bodies have waited so far. */
  readonly waits: Readonly<Record<Direction, BodyWaits>>;
  /** Shows every later piece to a tap. Returns the function that removes the tap. */
  tap(tap: Tap): () => void;
}

/** What an observer wants to be told about one exchange. */
export interface ExchangeWatch {
  /** The request's head as the next hop gets it. */
  sent?(head: RequestHead): void;
  /** A 1xx head. */
  interim?(head: ResponseHead): void;
  /** The final head as the opener gets it. The status is 101 when a WebSocket was accepted. */
  head?(head: ResponseHead): void;
  /** A body has ended. It is not complete when its sender broke off or nobody wanted the rest. */
  bodyEnd?(direction: Direction, isComplete: boolean): void;
  end?(end: ExchangeEnd): void;
}

/** Is called at the beginning of each exchange. Returns what it wants to be told about the exchange, if anything. */
export type ExchangeObserver = (exchange: ObservedExchange) => ExchangeWatch | undefined;
