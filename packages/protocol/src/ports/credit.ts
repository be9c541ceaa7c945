/** What may be sent before the reader has taken some of it: the sender's side of every flow control on a port. */
export class SendWindow {
  #left: number;
  #isOpen = false;
  #wake: () => void = () => undefined;

  /** In whatever unit both sides count. */
  constructor(size: number) {
    this.#left = size;
  }

  /** So much has been sent; the last piece may be larger than what was left. */
  spend(amount: number): void {
    this.#left -= amount;
  }

  /** The reader has taken so much. */
  grant(amount: number): void {
    this.#left += amount;
    this.#wake();
  }

  /** Nothing is held back any more: whoever waits goes on, and looks why. */
  open(): void {
    this.#isOpen = true;
    this.#wake();
  }

  /** Resolves when something may be sent; there is one who waits. */
  async room(): Promise<void> {
    while (this.#left <= 0 && !this.#isOpen) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** What the reader has taken, told to the sender in lumps: a message for each piece would cost more than the piece. */
export class TakenCount {
  #taken = 0;

  constructor(
    private readonly lump: number,
    private readonly tell: (amount: number) => void,
  ) {}

  took(amount: number): void {
    this.#taken += amount;
    if (this.#taken < this.lump) return;
    this.tell(this.#taken);
    this.#taken = 0;
  }
}
