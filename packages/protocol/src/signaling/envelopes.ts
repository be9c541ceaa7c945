import {
  decodeMessage,
  encodeMessage,
  type DeepPartial,
  type MessageCodec,
} from '../exchange/proto-message.js';
import {
  Capability,
  type HostMessage,
  type ServerToHost,
  type ServerToViewer,
  type ViewerMessage,
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

/** The version of the signaling schema and of the frames. Server and host tell each other before anything else. */
export const PROTOCOL_VERSION = 2;

/** What server and host of this version can do, beyond what their protocol version says. */
export const CAPABILITIES: readonly Capability[] = [Capability.MOVE];

/** What a person is told when a host and its server can't talk, and which of both has to be updated; empty when they can. */
export function versionConflict(server: number, host: number): string {
  if (server === host) return '';
  const cure =
    server < host
      ? 'the tunnel server is older: its operator has to update it'
      : "the host is older: update wingman on the developer's machine";
  return `the tunnel server speaks protocol version ${server}, the host ${host}: ${cure}`;
}
