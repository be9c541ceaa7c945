import { bytesOf } from '@wingman/node-kit';
import { CloseCode, WingmanError, type Clock, type Timer } from '@wingman/protocol';
import type { RawData, WebSocket } from 'ws';
import { SERVER_LIMITS } from '../limits.js';
import type { Ending, SessionPart } from '../sessions/session.js';

export interface DialBackPoolOptions {
  clock: Clock;
  /** Sockets to keep ready ahead of need. */
  spare: number;
  /** Takers that may wait at once. */
  maxWaiting: number;
  /** Asks the host for one more dial-back; false when there is no host. */
  request: () => boolean;
}

interface Taker {
  resolve(ready: ReadySocket): void;
  reject(error: WingmanError): void;
  deadline: Timer;
}

const BROKEN_SPARE_PAUSE_MS = 1_000;

/** A session's dial-backs of one purpose: ready sockets on one side, those who wait for one on the other. */
export class DialBackPool implements SessionPart {
  readonly #options: DialBackPoolOptions;
  readonly #ready: ReadySocket[] = [];
  readonly #takers: Taker[] = [];
  /** When each unanswered request was made; one older than the deadline is written off. */
  #requested: number[] = [];
  #refill: Timer | undefined;

  constructor(options: DialBackPoolOptions) {
    this.#options = options;
  }

  /**
   * A host's socket, ready or as soon as it dials. Rejects with WingmanError: HOST_OFFLINE,
   * TIMEOUT after SERVER_LIMITS.dialBackMs, LIMIT_EXCEEDED when too many wait, CANCELLED when `left` aborts:
   * what the host then dials is kept for the next.
   */
  take(left?: AbortSignal): Promise<ReadySocket> {
    if (left?.aborted === true) return Promise.reject(cancelled());
    const ready = this.#nextReady();
    if (ready !== undefined) {
      this.#topUp();
      return Promise.resolve(ready);
    }
    if (this.#takers.length >= this.#options.maxWaiting) {
      return Promise.reject(new WingmanError('LIMIT_EXCEEDED', 'too many wait for the host'));
    }
    return new Promise((resolve, reject) => {
      const deadline = this.#deadlineFor(reject);
      this.#takers.push({ resolve, reject, deadline });
      left?.addEventListener('abort', () => this.#withdraw(reject, cancelled()), { once: true });
      this.#topUp();
    });
  }

  /** The host has dialled: the socket goes to the taker that has waited longest, or is kept. */
  offer(ready: ReadySocket): void {
    this.#requested.shift();
    const taker = this.#takers.shift();
    if (taker !== undefined) {
      taker.deadline.cancel();
      taker.resolve(ready);
      return this.#topUp();
    }
    if (this.#ready.length >= SERVER_LIMITS.readySockets) {
      return ready.close(CloseCode.GOING_AWAY, 'enough are ready');
    }
    this.#ready.push(ready);
    ready.socket.once('close', () => this.#lost(ready));
  }

  /** Drops what an older registration has dialled: its process may be gone. */
  hostOnline(): void {
    this.#dropReady(CloseCode.REPLACED, 'the host has registered anew');
    this.#requested = [];
    this.#topUp();
  }

  hostOffline(isMoving: boolean): void {
    this.#requested = [];
    if (isMoving) this.#dropReady(CloseCode.GOING_AWAY, 'this node is shutting down');
    this.#rejectAll(new WingmanError('HOST_OFFLINE', 'the host is offline'));
  }

  ended(ending: Ending): void {
    this.#refill?.cancel();
    this.#dropReady(ending.closeCode, ending.message);
    this.#rejectAll(new WingmanError(ending.code, ending.message));
  }

  #topUp(): void {
    const { clock, spare, request } = this.#options;
    const now = clock.now();
    this.#requested = this.#requested.filter((at) => now - at < SERVER_LIMITS.dialBackMs);
    const wanted = this.#takers.length + spare - this.#ready.length;
    while (this.#requested.length < wanted && request()) this.#requested.push(now);
  }

  /** Skips sockets that have begun to close; their `close` event takes them out. */
  #nextReady(): ReadySocket | undefined {
    const index = this.#ready.findIndex(({ isOpen }) => isOpen);
    return index < 0 ? undefined : this.#ready.splice(index, 1)[0];
  }

  #lost(ready: ReadySocket): void {
    const index = this.#ready.indexOf(ready);
    if (index < 0) return;
    this.#ready.splice(index, 1);
    // A host whose spare sockets break at once must not be asked again at once.
    this.#refill?.cancel();
    this.#refill = this.#options.clock.setTimeout(() => this.#topUp(), BROKEN_SPARE_PAUSE_MS);
  }

  #deadlineFor(reject: Taker['reject']): Timer {
    return this.#options.clock.setTimeout(() => {
      this.#withdraw(reject, new WingmanError('TIMEOUT', 'the host did not dial back in time'));
    }, SERVER_LIMITS.dialBackMs);
  }

  /** Takes a taker out of the queue, if it is still there. */
  #withdraw(reject: Taker['reject'], error: WingmanError): void {
    const index = this.#takers.findIndex((taker) => taker.reject === reject);
    const [taker] = index < 0 ? [] : this.#takers.splice(index, 1);
    taker?.deadline.cancel();
    taker?.reject(error);
  }

  #dropReady(code: number, reason: string): void {
    for (const ready of this.#ready.splice(0)) ready.close(code, reason);
  }

  #rejectAll(error: WingmanError): void {
    for (const taker of this.#takers.splice(0)) {
      taker.deadline.cancel();
      taker.reject(error);
    }
  }
}

function cancelled(): WingmanError {
  return new WingmanError('CANCELLED', 'whoever waited for the host has left');
}

/** A host's dial-back that waits for its use, with what the host has already said on it. */
export class ReadySocket {
  readonly socket: WebSocket;
  readonly #early: Buffer[] = [];
  #earlyBytes = 0;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', this.#keep);
    // `close` always follows and is what we act on.
    socket.on('error', () => undefined);
  }

  get isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN;
  }

  /** Hands over what was kept; from here on the caller must listen, in this very turn. */
  claim(): Buffer[] {
    this.socket.off('message', this.#keep);
    return this.#early;
  }

  close(code: number, reason: string): void {
    this.socket.close(code, reason);
  }

  readonly #keep = (data: RawData, isBinary: boolean): void => {
    const bytes = bytesOf(data);
    this.#earlyBytes += bytes.byteLength;
    const fits =
      this.#early.length < SERVER_LIMITS.earlyMessages &&
      this.#earlyBytes <= SERVER_LIMITS.earlyBytes;
    if (isBinary && fits) this.#early.push(bytes);
    else this.close(CloseCode.PROTOCOL, 'too much before the viewer came');
  };
}
