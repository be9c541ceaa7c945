/**
 * An amount that several holders share: a holder may have as much as is left for others.
 *
 * A holder that is alone has half of the amount at most, two of them have a third each. Nobody has the
 * last of the amount, so whoever comes next finds some, however greedy the others are.
 */
export class FairShare<Holder> {
  readonly #held = new Map<Holder, number>();
  #free: number;

  constructor(amount: number) {
    this.#free = amount;
  }

  /** What nobody holds; below zero when more was taken than is fair. */
  get free(): number {
    return this.#free;
  }

  /** Whether the holder may have so much more; without an amount: whether what it has is fair. */
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
