import {
  RequestHead,
  UNDONE_CODINGS,
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

/** The protocol's form of a request head. */
export function toRequestHead(head: FetchHead, cookies: HeaderPair[] = []): RequestHead {
  const { method, target, destination, mode, hasBody, port = 0 } = head;
  const headers = [...head.headers, ...cookies].map(toHeader);
  return create(RequestHead, {
    ...{ method, target, destination, mode, hasBody, headers, port },
    transferCodings: [...UNDONE_CODINGS],
  });
}

/** The protocol's form of a WebSocket request. */
export function toWebSocketOpen(request: SocketRequest, cookies: HeaderPair[] = []): WebSocketOpen {
  const headers = [...request.headers, ...cookies].map(toHeader);
  const { target, protocols, port = 0 } = request;
  return create(WebSocketOpen, { target, protocols, headers, port });
}

/** The opening request of a WebSocket, in the form that observers see. */
export function toOpeningHead({ target, headers, port = 0 }: SocketRequest): RequestHead {
  return create(RequestHead, { method: 'GET', target, headers: headers.map(toHeader), port });
}

/** The response head for the service worker. It has no cookies: they are in the browser's store already. */
export function toReplyHead(head: ResponseHead): ReplyHead {
  const shown = head.headers.filter(({ name }) => name !== 'set-cookie');
  const headers = shown.map(({ name, value }: Header): HeaderPair => [name, value]);
  return { status: head.status, statusText: head.statusText, headers };
}

function toHeader([name, value]: HeaderPair): { name: string; value: string } {
  return { name: name.toLowerCase(), value };
}
