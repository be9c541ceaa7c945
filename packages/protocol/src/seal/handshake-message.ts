import { decodeMessage, encodeMessage } from '../exchange/proto-message.js';
import { WingmanError } from '../errors.js';
import {
  IngressHello,
  InitiatorHello,
  ResponderFinish,
  ResponderHello,
} from '../gen/wingman/v1/handshake.js';
import { LIMITS } from '../limits.js';
import { concatBytes } from '../wire/bytes.js';

/** First byte of a handshake message. */
const HandshakeType = {
  RESPONDER_HELLO: 0x01,
  INITIATOR_HELLO: 0x02,
  RESPONDER_FINISH: 0x03,
  INGRESS_HELLO: 0x04,
} as const;

/** A handshake message. The responder's hello stays in its serialized form, because both sides hash it. */
export type HandshakeMessage =
  | { type: 'responderHello'; bytes: Uint8Array }
  | { type: 'initiatorHello'; hello: InitiatorHello }
  | { type: 'responderFinish'; finish: ResponderFinish }
  | { type: 'ingressHello'; hello: IngressHello };

export function encodeResponderHello(hello: Uint8Array): Uint8Array {
  return tagged(HandshakeType.RESPONDER_HELLO, hello);
}

export function encodeInitiatorHello(init: Partial<InitiatorHello>): Uint8Array {
  const bytes = encodeMessage(InitiatorHello, init);
  return tagged(HandshakeType.INITIATOR_HELLO, bytes);
}

export function encodeResponderFinish(proof: Uint8Array): Uint8Array {
  const bytes = encodeMessage(ResponderFinish, { proof });
  return tagged(HandshakeType.RESPONDER_FINISH, bytes);
}

export function encodeIngressHello(init: Partial<IngressHello>): Uint8Array {
  const bytes = encodeMessage(IngressHello, init);
  return tagged(HandshakeType.INGRESS_HELLO, bytes);
}

/** Decodes a handshake message; HANDSHAKE_FAILED when the bytes are none. */
export function decodeHandshakeMessage(message: Uint8Array): HandshakeMessage {
  const bytes = message.subarray(1);
  try {
    if (message.byteLength > LIMITS.maxHandshakeBytes) throw new Error('too large');
    switch (message[0]) {
      case HandshakeType.RESPONDER_HELLO:
        decodeMessage(ResponderHello, bytes);
        return { type: 'responderHello', bytes };
      case HandshakeType.INITIATOR_HELLO:
        return { type: 'initiatorHello', hello: decodeMessage(InitiatorHello, bytes) };
      case HandshakeType.RESPONDER_FINISH:
        return { type: 'responderFinish', finish: decodeMessage(ResponderFinish, bytes) };
      case HandshakeType.INGRESS_HELLO:
        return { type: 'ingressHello', hello: decodeMessage(IngressHello, bytes) };
      default:
        throw new Error('unknown type');
    }
  } catch (cause) {
    throw new WingmanError('HANDSHAKE_FAILED', 'not a handshake message', { cause });
  }
}

function tagged(type: number, bytes: Uint8Array): Uint8Array {
  return concatBytes([Uint8Array.of(type), bytes]);
}
