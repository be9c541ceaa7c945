import type { Clock, Header } from '@wingman/protocol';
import { headerValue, systemClock } from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';

/** How a long body gets on; sizes in bytes. */
export interface TransferProgress {
  /** The viewer's link; undefined for plain HTTP. */
  readonly viewer: string | undefined;
  readonly direction: 'upload' | 'download';
  readonly method: string;
  readonly target: string;
  readonly bytes: number;
  /** Null when the sender has not said. */
  readonly total: number | null;
  /** Since its first byte. */
  readonly bytesPerSecond: number;
  readonly state: 'running' | 'done' | 'broken-off';
}

/** What is known of a body before its first byte. */
export type Transfer = Pick<TransferProgress, 'direction' | 'method' | 'target'> & {
  /** The header fields that come with it. */
  readonly headers: readonly Header[];
};

/** Tells of the long bodies of one link. */
export class Transfers {
  constructor(
    private readonly viewer: string | undefined,
    private readonly tell: (progress: TransferProgress) => void,
    private readonly clock: Clock = systemClock,
  ) {}

  /**
   * Passes a body on and tells of it, from the moment it is known to be long: ever more rarely
   * while it runs, and once at its end.
   */
  watch(body: AsyncIterable<Uint8Array>, transfer: Transfer): AsyncIterable<Uint8Array> {
    const tell = (progress: Told): void => this.tell({ viewer: this.viewer, ...progress });
    return { [Symbol.asyncIterator]: () => watched(body, new Watch(transfer, this.clock, tell)) };
  }
}

/** No generator: one that was never started would not pass on that nobody wants the body. */
function watched(body: AsyncIterable<Uint8Array>, watch: Watch): AsyncIterator<Uint8Array> {
  const source = body[Symbol.asyncIterator]();
  return {
    next: async () => {
      try {
        const result = await source.next();
        if (result.done === true) watch.end('done');
        else watch.passed(result.value.byteLength);
        return result;
      } catch (error) {
        watch.end('broken-off');
        throw error;
      }
    },
    return: async () => {
      watch.end('broken-off');
      await source.return?.();
      return { done: true, value: undefined };
    },
  };
}

type Told = Omit<TransferProgress, 'viewer'>;

/** One body under watch. */
class Watch {
  readonly #total: number | null;
  readonly #start: number;
  #bytes = 0;
  #wait: number = HOST_LIMITS.transferMs;
  #next: number;
  #isOver = false;

  constructor(
    private readonly transfer: Transfer,
    private readonly clock: Clock,
    private readonly tell: (progress: Told) => void,
  ) {
    const length = headerValue(transfer.headers, 'content-length');
    this.#total = length === undefined ? null : Number(length);
    this.#start = clock.now();
    this.#next = this.#start + this.#wait;
  }

  passed(bytes: number): void {
    this.#bytes += bytes;
    if (!this.#isLong || this.clock.now() < this.#next) return;
    this.#say('running');
    this.#wait = Math.min(this.#wait * 2, HOST_LIMITS.transferMaxMs);
    this.#next = this.clock.now() + this.#wait;
  }

  /** A reader that knows the length may leave with the last byte, before it has seen the end. */
  end(state: 'done' | 'broken-off'): void {
    if (this.#isLong && !this.#isOver) this.#say(this.#bytes === this.#total ? 'done' : state);
    this.#isOver = true;
  }

  get #isLong(): boolean {
    return this.#bytes >= HOST_LIMITS.transferBytes;
  }

  #say(state: TransferProgress['state']): void {
    const { direction, method, target } = this.transfer;
    const seconds = Math.max(this.clock.now() - this.#start, 1) / 1_000;
    this.tell({
      direction,
      method,
      target,
      bytes: this.#bytes,
      total: this.#total,
      bytesPerSecond: Math.round(this.#bytes / seconds),
      state,
    });
  }
}
