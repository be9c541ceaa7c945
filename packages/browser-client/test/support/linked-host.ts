import {
  Link,
  Mux,
  ResponseHead,
  acceptExchanges,
  create,
  memoryCarrierPair,
  type ExchangeHandlers,
} from '@wingman/protocol';

const LINK_ID = '0123456789abcdef0123456789abcdef';

/** A viewer's mux and the host's link behind it; what crosses is copied, because ports give buffers away. */
export function linkedHost(handlers: Partial<ExchangeHandlers>): {
  mux: Mux;
  viewer: Link;
  host: Link;
} {
  const viewer = new Link({ id: LINK_ID, role: 'initiator' });
  const host = new Link({ id: LINK_ID, role: 'acceptor' });
  const [left, right] = memoryCarrierPair((message, arrive) =>
    queueMicrotask(() => arrive(message.slice())),
  );
  const mux = new Mux(viewer);
  acceptExchanges(host, {
    request: (incoming) => incoming.abort('REFUSED'),
    webSocket: (incoming) => incoming.reject(head(404)),
    ...handlers,
  });
  viewer.attach(left, 'relay');
  host.attach(right, 'relay');
  return { mux, viewer, host };
}

export function head(status: number, headers: [string, string][] = []): ResponseHead {
  return create(ResponseHead, {
    status,
    headers: headers.map(([name, value]) => ({ name, value })),
  });
}

export async function collect(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Waits until something is true; fails after twenty seconds. */
export async function eventually(check: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error('it never came true');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
