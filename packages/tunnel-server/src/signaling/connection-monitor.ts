import { Heartbeat } from '@wingman/node-kit';
import type { Clock } from '@wingman/protocol';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { SERVER_LIMITS } from '../limits.js';

const { appMisses, heartbeatMs, hostAnswerMs, hostHeartbeatMs } = SERVER_LIMITS;
const { hostMisses, signalingMisses } = SERVER_LIMITS;

/** Most relay sockets are ready for a viewer who has not come. Links notice death by themselves. */
const OF_A_HOST = {
  everyMs: hostHeartbeatMs,
  allowedMisses: hostMisses,
  answerMs: hostAnswerMs,
  sparesHeard: true,
} as const;

/**
 * How a WebSocket is watched, by what it is for. A host pings by itself, on the connections that it keeps ready too. A
 * browser can't, so a viewer is asked at each beat: its tab may hear from nobody else for hours.
 */
const RHYTHMS = {
  host: OF_A_HOST,
  viewer: { everyMs: heartbeatMs, allowedMisses: signalingMisses, sparesHeard: false },
  relay: OF_A_HOST,
  app: { everyMs: heartbeatMs, allowedMisses: appMisses, sparesHeard: true },
} as const;

/** What a WebSocket of the server is for. */
export type WatchedKind = keyof typeof RHYTHMS;

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

  /** Watches until the WebSocket closes. */
  watch(webSocket: WebSocket, socket: Socket, kind: WatchedKind): void {
    const heartbeat = new Heartbeat(webSocket, socket, {
      ...RHYTHMS[kind],
      clock: this.#clock,
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
