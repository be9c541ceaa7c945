import {
  isMessagePart,
  LIMITS,
  MessageMeter,
  type Clock,
  type FairShare,
  type MessagePart,
  type TunnelWebSocket,
  type WebSocketClose,
} from '@wingman/protocol';
import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';
import { HOST_LIMITS } from '../limits.js';

const NO_STATUS = 1005;
const ABNORMAL_CLOSURE = 1006;
const POLICY_VIOLATION = 1008;
const TOO_BIG = 1009;

/** An open WebSocket of the app, and the socket below it. */
export interface AppSocket {
  readonly webSocket: WebSocket;
  readonly socket: Socket;
}

/** What bounds the messages that are held for viewers. */
export interface MessageBounds {
  readonly share: FairShare<MessageMeter>;
  readonly clock: Clock;
}

/** Joins an open WebSocket of the app with its tunnel end; messages, closes and fullness pass both ways. */
export function joinWebSockets(
  app: AppSocket,
  tunnel: TunnelWebSocket,
  bounds: MessageBounds,
): void {
  pumpToViewer(app.webSocket, tunnel, meterOf(app, tunnel, bounds));
  void pumpToApp(app.webSocket, tunnel);
}

/** `ws` puts messages together before it shows them: what that takes is counted below it. */
function meterOf(
  { webSocket, socket }: AppSocket,
  tunnel: TunnelWebSocket,
  { share, clock }: MessageBounds,
): MessageMeter {
  const meter = new MessageMeter(share, clock, ({ code }) => {
    const status = code === 'TIMEOUT' ? POLICY_VIOLATION : TOO_BIG;
    tunnel.close(status, code);
    webSocket.close(status, code);
    // What still comes is dropped: a socket that isn't read to its end might lose our close frame.
    socket.removeAllListeners('data').resume();
  });
  socket.prependListener('data', (chunk: Buffer) => meter.received(chunk.byteLength));
  webSocket.on('ping', (payload) => meter.control(payload.byteLength));
  webSocket.on('pong', (payload) => meter.control(payload.byteLength));
  webSocket.once('close', () => meter.close());
  return meter;
}

function pumpToViewer(app: WebSocket, tunnel: TunnelWebSocket, meter: MessageMeter): void {
  let waiting = 0;
  let waitingBytes = 0;
  let last: Promise<void> = Promise.resolve();
  const isFull = (): boolean =>
    waiting >= HOST_LIMITS.webSocketBacklog || waitingBytes >= HOST_LIMITS.webSocketBacklogBytes;
  const count = (messages: number, bytes: number): void => {
    waiting += messages;
    waitingBytes += bytes;
    if (isFull()) app.pause();
    else if (app.isPaused) app.resume();
  };
  app.on('message', (data, isBinary) => {
    const bytes = bytesOf(data);
    const handedOn = meter.completed();
    count(1, bytes.byteLength);
    last = tunnel
      .send(bytes, !isBinary)
      .then(
        () => count(-1, -bytes.byteLength),
        () => app.terminate(),
      )
      .finally(handedOn);
  });
  // `ws` closes the socket itself after an error.
  app.on('error', () => undefined);
  app.once('close', (code, reason) => {
    void last.then(() => closeTunnel(tunnel, code, reason.toString()));
  });
}

function closeTunnel(tunnel: TunnelWebSocket, code: number, reason: string): void {
  if (code === ABNORMAL_CLOSURE) tunnel.abort('UPSTREAM_ABORTED');
  else if (code === NO_STATUS) tunnel.close();
  else tunnel.close(code, reason);
}

/** Parts go on as they come: a whole message would have to wait here for the app to read it. */
async function pumpToApp(app: WebSocket, tunnel: TunnelWebSocket): Promise<void> {
  for (;;) {
    const part = await tunnel.receivePart();
    if (!isMessagePart(part)) return closeApp(app, part);
    await sendPart(app, part);
  }
}

/** Waits only while the app is slow: a callback for each message would cost small ones dearly. */
function sendPart(app: WebSocket, { bytes, isText, isLast }: MessagePart): Promise<void> {
  const options = { binary: !isText, fin: isLast };
  if (app.bufferedAmount < LIMITS.webSocketQueueBytes) {
    app.send(bytes, options, () => undefined);
    return Promise.resolve();
  }
  return new Promise((resolve) => app.send(bytes, options, () => resolve()));
}

function closeApp(app: WebSocket, { code, reason }: WebSocketClose): void {
  if (code === NO_STATUS) return app.close();
  if (code === ABNORMAL_CLOSURE || !isSendable(code)) return app.terminate();
  app.close(code, reason);
}

/** What RFC 6455 section 7.4 lets an endpoint send. */
function isSendable(code: number): boolean {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && ![1004, NO_STATUS, ABNORMAL_CLOSURE].includes(code);
}

function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}
