import {
  isMessagePart,
  LIMITS,
  MessageMeter,
  type Clock,
  type ErrorCode,
  type FairShare,
  type MessagePart,
  type TunnelWebSocket,
  type WebSocketClose,
} from '@wingman/protocol';
import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';
import { asBytes } from '../signaling/signaling-socket.js';

const POLICY_VIOLATION = 1008;
const TOO_BIG = 1009;
const NO_STATUS = 1005;
const ABNORMAL = 1006;

/** A client's WebSocket, and the socket below it. */
export interface Client {
  readonly webSocket: WebSocket;
  readonly socket: Socket;
}

/** What bounds the messages that are held for clients. */
export interface MessageBounds {
  readonly share: FairShare<MessageMeter>;
  readonly clock: Clock;
  /** A client is closed because it has exceeded them. */
  exceeded(code: ErrorCode): void;
}

/** Carries messages and the close between a client's WebSocket and one over the link; resolves when both have ended. The client comes paused. */
export async function pumpWebSocket(
  client: Client,
  tunnel: TunnelWebSocket,
  bounds: MessageBounds,
): Promise<void> {
  const { webSocket } = client;
  const closed = new Promise<void>((resolve) => webSocket.once('close', () => resolve()));
  webSocket.on('error', () => undefined);
  if (webSocket.readyState === webSocket.CLOSED) return tunnel.abort('CANCELLED');
  pumpToTunnel(webSocket, tunnel, meterOf(client, bounds));
  webSocket.resume();
  await pumpToClient(webSocket, tunnel);
  await closed;
}

/** `ws` puts messages together before it shows them: what that takes is counted below it. */
function meterOf({ webSocket, socket }: Client, bounds: MessageBounds): MessageMeter {
  const meter = new MessageMeter(bounds.share, bounds.clock, ({ code }) => {
    bounds.exceeded(code);
    webSocket.close(code === 'TIMEOUT' ? POLICY_VIOLATION : TOO_BIG, code);
    // What still comes is dropped: a socket that isn't read to its end might lose our close frame.
    socket.removeAllListeners('data').resume();
  });
  socket.prependListener('data', (chunk: Buffer) => meter.received(chunk.byteLength));
  webSocket.on('ping', (payload) => meter.control(payload.byteLength));
  webSocket.on('pong', (payload) => meter.control(payload.byteLength));
  webSocket.once('close', () => meter.close());
  return meter;
}

function pumpToTunnel(client: WebSocket, tunnel: TunnelWebSocket, meter: MessageMeter): void {
  let sending = 0;
  client.on('message', (data, isBinary) => {
    const handedOn = meter.completed();
    sending += 1;
    client.pause();
    // The next messages wait in the socket until this one is with the link.
    void toTunnel(tunnel, data, isBinary).then(() => {
      handedOn();
      sending -= 1;
      if (sending === 0) client.resume();
    });
  });
  client.on('close', (code, reason) => {
    if (code === ABNORMAL) tunnel.abort('CANCELLED');
    else if (code === NO_STATUS) tunnel.close();
    else tunnel.close(code, reason.toString());
  });
}

async function toTunnel(tunnel: TunnelWebSocket, data: RawData, isBinary: boolean): Promise<void> {
  try {
    await tunnel.send(asBytes(data), !isBinary);
  } catch {
    // The stream has failed: `receivePart` says so, and closes the client.
  }
}

/** Parts go on as they come: a whole message would have to wait here for the client to read it. */
async function pumpToClient(client: WebSocket, tunnel: TunnelWebSocket): Promise<void> {
  for (;;) {
    const part = await tunnel.receivePart();
    if (!isMessagePart(part)) return closeClient(client, part);
    await sendPart(client, part);
  }
}

/** Waits only while the client is slow: a callback for each message would cost small ones dearly. */
function sendPart(client: WebSocket, { bytes, isText, isLast }: MessagePart): Promise<void> {
  const options = { binary: !isText, fin: isLast };
  // An error here is followed by `close`, which is what we act on.
  if (client.bufferedAmount < LIMITS.webSocketQueueBytes) {
    client.send(bytes, options, () => undefined);
    return Promise.resolve();
  }
  return new Promise((resolve) => client.send(bytes, options, () => resolve()));
}

function closeClient(client: WebSocket, close: WebSocketClose): void {
  client.resume();
  if (close.code === ABNORMAL) client.terminate();
  else if (close.code === NO_STATUS) client.close();
  else if (isSendable(close)) client.close(close.code, close.reason);
  else client.terminate();
}

/** What a close frame may say (RFC 6455 sections 5.5 and 7.4): the host is not trusted with our frames. */
function isSendable({ code, reason }: WebSocketClose): boolean {
  const isDefined = code >= 1000 && code <= 1014 && code !== 1004;
  const isPrivate = code >= 3000 && code <= 4999;
  return (isDefined || isPrivate) && Buffer.byteLength(reason) <= 123;
}
