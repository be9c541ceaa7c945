import {
  decodeMessage,
  encodeMessage,
  type DeepPartial,
  type MessageCodec,
} from '../exchange/proto-message.js';
import type {
  HostMessage,
  ServerToHost,
  ServerToViewer,
  ViewerMessage,
} from '../gen/wingman/v1/signaling.js';

/** A message that is one of several kinds, as every signaling message is. */
type Envelope = HostMessage | ServerToHost | ServerToViewer | ViewerMessage;

/** The content of an envelope for its sender: `{ $case, value }`, where fields may be left out. */
export type SentCase<Kind extends Envelope> = NonNullable<DeepPartial<Kind>['message']>;
/** The content of an envelope for its receiver; undefined for a kind that this version does not know. */
export type ReceivedCase<Kind extends Envelope> = Kind['message'];

/** Serializes one signaling message. */
export function encodeEnvelope<Kind extends Envelope>(
  type: MessageCodec<Kind>,
  message: SentCase<NoInfer<Kind>>,
): Uint8Array {
  // The compiler can't see that every envelope has this field.
  return encodeMessage(type, { message } as DeepPartial<Kind>);
}

/** Parses one signaling message; throws PROTOCOL_ERROR. */
export function decodeEnvelope<Kind extends Envelope>(
  type: MessageCodec<Kind>,
  bytes: Uint8Array,
): ReceivedCase<Kind> {
  return decodeMessage(type, bytes).message;
}

/** The version of the signaling schema and of the frames. A host sends it when it registers. */
export const PROTOCOL_VERSION = 2;
