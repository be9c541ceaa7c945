import { CarrierKind, type InitiatorHello } from '../gen/wingman/v1/handshake.js';
import type { LaneKind } from '../link/lane-evidence.js';
import { concatBytes } from '../wire/bytes.js';
import type { Binding } from './binding.js';

/** The handshake protocol's version. */
export const HANDSHAKE_VERSION = 1;

export function carrierKind(kind: LaneKind): CarrierKind {
  return kind === 'p2p' ? CarrierKind.P2P : CarrierKind.RELAY;
}

/**
 * What both sides prove to have seen: the responder's hello as it came, then everything of the
 * initiator's but its proof, then the fingerprints. Each part is preceded by its length, so that
 * no two different handshakes have the same transcript.
 */
export function handshakeTranscript(
  responderHello: Uint8Array,
  hello: InitiatorHello,
  binding: Binding | undefined,
): Uint8Array<ArrayBuffer> {
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  const parts = [
    text('wingman handshake v1'),
    responderHello,
    Uint8Array.of(hello.version, hello.carrier),
    text(hello.linkId),
    hello.publicKey,
    hello.nonce,
    text(binding?.initiator.toUpperCase() ?? ''),
    text(binding?.responder.toUpperCase() ?? ''),
  ];
  return concatBytes(parts.flatMap((part) => [lengthOf(part), part]));
}

function lengthOf(part: Uint8Array): Uint8Array {
  return Uint8Array.of(part.byteLength >> 8, part.byteLength & 0xff);
}
