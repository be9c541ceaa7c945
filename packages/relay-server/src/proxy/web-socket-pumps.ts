import type { TunnelWebSocket, WebSocketClose } from '@wingman/protocol';
import { LIMITS } from '@wingman/protocol';
import type { RawData, WebSocket } from 'ws';
import { HOST_LIMITS } from '../limits.js';

const NO_STATUS = 1005;
const ABNORMAL_CLOSURE = 1006;
const MAX_REASON_BYTES = 123;

/** Joins an open WebSocket of the app with its tunnel end; messages, closes and fullness pass both ways. */
export function joinWebSockets(app: WebSocket, tunnel: TunnelWebSocket): void {
  pumpToViewer(app, tunnel);
  pumpToApp(app, tunnel).catch(() => app.terminate());
}

function pumpToViewer(app: WebSocket, tunnel: TunnelWebSocket): void {
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
    count(1, bytes.byteLength);
    last = tunnel.send(isBinary ? bytes : bytes.toString()).then(
      () => count(-1, -bytes.byteLength),
      () => app.terminate(),
    );
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

async function pumpToApp(app: WebSocket, tunnel: TunnelWebSocket): Promise<void> {
  for (;;) {
    const message = await tunnel.receive();
    if (isClose(message)) return closeApp(app, message);
    await sendToApp(app, message);
  }
}

/** Waits only while the app is slow: a callback for each message would cost small ones dearly. */
function sendToApp(app: WebSocket, message: string | Uint8Array): Promise<void> {
  if (app.bufferedAmount < LIMITS.carrierLowWaterBytes) {
    app.send(message, () => undefined);
    return Promise.resolve();
  }
  return new Promise((resolve) => app.send(message, () => resolve()));
}

function closeApp(app: WebSocket, { code, reason }: WebSocketClose): void {
  if (code === NO_STATUS) return app.close();
  if (code === ABNORMAL_CLOSURE || !isSendable(code, reason)) return app.terminate();
  app.close(code, reason);
}

/** What RFC 6455 sections 5.5 and 7.4 let an endpoint send: the viewer is not trusted with our frames. */
function isSendable(code: number, reason: string): boolean {
  if (Buffer.byteLength(reason) > MAX_REASON_BYTES) return false;
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && ![1004, NO_STATUS, ABNORMAL_CLOSURE].includes(code);
}

function isClose(message: string | Uint8Array | WebSocketClose): message is WebSocketClose {
  return typeof message === 'object' && !(message instanceof Uint8Array);
}

function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}
