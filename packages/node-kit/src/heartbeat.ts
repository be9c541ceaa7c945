import type { Clock, Timer } from '@wingman/protocol';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { beatGridOf } from './beat-grid.js';

export interface HeartbeatOptions {
  readonly clock: Clock;
  /** Between two pings, in milliseconds; a function is asked before each wait. */
  readonly everyMs: number | (() => number);
  /** Unanswered pings that are forgiven; the next one ends the WebSocket. */
  readonly allowedMisses: number;
  /**
   * Whether a peer that has been heard since the last beat is not asked at this one. Half of the pings are saved, and a
   * dead peer is found as fast, because silent beats count from the first. Takes at least one allowed miss.
   */
  readonly sparesHeard?: boolean;
  /** From a ping to a peer that was silent between two beats to the next look at it, in milliseconds; a beat unless given. */
  readonly answerMs?: number;
  /** The WebSocket was ended because its peer is dead. */
  readonly onDead?: () => void;
}

/** What a probe's ping says, and its pong. */
const QUESTION = Buffer.from('probe');

/** What has passed a socket: bytes read, bytes the kernel has taken, and bytes still queued here. */
interface Progress {
  readonly read: number;
  readonly flushed: number;
  readonly queued: number;
}

/**
 * Pings one WebSocket until it closes, and ends it when its peer is dead. A peer is alive when
 * anything has come from it, or when it has taken some of what was queued for it: the pong of a slow
 * reader waits behind the data, and must not cost it the connection.
 */
export class Heartbeat {
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #options: HeartbeatOptions;
  #before: Progress;
  /** Unanswered pings in a row; -1 until there has been a ping. */
  #misses = -1;
  #isProbing = false;
  /** The point of the grid at which the next beat falls. */
  #point: number | undefined;
  /** For an answer, which is looked for between two beats. */
  #timer: Timer | undefined;
  readonly #onBeat = (): void => this.#beat();

  /** `socket` is the connection below the WebSocket. */
  constructor(webSocket: WebSocket, socket: Socket, options: HeartbeatOptions) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#options = options;
    this.#before = progressOf(socket);
    webSocket.on('pong', (data) => {
      if (data.equals(QUESTION)) this.#isProbing = false;
    });
    webSocket.once('close', () => this.stop());
    this.#waitForBeat();
  }

  /** Leaves the WebSocket alone from now on. */
  stop(): void {
    this.#timer?.cancel();
    if (this.#point !== undefined)
      beatGridOf(this.#options.clock).remove(this.#point, this.#onBeat);
    this.#point = undefined;
  }

  /**
   * Pings now, and ends the WebSocket if the answer has not come within `withinMs`: something on the same way has just
   * broken. What was on its way before is no sign of life.
   */
  probe(withinMs: number): void {
    // A second question must not put off the verdict on the first.
    if (this.#isProbing || this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    this.#isProbing = true;
    this.#before = progressOf(this.#socket);
    this.#misses = this.#options.allowedMisses;
    this.#webSocket.ping(QUESTION);
    this.#wait(withinMs);
  }

  #waitForBeat(): void {
    const { clock, everyMs } = this.#options;
    this.stop();
    const milliseconds = typeof everyMs === 'number' ? everyMs : everyMs();
    this.#point = beatGridOf(clock).add(milliseconds, this.#onBeat);
  }

  #wait(milliseconds: number): void {
    this.stop();
    this.#timer = this.#options.clock.setTimeout(this.#onBeat, milliseconds);
  }

  #beat(): void {
    this.#waitForBeat();
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    const isAlive = this.#isAlive();
    this.#misses = isAlive ? 0 : this.#misses + 1;
    this.#isProbing = false;
    if (isAlive && this.#options.sparesHeard === true) return;
    if (this.#misses <= this.#options.allowedMisses) return this.#ask();
    this.stop();
    this.#webSocket.terminate();
    this.#options.onDead?.();
  }

  #ask(): void {
    this.#webSocket.ping();
    if (this.#options.answerMs !== undefined) this.#wait(this.#options.answerMs);
  }

  #isAlive(): boolean {
    const before = this.#before;
    const now = progressOf(this.#socket);
    this.#before = now;
    const hasTaken = before.queued > 0 && now.flushed > before.flushed;
    // A peer whose data is not read, for back-pressure, can't show that it lives.
    const isHeard = now.read > before.read && !this.#isProbing;
    return isHeard || hasTaken || this.#webSocket.isPaused;
  }
}

function progressOf(socket: Socket): Progress {
  const queued = socket.writableLength;
  return { read: socket.bytesRead, flushed: socket.bytesWritten - queued, queued };
}
