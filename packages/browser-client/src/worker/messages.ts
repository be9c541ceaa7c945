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
export function toRequestHead(head: FetchHead, cookies: HeaderPair[] = []): RequestHead {
  const { method, target, destination, mode, hasBody, port = 0 } = head;
  const headers = [...head.headers, ...cookies].map(toHeader);
  return create(RequestHead, { method, target, destination, mode, hasBody, headers, port });
}

/** A page's WebSocket request as the protocol's. */
export function toWebSocketOpen(request: SocketRequest, cookies: HeaderPair[] = []): WebSocketOpen {
  const headers = [...request.headers, ...cookies].map(toHeader);
  const { target, protocols, port = 0 } = request;
  return create(WebSocketOpen, { target, protocols, headers, port });
}

/** The same as a request like any other, for those who observe. */
export function toOpeningHead({ target, headers, port = 0 }: SocketRequest): RequestHead {
  return create(RequestHead, { method: 'GET', target, headers: headers.map(toHeader), port });
}

/** The protocol's response head as a port's; its cookies are in the browser's store, and no Response shows them. */
export function toReplyHead(head: ResponseHead): ReplyHead {
  const shown = head.headers.filter(({ name }) => name !== 'set-cookie');
  const headers = shown.map(({ name, value }: Header): HeaderPair => [name, value]);
  return { status: head.status, statusText: head.statusText, headers };
}

function toHeader([name, value]: HeaderPair): { name: string; value: string } {
  return { name: name.toLowerCase(), value };
}
