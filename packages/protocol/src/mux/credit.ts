import { WingmanError } from '../errors.js';
import { MAX_VARINT } from '../wire/varint.js';

/** How many bytes this end may still send before the reader has taken some. */
export class SendCredit {
  constructor(private bytes: number) {}

  get available(): number {
    return this.bytes;
  }

  spend(bytes: number): void {
    this.bytes -= bytes;
  }

  /** Adds the credit that the reader has returned; PROTOCOL_ERROR when it is zero or the sum is no exact number. */
  grant(bytes: number): void {
    if (bytes === 0 || this.bytes + bytes > MAX_VARINT) {
      throw new WingmanError('PROTOCOL_ERROR', `credit of ${bytes} bytes is not possible`);
    }
    this.bytes += bytes;
  }
}

/** Small ones, so that credit is back before the peer has used up the rest. */
const PORTIONS = 8;

/**
 * Counts what the peer may still send. Returns credit each time an eighth of the first window has been taken, and then doubles
 * the window, up to the widest one, if the reader keeps up: it isn't the reader that the peer should wait for.
 */
export class ReceiveCredit {
  readonly #portion: number;
  #granted: number;
  #taken = 0;
  #unread = 0;

  constructor(
    private window: number,
    private readonly giveBack: (bytes: number) => void,
    private readonly widest = window,
  ) {
    this.#granted = window;
    this.#portion = window / PORTIONS;
  }

  /** Bytes that have arrived and that nobody has taken. */
  get unread(): number {
    return this.#unread;
  }

  /** Bytes have arrived; PROTOCOL_ERROR when the peer had no credit for them. */
  arrived(bytes: number): void {
    if (bytes > this.#granted) throw new WingmanError('PROTOCOL_ERROR', 'sent without credit');
    this.#granted -= bytes;
    this.#unread += bytes;
  }

  /** Bytes were taken by the consumer, or dropped. */
  taken(bytes: number): void {
    this.#taken += bytes;
    this.#unread -= bytes;
    if (this.#taken < this.#portion) return;
    const credit = this.#taken + this.#widen();
    this.#taken = 0;
    this.#granted += credit;
    this.giveBack(credit);
  }

  /** Returns by how many bytes the window is wider now. */
  #widen(): number {
    if (this.#unread >= this.#portion) return 0;
    const more = Math.min(this.window, this.widest - this.window);
    this.window += more;
    return more;
  }
}
