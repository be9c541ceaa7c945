import {
  create,
  headersFromRaw,
  Link,
  memoryCarrierPair,
  Mux,
  newLinkId,
  RequestHead,
  systemClock,
  WebSocketOpen,
} from '@wingman/protocol';
import { LocalApp } from '../../src/exchange/local-app.js';
import type { Via } from '../../src/local/local-ports.js';

export const SESSION_ORIGIN = 'http://abc.localhost:8787';

/** A viewer's mux, joined in memory with the host's side of the tunnel. */
export interface TestTunnel {
  readonly mux: Mux;
  readonly app: LocalApp;
  readonly hostLink: Link;
  /** Every message that has left the host. */
  readonly sent: Uint8Array[];
  close(): Promise<void>;
}

/** `app` joins another link to the same host; `viewer` says whose browser it is; a message takes `delayMs`; `clock` is that of the link. */
export function openTunnel(
  port: number,
  via: Via = 'viewer',
  app = new LocalApp(port, () => SESSION_ORIGIN),
  viewer = newLinkId(),
  delayMs = 0,
  clock = systemClock,
): TestTunnel {
  const id = newLinkId();
  const viewerLink = new Link({ id, role: 'initiator', clock });
  const hostLink = new Link({ id, role: 'acceptor', clock });
  const mux = new Mux(viewerLink);
  app.serve(hostLink, via, { viewer: () => viewer });
  const sent: Uint8Array[] = [];
  const [left, right] = memoryCarrierPair(undefined, (message, arrive) => {
    sent.push(message.slice());
    if (delayMs === 0) queueMicrotask(() => arrive(message));
    else setTimeout(() => arrive(message), delayMs);
  });
  viewerLink.attach(left, 'relay');
  hostLink.attach(right, 'relay');
  return {
    mux,
    app,
    hostLink,
    sent,
    close: async () => {
      viewerLink.close('LINK_CLOSED');
      await app.close();
    },
  };
}

/** A request head; `headers` are names and values in turn. */
export function requestHead(
  fields: { method?: string; target?: string; headers?: string[] } & Partial<
    Pick<RequestHead, 'destination' | 'mode' | 'hasBody' | 'port'>
  >,
): RequestHead {
  const { headers = [], ...rest } = fields;
  return create(RequestHead, {
    method: 'GET',
    target: '/',
    ...rest,
    headers: headersFromRaw(headers),
  });
}

export function webSocketOpen(fields: {
  target?: string;
  protocols?: string[];
  headers?: string[];
  port?: number;
}): WebSocketOpen {
  const { target = '/', protocols = [], headers = [], port = 0 } = fields;
  return create(WebSocketOpen, { target, protocols, headers: headersFromRaw(headers), port });
}

async function bytesOf(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  return (await bytesOf(body)).toString();
}
