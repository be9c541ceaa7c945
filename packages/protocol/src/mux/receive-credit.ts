import { WingmanError } from '../errors.js';

/** Counts what the peer may still send here, and returns it once half of the window has been taken. */
export class ReceiveCredit {
  #granted: number;
  #taken = 0;

  constructor(
    private readonly window: number,
    private readonly giveBack: (bytes: number) => void,
  ) {
    this.#granted = window;
  }

  /** Bytes have arrived; PROTOCOL_ERROR when the peer had no credit for them. */
  arrived(bytes: number): void {
    if (bytes > this.#granted) throw new WingmanError('PROTOCOL_ERROR', 'sent without credit');
    this.#granted -= bytes;
  }

  /** The consumer has taken bytes, or they were dropped. */
  taken(bytes: number): void {
    this.#taken += bytes;
    if (this.#taken < this.window / 2) return;
    const credit = this.#taken;
    this.#taken = 0;
    this.#granted += credit;
    this.giveBack(credit);
  }
}
