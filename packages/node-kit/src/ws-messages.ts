import {
  LIMITS,
  MessageMeter,
  type Clock,
  type ErrorCode,
  type FairShare,
  type MessagePart,
} from '@wingman/protocol';
import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';

const POLICY_VIOLATION = 1008;
const TOO_BIG = 1009;

/** An open WebSocket, and the socket below it. */
export interface OpenWebSocket {
  readonly webSocket: WebSocket;
  readonly socket: Socket;
}

/** What bounds the messages of a WebSocket that are held until they are whole. */
export interface MessageBounds {
  readonly share: FairShare<MessageMeter>;
  readonly clock: Clock;
  /** The WebSocket is being closed with this status, because its message took too much memory or time. */
  readonly exceeded?: (code: ErrorCode, status: number) => void;
}

/** Counts what a WebSocket receives. `ws` puts messages together before it shows them, so the bytes are counted below it. */
export function meterMessages(
  { webSocket, socket }: OpenWebSocket,
  { share, clock, exceeded }: MessageBounds,
): MessageMeter {
  const meter = new MessageMeter(share, clock, ({ code }) => {
    const status = code === 'TIMEOUT' ? POLICY_VIOLATION : TOO_BIG;
    exceeded?.(code, status);
    webSocket.close(status, code);
    // Further bytes are read and dropped: the peer might lose our close frame if the socket were not read to its end.
    socket.removeAllListeners('data').resume();
  });
  socket.prependListener('data', (chunk: Buffer) => meter.received(chunk.byteLength));
  webSocket.on('ping', (payload) => meter.control(payload.byteLength));
  webSocket.on('pong', (payload) => meter.control(payload.byteLength));
  webSocket.once('close', () => meter.close());
  return meter;
}

/** Sends a part of a message. Waits only while the socket is slow: a callback for each message would cost small ones dearly. */
export function sendPart(
  webSocket: WebSocket,
  { bytes, isText, isLast }: MessagePart,
): Promise<void> {
  const options = { binary: !isText, fin: isLast };
  // An error here is followed by `close`, which is what the callers act on.
  if (webSocket.bufferedAmount < LIMITS.webSocketQueueBytes) {
    webSocket.send(bytes, options, () => undefined);
    return Promise.resolve();
  }
  return new Promise((resolve) => webSocket.send(bytes, options, () => resolve()));
}

/** The bytes of a `ws` message, which is one Buffer unless another binaryType was set; nothing is copied then. */
export function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
