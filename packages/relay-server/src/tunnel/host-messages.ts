import {
  type DeepPartial,
  decodeMessage,
  encodeMessage,
  HostMessage,
  ServerToHost,
} from '@wingman/protocol';

/** One message to the tunnel server: `{ $case, value }` of the HostMessage envelope. */
export type ToServer = NonNullable<DeepPartial<HostMessage>['message']>;
/** One message from it. */
export type FromServer = ServerToHost['message'];

export function encodeToServer(message: ToServer): Uint8Array {
  return encodeMessage(HostMessage, { message });
}

/** Fails with PROTOCOL_ERROR. */
export function decodeFromServer(bytes: Uint8Array): FromServer {
  return decodeMessage(ServerToHost, bytes).message;
}
