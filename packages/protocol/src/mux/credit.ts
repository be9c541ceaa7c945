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

/** Counts what the peer may still send. Returns credit each time half of the window has been taken. */
export class ReceiveCredit {
  #granted: number;
  #taken = 0;
  #unread = 0;

  constructor(
    private readonly window: number,
    private readonly giveBack: (bytes: number) => void,
  ) {
    this.#granted = window;
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
    if (this.#taken < this.window / 2) return;
    const credit = this.#taken;
    this.#taken = 0;
    this.#granted += credit;
    this.giveBack(credit);
  }
}
