import {
  concatBytes,
  deferred,
  encodeMessage,
  encodeRecord,
  LIMITS,
  PushedAnswer,
  type Clock,
  type Timer,
} from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';

/** Gives a record when its turn comes; undefined when nobody needs it any more. */
export type PushRecord = () => PushedAnswer | undefined;

/** The body of a push stream: records go out together as they come, no faster than the viewer takes them. */
export class PushStream {
  readonly #records: { readonly record: PushRecord; readonly bytes: number }[] = [];
  #waitingBytes = 0;
  readonly #deadline: Timer;
  #idle: Timer;
  #usedAt: number;
  #wake = deferred<void>();
  #isOver = false;

  constructor(
    private readonly clock: Clock,
    /** Called once, when the stream has ended or nobody reads it any more. */
    private readonly onEnd: () => void,
  ) {
    this.#usedAt = clock.now();
    this.#deadline = clock.setTimeout(() => this.end(), HOST_LIMITS.pushStreamMs);
    this.#idle = this.#endWhenIdle(HOST_LIMITS.pushIdleMs);
  }

  /** Something has been asked or found: the stream is needed for a while yet. */
  used(): void {
    this.#usedAt = this.clock.now();
  }

  /** Whether a viewer that is slow to read has as much to read as may wait here. */
  get isFull(): boolean {
    return this.#waitingBytes >= HOST_LIMITS.pushWaitingBytes;
  }

  /** Adds a record of about so many bytes. */
  add(record: PushRecord, bytes: number): void {
    this.used();
    this.#records.push({ record, bytes });
    this.#waitingBytes += bytes;
    this.#wake.resolve();
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#idle.cancel();
    this.#deadline.cancel();
    this.#wake.resolve();
    this.onEnd();
  }

  /** The bytes of the stream. */
  async *body(): AsyncGenerator<Uint8Array, void, void> {
    try {
      while (!this.#isOver) {
        const chunk = this.#nextChunk();
        if (chunk.byteLength > 0) yield chunk;
        else await this.#more();
      }
    } finally {
      this.end();
    }
  }

  async #more(): Promise<void> {
    if (this.#records.length > 0) return;
    this.#wake = deferred();
    await this.#wake.promise;
  }

  #nextChunk(): Uint8Array {
    const parts: Uint8Array[] = [];
    let bytes = 0;
    while (bytes < LIMITS.turnBytes) {
      const next = this.#records.shift();
      if (next === undefined) break;
      this.#waitingBytes -= next.bytes;
      const answer = next.record();
      if (answer === undefined) continue;
      const part = encodeRecord(encodeMessage(PushedAnswer, answer));
      parts.push(part);
      bytes += part.byteLength;
    }
    return concatBytes(parts);
  }

  #endWhenIdle(milliseconds: number): Timer {
    return this.clock.setTimeout(() => {
      const left = this.#usedAt + HOST_LIMITS.pushIdleMs - this.clock.now();
      if (left <= 0) this.end();
      else this.#idle = this.#endWhenIdle(left);
    }, milliseconds);
  }
}
