import type { Clock, Timer } from '@wingman/protocol';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { SERVER_LIMITS } from '../limits.js';

interface Watched {
  readonly webSocket: WebSocket;
  readonly socket: Socket;
  /** Silent heartbeats allowed. */
  readonly allowed: number;
  missed: number;
  bytesRead: number;
  /** Bytes the kernel had taken, and bytes still queued here, at the last heartbeat. */
  flushed: number;
  queued: number;
}

/**
 * Pings every WebSocket and ends those whose peer is dead. A peer is alive when anything has come
 * from it, or when it has taken some of what was queued for it: a slow reader's pong waits behind
 * the data, and must not cost it the connection.
 */
export class ConnectionMonitor {
  readonly #clock: Clock;
  readonly #watched = new Set<Watched>();
  #timer: Timer | undefined;
  #deadPeers = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#schedule();
  }

  /** Peers ended so far. */
  get deadPeers(): number {
    return this.#deadPeers;
  }

  get size(): number {
    return this.#watched.size;
  }

  /** Watches until the WebSocket closes; `allowed` heartbeats may stay without a sign of life. */
  watch(webSocket: WebSocket, socket: Socket, allowed: number): void {
    const watched: Watched = { webSocket, socket, allowed, missed: 0, ...progressOf(socket) };
    this.#watched.add(watched);
    webSocket.once('close', () => this.#watched.delete(watched));
  }

  close(): void {
    this.#timer?.cancel();
    this.#watched.clear();
  }

  #schedule(): void {
    this.#timer = this.#clock.setTimeout(() => {
      for (const watched of [...this.#watched]) this.#beat(watched);
      this.#schedule();
    }, SERVER_LIMITS.heartbeatMs);
  }

  #beat(watched: Watched): void {
    const { webSocket, socket } = watched;
    if (webSocket.readyState !== webSocket.OPEN) return;
    const now = progressOf(socket);
    const hasTaken = watched.queued > 0 && now.flushed > watched.flushed;
    // While we don't read from it, for back-pressure, it can't show that it lives.
    const isAlive = now.bytesRead > watched.bytesRead || hasTaken || webSocket.isPaused;
    watched.missed = isAlive ? 0 : watched.missed + 1;
    Object.assign(watched, now);
    if (watched.missed <= watched.allowed) return webSocket.ping();
    this.#deadPeers += 1;
    webSocket.terminate();
  }
}

function progressOf(socket: Socket): Pick<Watched, 'bytesRead' | 'flushed' | 'queued'> {
  const queued = socket.writableLength;
  return { bytesRead: socket.bytesRead, flushed: socket.bytesWritten - queued, queued };
}
