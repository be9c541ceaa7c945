import { Heartbeat } from '@wingman/node-kit';
import type { Clock } from '@wingman/protocol';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { SERVER_LIMITS } from '../limits.js';

/** Pings every WebSocket of the server and ends those whose peer is dead. */
export class ConnectionMonitor {
  readonly #clock: Clock;
  readonly #heartbeats = new Set<Heartbeat>();
  #deadPeers = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Peers ended so far. */
  get deadPeers(): number {
    return this.#deadPeers;
  }

  /** WebSockets watched now. */
  get size(): number {
    return this.#heartbeats.size;
  }

  /** Watches until the WebSocket closes; `allowedMisses` heartbeats may stay without a sign of life. */
  watch(webSocket: WebSocket, socket: Socket, allowedMisses: number): void {
    const heartbeat = new Heartbeat(webSocket, socket, {
      clock: this.#clock,
      everyMs: SERVER_LIMITS.heartbeatMs,
      allowedMisses,
      // Where one ping less before the verdict says as much: most of a server's WebSockets are relays that have nothing to do.
      sparesHeard: allowedMisses > SERVER_LIMITS.signalingMisses,
      onDead: () => (this.#deadPeers += 1),
    });
    this.#heartbeats.add(heartbeat);
    webSocket.once('close', () => this.#heartbeats.delete(heartbeat));
  }

  close(): void {
    for (const heartbeat of this.#heartbeats) heartbeat.stop();
    this.#heartbeats.clear();
  }
}
