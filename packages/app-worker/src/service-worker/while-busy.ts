/** Does something again and again for as long as anything is under way. */
export class WhileBusy {
  #count = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly act: () => void,
    private readonly everyMs: number,
  ) {}

  /** Settles as the work does. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#count += 1;
    this.#timer ??= setInterval(this.act, this.everyMs);
    try {
      return await work;
    } finally {
      this.#count -= 1;
      if (this.#count === 0) {
        clearInterval(this.#timer);
        this.#timer = undefined;
      }
    }
  }
}
