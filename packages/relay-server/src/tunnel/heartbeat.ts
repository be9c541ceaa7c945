import type { Clock, Timer } from '@wingman/protocol';
import type { WebSocket } from 'ws';
import { HOST_LIMITS } from '../limits.js';

/** Pings a WebSocket until it closes or the returned function is called; one that is silent between two pings is cut. */
export function keepAlive(
  socket: WebSocket,
  clock: Clock,
  intervalMs: number = HOST_LIMITS.serverPingMs,
): () => void {
  let answered = true;
  let timer: Timer;
  const beat = (): void => {
    if (!answered) return socket.terminate();
    answered = false;
    if (socket.readyState === socket.OPEN) socket.ping();
    timer = clock.setTimeout(beat, intervalMs);
  };
  timer = clock.setTimeout(beat, intervalMs);
  const alive = (): void => {
    answered = true;
  };
  // Anything the server says proves that it lives, as a pong does.
  for (const event of ['pong', 'ping', 'message'] as const) socket.on(event, alive);
  const stop = (): void => timer.cancel();
  socket.once('close', stop);
  return stop;
}
