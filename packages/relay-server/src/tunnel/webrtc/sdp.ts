import type { Binding } from '@wingman/protocol';
import { fingerprintOf, WingmanError } from '@wingman/protocol';

/** What both sides of a peer connection must agree on; whoever made the offer initiates the link handshake. Fails with HANDSHAKE_FAILED. */
export function bindingOf(offer: string | undefined, answer: string | undefined): Binding {
  const [initiator, responder] = [fingerprintOf(offer ?? ''), fingerprintOf(answer ?? '')];
  if (initiator === undefined || responder === undefined) {
    throw new WingmanError('HANDSHAKE_FAILED', 'a description has not one fingerprint');
  }
  return { initiator, responder };
}
