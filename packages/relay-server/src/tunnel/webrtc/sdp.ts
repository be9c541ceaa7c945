import type { Binding } from '@wingman/protocol';
import { WingmanError } from '@wingman/protocol';

/** The DTLS certificate fingerprint of a description, as `sha-256 AB:CD…` (RFC 8122 section 5). Fails with HANDSHAKE_FAILED. */
export function fingerprintOf(sdp: string | undefined): string {
  const match = /^a=fingerprint:(\S+) ([0-9A-Fa-f:]+)\s*$/m.exec(sdp ?? '');
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new WingmanError('HANDSHAKE_FAILED', 'the session description has no fingerprint');
  }
  return `${match[1].toLowerCase()} ${match[2].toUpperCase()}`;
}

/** What both sides of a peer connection must agree on; whoever made the offer initiates the link handshake. */
export function bindingOf(offer: string | undefined, answer: string | undefined): Binding {
  return { initiator: fingerprintOf(offer), responder: fingerprintOf(answer) };
}
