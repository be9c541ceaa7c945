import {
  type DeepPartial,
  decodeMessage,
  encodeMessage,
  HostMessage,
  ServerToHost,
  ServerToViewer,
  ViewerMessage,
} from '@wingman/protocol';

/** One message to a host: `{ $case, value }` of the ServerToHost envelope. */
export type ToHost = NonNullable<DeepPartial<ServerToHost>['message']>;
/** One message to a viewer: `{ $case, value }` of the ServerToViewer envelope. */
export type ToViewer = NonNullable<DeepPartial<ServerToViewer>['message']>;
/** One message from a host. */
export type FromHost = HostMessage['message'];
/** One message from a viewer. */
export type FromViewer = ViewerMessage['message'];

export function encodeToHost(message: ToHost): Uint8Array {
  return encodeMessage(ServerToHost, { message });
}

export function encodeToViewer(message: ToViewer): Uint8Array {
  return encodeMessage(ServerToViewer, { message });
}

/** Throws WingmanError PROTOCOL_ERROR. */
export function decodeFromHost(bytes: Uint8Array): FromHost {
  return decodeMessage(HostMessage, bytes).message;
}

/** Throws WingmanError PROTOCOL_ERROR. */
export function decodeFromViewer(bytes: Uint8Array): FromViewer {
  return decodeMessage(ViewerMessage, bytes).message;
}
