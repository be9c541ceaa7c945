import {
  decodeMessage,
  encodeMessage,
  HostMessageSchema,
  ServerToHostSchema,
  ServerToViewerSchema,
  ViewerMessageSchema,
  type HostMessage,
  type ViewerMessage,
} from '@wingman/protocol';

type Init<Schema extends typeof ServerToHostSchema | typeof ServerToViewerSchema> = NonNullable<
  Parameters<typeof encodeMessage<Schema>>[1]['message']
>;

/** One message to a host: `{ case, value }` of the ServerToHost envelope. */
export type ToHost = Init<typeof ServerToHostSchema>;
/** One message to a viewer: `{ case, value }` of the ServerToViewer envelope. */
export type ToViewer = Init<typeof ServerToViewerSchema>;
/** One message from a host. */
export type FromHost = HostMessage['message'];
/** One message from a viewer. */
export type FromViewer = ViewerMessage['message'];

export function encodeToHost(message: ToHost): Uint8Array {
  return encodeMessage(ServerToHostSchema, { message });
}

export function encodeToViewer(message: ToViewer): Uint8Array {
  return encodeMessage(ServerToViewerSchema, { message });
}

/** Throws WingmanError PROTOCOL_ERROR. */
export function decodeFromHost(bytes: Uint8Array): FromHost {
  return decodeMessage(HostMessageSchema, bytes).message;
}

/** Throws WingmanError PROTOCOL_ERROR. */
export function decodeFromViewer(bytes: Uint8Array): FromViewer {
  return decodeMessage(ViewerMessageSchema, bytes).message;
}
