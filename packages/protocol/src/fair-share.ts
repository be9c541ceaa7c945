/**
 * An amount that several holders share. A holder may have as much as is still free.
 *
 * So a single holder gets at most half of the amount, and two holders get a third each. Some of the amount always
 * stays free, so the next holder finds some, however greedy the others are.
 */
export class FairShare<Holder> {
  readonly #held = new Map<Holder, number>();
  #free: number;

  constructor(amount: number) {
    this.#free = amount;
  }

  /** The part that nobody holds; below zero when holders took more than was fair. */
  get free(): number {
    return this.#free;
  }

  /** Whether the holder may have this much more; without an amount, whether the holder's present part is fair. */
  allows(holder: Holder, amount = 0): boolean {
    return this.#heldBy(holder) + amount <= this.#free;
  }

  /** Counts the amount, whether it is fair or not. */
  take(holder: Holder, amount: number): void {
    this.#change(holder, amount);
  }

  give(holder: Holder, amount: number): void {
    this.#change(holder, -amount);
  }

  #heldBy(holder: Holder): number {
    return this.#held.get(holder) ?? 0;
  }

  #change(holder: Holder, amount: number): void {
    const held = this.#heldBy(holder) + amount;
    this.#free -= amount;
    if (held === 0) this.#held.delete(holder);
    else this.#held.set(holder, held);
  }
}
