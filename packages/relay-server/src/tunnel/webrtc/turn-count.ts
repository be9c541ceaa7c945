/** Counts what was sent in this turn of the event loop: a figure that an engine's own queue length may lag behind. */
export class TurnCount {
  #bytes = 0;
  #isScheduled = false;

  get bytes(): number {
    return this.#bytes;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#bytes = 0;
      this.#isScheduled = false;
    });
  }
}
