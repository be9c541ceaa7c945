import { memoryCarrierPair } from '../../src/carrier/memory-carrier.js';
import { Link } from '../../src/link/link.js';
import { acceptExchanges, type ExchangeHandlers } from '../../src/exchange/accept-exchanges.js';
import { Mux } from '../../src/mux/mux.js';
import type { Clock } from '../../src/clock.js';

export const LINK_ID = '0123456789abcdef0123456789abcdef';

/** Both ends of one link over a memory carrier. */
export function linkedPair(clock?: Clock): { initiator: Link; acceptor: Link } {
  const options = clock === undefined ? {} : { clock };
  const initiator = new Link({ id: LINK_ID, role: 'initiator', ...options });
  const acceptor = new Link({ id: LINK_ID, role: 'acceptor', ...options });
  const [left, right] = memoryCarrierPair();
  initiator.attach(left, 'relay');
  acceptor.attach(right, 'relay');
  return { initiator, acceptor };
}

/** An opener's mux, and the acceptor's exchanges going to the handlers. */
export function exchangePair(handlers: Partial<ExchangeHandlers>): { mux: Mux; hostMux: Mux } {
  const { initiator, acceptor } = linkedPair();
  const refuse = (incoming: { signal: AbortSignal }): void => {
    throw new Error(`unexpected exchange ${String(incoming.signal.aborted)}`);
  };
  const hostMux = acceptExchanges(acceptor, { request: refuse, webSocket: refuse, ...handlers });
  return { mux: new Mux(initiator), hostMux };
}

export async function collect(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
