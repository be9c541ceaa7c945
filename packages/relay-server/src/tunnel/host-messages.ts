import {
  decodeMessage,
  encodeMessage,
  HostMessageSchema,
  ServerToHostSchema,
  type ServerToHost,
} from '@wingman/protocol';

/** One message to the tunnel server: `{ case, value }` of the HostMessage envelope. */
export type ToServer = NonNullable<
  Parameters<typeof encodeMessage<typeof HostMessageSchema>>[1]['message']
>;
/** One message from it. */
export type FromServer = ServerToHost['message'];

export function encodeToServer(message: ToServer): Uint8Array {
  return encodeMessage(HostMessageSchema, { message });
}

/** Fails with PROTOCOL_ERROR. */
export function decodeFromServer(bytes: Uint8Array): FromServer {
  return decodeMessage(ServerToHostSchema, bytes).message;
}
