import { WingmanError, type ErrorCode } from '../errors.js';
import { Answer, IceCandidate, Offer } from '../gen/wingman/v1/signaling.js';
import { LIMITS } from '../limits.js';
import type { MuxStream } from '../mux/mux-stream.js';
import type { Mux } from '../mux/mux.js';
import { concatBytes } from '../wire/bytes.js';
import { MessageType, tag, type MessageTypeCode } from './message-type.js';
import { decodeMessage, encodeMessage, type MessageCodec } from './proto-message.js';

/** What host and viewer tell each other about a further lane after the offer. */
export type LaneMessage =
  | { readonly type: 'answer'; readonly sdp: string }
  | { readonly type: 'candidate'; readonly candidate: string; readonly mid: string };

/**
 * The negotiation of one further lane of a direct path, on a stream of its own. Offer, answer and candidates travel on
 * the link and not through the server, because the link has proved both ends. The handshake on the new lane binds the
 * DTLS fingerprints, as on the first lane.
 */
export class LaneNegotiation {
  constructor(private readonly stream: MuxStream) {}

  /** Sends a message to the peer. A stream that has failed drops the message. */
  send(message: LaneMessage): void {
    const bytes = encodeLaneMessage(message);
    this.stream.write([bytes]).catch(() => undefined);
  }

  /** Calls `told` with each message of the peer until the peer says END. Rejects with the code of a reset, or PROTOCOL_ERROR. */
  async read(told: (message: LaneMessage) => void): Promise<void> {
    try {
      for (;;) {
        const bytes = await this.stream.read();
        if (bytes === undefined) return;
        told(decodeLaneMessage(bytes));
      }
    } catch (error) {
      this.stream.reset('PROTOCOL_ERROR');
      throw error;
    }
  }

  /** Says END: this side has nothing more to say. */
  end(): void {
    this.stream.end();
  }

  reset(code: ErrorCode): void {
    this.stream.reset(code);
  }
}

/** Offers the host a further lane. A host that does not support further lanes resets the stream. */
export function offerLane(mux: Mux, sdp: string): LaneNegotiation {
  return new LaneNegotiation(mux.open(message(MessageType.LANE_OFFER, Offer, { sdp })));
}

/** The session description in the payload that opens a negotiation; PROTOCOL_ERROR when the payload is no offer. */
export function decodeLaneOffer(payload: Uint8Array): string {
  return decodeMessage(Offer, payload).sdp;
}

/** Encodes one message of a negotiation. Candidates have the form of RFC 8839 section 5.1. */
export function encodeLaneMessage(said: LaneMessage): Uint8Array {
  if (said.type === 'answer') return message(MessageType.LANE_ANSWER, Answer, { sdp: said.sdp });
  const { candidate, mid: sdpMid } = said;
  return message(MessageType.LANE_CANDIDATE, IceCandidate, { candidate, sdpMid });
}

/** Decodes one message of a negotiation; PROTOCOL_ERROR when the message is malformed. */
export function decodeLaneMessage(bytes: Uint8Array): LaneMessage {
  const payload = bytes.subarray(1);
  switch (bytes[0]) {
    case MessageType.LANE_ANSWER:
      return { type: 'answer', sdp: decodeMessage(Answer, payload).sdp };
    case MessageType.LANE_CANDIDATE: {
      const { candidate, sdpMid: mid } = decodeMessage(IceCandidate, payload);
      return { type: 'candidate', candidate, mid };
    }
    default:
      throw new WingmanError(
        'PROTOCOL_ERROR',
        `unknown type of a negotiation message: ${bytes[0]}`,
      );
  }
}

function message<T>(
  type: MessageTypeCode,
  codec: MessageCodec<T>,
  fields: Parameters<typeof encodeMessage<T>>[1],
): Uint8Array {
  const encoded = encodeMessage(codec, fields);
  if (encoded.byteLength > LIMITS.maxHeadBytes) {
    throw new WingmanError('LIMIT_EXCEEDED', 'the description of a lane is too large');
  }
  return concatBytes([tag(type), encoded]);
}
