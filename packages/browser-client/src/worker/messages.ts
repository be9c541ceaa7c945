import {
  RequestHead,
  WebSocketOpen,
  create,
  type Header,
  type ResponseHead,
} from '@wingman/protocol';
import type {
  FetchHead,
  HeaderPair,
  ReplyHead,
  SocketRequest,
} from '../shared/exchange-messages.js';

/** A port's request head as the protocol's. */
export function toRequestHead(head: FetchHead): RequestHead {
  return create(RequestHead, { ...head, headers: head.headers.map(toHeader) });
}

/** A page's WebSocket request as the protocol's. */
export function toWebSocketOpen(request: SocketRequest): WebSocketOpen {
  return create(WebSocketOpen, { ...request, headers: request.headers.map(toHeader) });
}

/** The protocol's response head as a port's. */
export function toReplyHead(head: ResponseHead): ReplyHead {
  const headers = head.headers.map(({ name, value }: Header): HeaderPair => [name, value]);
  return { status: head.status, statusText: head.statusText, headers };
}

function toHeader([name, value]: HeaderPair): { name: string; value: string } {
  return { name: name.toLowerCase(), value };
}
