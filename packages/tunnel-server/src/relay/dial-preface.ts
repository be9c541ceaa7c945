import { DialPreface, encodeMessage } from '@wingman/protocol';
import type { WebSocket } from 'ws';

/** Tells the host, before anything of the viewer's passes, whose connection this is. */
export function sendPreface(host: WebSocket, viewerId: string): void {
  host.send(encodeMessage(DialPreface, { viewerId }), { binary: true });
}
