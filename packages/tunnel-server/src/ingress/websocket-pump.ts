import { bytesOf, closeLike } from '@wingman/node-kit';
import { ABNORMAL_CLOSURE, NO_STATUS, type TunnelWebSocket } from '@wingman/protocol';
import type { RawData, WebSocket } from 'ws';
import { SERVER_LIMITS } from '../limits.js';

/** Carries messages and the close between a client's WebSocket and one over the link; resolves when both have ended. The client comes paused. */
export async function pumpWebSocket(client: WebSocket, tunnel: TunnelWebSocket): Promise<void> {
  const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
  client.on('error', () => undefined);
  let sending = 0;
  client.on('message', (data, isBinary) => {
    sending += 1;
    client.pause();
    // The next messages wait in the socket until this one is with the link.
    void toTunnel(tunnel, data, isBinary).then(() => {
      sending -= 1;
      if (sending === 0) client.resume();
    });
  });
  client.on('close', (code, reason) => {
    if (code === ABNORMAL_CLOSURE) tunnel.abort('CANCELLED');
    else if (code === NO_STATUS) tunnel.close();
    else tunnel.close(code, reason.toString());
  });
  if (client.readyState === client.CLOSED) return tunnel.abort('CANCELLED');
  client.resume();
  await toClient(client, tunnel);
  await closed;
}

async function toTunnel(tunnel: TunnelWebSocket, data: RawData, isBinary: boolean): Promise<void> {
  const bytes = bytesOf(data);
  try {
    await tunnel.send(isBinary ? bytes : bytes.toString());
  } catch {
    // The stream has failed: `receive` says so, and closes the client.
  }
}

async function toClient(client: WebSocket, tunnel: TunnelWebSocket): Promise<void> {
  for (;;) {
    const message = await tunnel.receive();
    if (typeof message !== 'string' && !(message instanceof Uint8Array)) {
      return closeLike(client, message);
    }
    await sendToClient(client, message);
  }
}

function sendToClient(client: WebSocket, message: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const isBinary = typeof message !== 'string';
    const isCrowded = client.bufferedAmount > SERVER_LIMITS.spliceHighWaterBytes;
    // An error here is followed by `close`, which is what we act on.
    client.send(message, { binary: isBinary }, () => isCrowded && resolve());
    if (!isCrowded) resolve();
  });
}
