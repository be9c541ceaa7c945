import {
  bytesOf,
  closeLike,
  meterMessages,
  sendPart,
  type MessageBounds,
  type OpenWebSocket,
} from '@wingman/node-kit';
import {
  ABNORMAL_CLOSURE,
  isMessagePart,
  NO_STATUS,
  type MessageMeter,
  type TunnelWebSocket,
} from '@wingman/protocol';
import type { WebSocket } from 'ws';
import { HOST_LIMITS } from '../limits.js';

/** Joins an open WebSocket of the app with its tunnel end; messages, closes and fullness pass both ways. */
export function joinWebSockets(
  app: OpenWebSocket,
  tunnel: TunnelWebSocket,
  bounds: MessageBounds,
): void {
  const exceeded: MessageBounds['exceeded'] = (code, status) => tunnel.close(status, code);
  const { webSocket } = app;
  pumpToViewer(webSocket, tunnel, meterMessages(app, { ...bounds, exceeded }));
  pumpToApp(webSocket, tunnel).catch(() => webSocket.terminate());
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
    if (!isMessagePart(part)) return closeLike(app, part);
    await sendPart(app, part);
  }
}
