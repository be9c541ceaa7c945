import type { Clock, Timer } from '@wingman/protocol';
import type { WebSocket } from 'ws';
import { HOST_LIMITS } from '../limits.js';

/** Pings a WebSocket until it closes or `stop` is called; one that is silent between two pings is cut. */
export class KeepAlive {
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  #isAnswered = true;
  /** An answer is awaited soon. */
  #isProbed = false;
  #timer: Timer | undefined;

  constructor(socket: WebSocket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    const alive = (): void => {
      this.#isAnswered = true;
      this.#isProbed = false;
    };
    // Anything the server says proves that it lives, as a pong does.
    for (const event of ['pong', 'ping', 'message'] as const) socket.on(event, alive);
    socket.once('close', () => this.stop());
    this.#next(HOST_LIMITS.serverPingMs);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Asks now, and for an answer soon: something else has just broken that went the same way. */
  probe(): void {
    // Another question meanwhile must not put off the verdict on the first.
    if (this.#isProbed || this.#socket.readyState !== this.#socket.OPEN) return;
    this.#isProbed = true;
    this.#isAnswered = true;
    this.#beat(HOST_LIMITS.serverProbeMs);
  }

  #beat(patienceMs: number): void {
    if (!this.#isAnswered) return this.#socket.terminate();
    this.#isAnswered = false;
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping();
    this.#next(patienceMs);
  }

  #next(milliseconds: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimeout(() => this.#beat(HOST_LIMITS.serverPingMs), milliseconds);
  }
}
