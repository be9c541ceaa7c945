import { CarrierKind, type InitiatorHello } from '../gen/wingman/v1/handshake.js';
import type { LaneKind } from '../link/lane-evidence.js';
import { concatBytes } from '../wire/bytes.js';
import type { Binding } from './binding.js';

/** The handshake protocol's version. */
export const HANDSHAKE_VERSION = 1;

/** What is wrong when viewer and host speak other versions, and which of both is to be updated; empty when they are the same. */
export function handshakeConflict(viewer: number, host: number): string {
  if (viewer === host) return '';
  const cure =
    viewer < host
      ? 'the page is older: load it anew, and if that does not help, the tunnel server has to be updated'
      : "the host is older: update wingman on the developer's machine";
  return `the page speaks handshake version ${viewer}, the host ${host}: ${cure}`;
}

export function carrierKind(kind: LaneKind): CarrierKind {
  return kind === 'p2p' ? CarrierKind.P2P : CarrierKind.RELAY;
}

/**
 * The bytes that both sides prove to have seen: the responder's hello in serialized form, the fields of the
 * initiator's hello without the proof, and the fingerprints. The length stands before each part, so that two
 * different handshakes never have the same transcript.
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
