import type { Clock, Direction, ExchangeObserver, Header } from '@wingman/protocol';
import { headerValue, systemClock } from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';
import { withoutPass } from './ingress-key.js';
import { requestIdOf } from './request-id.js';

/** The progress of a long body; sizes in bytes. */
export interface TransferProgress {
  /** What the exchange is called at the app too. */
  readonly id: string;
  /** The viewer's link; undefined for plain HTTP. */
  readonly viewer: string | undefined;
  readonly direction: Direction;
  readonly method: string;
  readonly target: string;
  readonly bytes: number;
  /** Null when the sender has not said. */
  readonly total: number | null;
  /** Since its first byte. */
  readonly bytesPerSecond: number;
  readonly state: 'running' | 'done' | 'broken-off';
}

/**
 * An observer that tells of long bodies: from the moment one is known to be long, ever more rarely
 * while it runs, and once at its end.
 */
export function transferLog(
  tell: (progress: TransferProgress) => void,
  clock: Clock = systemClock,
): ExchangeObserver {
  return (exchange) => {
    if (exchange.kind !== 'http') return undefined;
    const { method, headers } = exchange.asked;
    const id = requestIdOf(exchange);
    const target = withoutPass(exchange.asked.target);
    const viewer = exchange.path === 'ingress' ? undefined : exchange.link;
    const follow = (direction: Direction, fields: readonly Header[]): Transfer =>
      new Transfer(fields, clock, (progress) =>
        tell({ id, viewer, direction, method, target, ...progress }),
      );
    const transfers = { upload: follow('upload', headers), download: follow('download', []) };
    exchange.tap((direction, { bytes }) => transfers[direction].passed(bytes.byteLength));
    return {
      head: (head) => void (transfers.download = follow('download', head.headers)),
      bodyEnd: (direction, isComplete) => transfers[direction].end(isComplete),
    };
  };
}

type Told = Pick<TransferProgress, 'bytes' | 'total' | 'bytesPerSecond' | 'state'>;

/** One body under watch. */
class Transfer {
  readonly #total: number | null;
  #start: number | undefined;
  #bytes = 0;
  #wait: number = HOST_LIMITS.transferMs;
  #next = 0;

  constructor(
    headers: readonly Header[],
    private readonly clock: Clock,
    private readonly tell: (progress: Told) => void,
  ) {
    const length = headerValue(headers, 'content-length');
    this.#total = length === undefined ? null : Number(length);
  }

  passed(bytes: number): void {
    const now = this.clock.now();
    if (this.#start === undefined) {
      this.#start = now;
      this.#next = now + this.#wait;
    }
    this.#bytes += bytes;
    if (!this.#isLong || now < this.#next) return;
    this.#say('running');
    this.#wait = Math.min(this.#wait * 2, HOST_LIMITS.transferMaxMs);
    this.#next = now + this.#wait;
  }

  /** A reader that knows the length may leave with the last byte, before it has seen the end. */
  end(isComplete: boolean): void {
    if (!this.#isLong) return;
    this.#say(isComplete || this.#bytes === this.#total ? 'done' : 'broken-off');
  }

  get #isLong(): boolean {
    return this.#bytes >= HOST_LIMITS.transferBytes;
  }

  #say(state: TransferProgress['state']): void {
    const now = this.clock.now();
    const seconds = Math.max(now - (this.#start ?? now), 1) / 1_000;
    const bytesPerSecond = Math.round(this.#bytes / seconds);
    this.tell({ bytes: this.#bytes, total: this.#total, bytesPerSecond, state });
  }
}
