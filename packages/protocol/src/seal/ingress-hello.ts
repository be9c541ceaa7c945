import type { Carrier } from '../carrier/carrier.js';
import { systemClock, type Clock } from '../clock.js';
import { WingmanError, toWingmanError } from '../errors.js';
import { LIMITS } from '../limits.js';
import { isLinkId } from '../link/link-id.js';
import { HandshakeInbox } from './handshake-inbox.js';
import { decodeHandshakeMessage, encodeIngressHello } from './handshake-message.js';
import { ProvenCarrier } from './proven-carrier.js';
import { HANDSHAKE_VERSION } from './transcript.js';

/**
 * Opens the tunnel server's own link. This link is not sealed: the server ends HTTP here and sees what passes. The
 * hello tells the host so.
 */
export function initiateIngress(carrier: Carrier, linkId: string): Carrier {
  carrier.send(encodeIngressHello({ version: HANDSHAKE_VERSION, linkId }));
  return carrier;
}

/** The host's side, on a connection that the host dialled for the ingress. Rejects with HANDSHAKE_FAILED, TIMEOUT or CARRIER_CLOSED. */
export async function respondIngress(
  carrier: Carrier,
  options: { deadlineMs?: number; clock?: Clock } = {},
): Promise<{ linkId: string; carrier: Carrier }> {
  const deadlineMs = options.deadlineMs ?? LIMITS.handshakeMs;
  const inbox = new HandshakeInbox(carrier, options.clock ?? systemClock, deadlineMs);
  try {
    const message = decodeHandshakeMessage(await inbox.next());
    if (message.type !== 'ingressHello' || !isLinkId(message.hello.linkId)) {
      throw new WingmanError('HANDSHAKE_FAILED', 'expected an ingress hello');
    }
    const upper = new ProvenCarrier(carrier);
    inbox.handOver({
      message: (bytes) => upper.receive(bytes),
      close: (reason) => upper.end(reason),
      writable: () => upper.drained(),
    });
    return { linkId: message.hello.linkId, carrier: upper };
  } catch (error) {
    const failure = toWingmanError(error, 'HANDSHAKE_FAILED');
    inbox.fail(failure);
    throw failure;
  }
}
