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
import type { RawData, WebSocket } from 'ws';

/** Carries messages and the close between a client's WebSocket and one over the link; resolves when both have ended. The client comes paused. */
export async function pumpWebSocket(
  client: OpenWebSocket,
  tunnel: TunnelWebSocket,
  bounds: MessageBounds,
): Promise<void> {
  const { webSocket } = client;
  const closed = new Promise<void>((resolve) => webSocket.once('close', () => resolve()));
  webSocket.on('error', () => undefined);
  if (webSocket.readyState === webSocket.CLOSED) return tunnel.abort('CANCELLED');
  pumpToTunnel(webSocket, tunnel, meterMessages(client, bounds));
  webSocket.resume();
  await pumpToClient(webSocket, tunnel);
  await closed;
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
    if (code === ABNORMAL_CLOSURE) tunnel.abort('CANCELLED');
    else if (code === NO_STATUS) tunnel.close();
    else tunnel.close(code, reason.toString());
  });
}

async function toTunnel(tunnel: TunnelWebSocket, data: RawData, isBinary: boolean): Promise<void> {
  try {
    await tunnel.send(bytesOf(data), !isBinary);
  } catch {
    // The stream has failed: `receivePart` says so, and closes the client.
  }
}

/** Parts go on as they come: a whole message would have to wait here for the client to read it. */
async function pumpToClient(client: WebSocket, tunnel: TunnelWebSocket): Promise<void> {
  for (;;) {
    const part = await tunnel.receivePart();
    if (!isMessagePart(part)) return closeLike(client, part);
    await sendPart(client, part);
  }
}
