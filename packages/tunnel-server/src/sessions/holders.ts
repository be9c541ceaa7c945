/** Something that may hold bytes for readers. */
interface Holder {
  readonly heldBytes: number;
  /** Whether anything is open that could hold some. */
  readonly isOpen: boolean;
}

/** Those that may hold something, so that thousands of idle sessions need not be looked at twice a second. */
export class Holders {
  readonly #open = new Set<Holder>();

  /** Something has been opened. */
  add(holder: Holder): void {
    this.#open.add(holder);
  }

  /** What all hold, in bytes. Whoever has nothing open any more is forgotten. */
  get heldBytes(): number {
    let sum = 0;
    for (const holder of this.#open) {
      sum += holder.heldBytes;
      if (!holder.isOpen) this.#open.delete(holder);
    }
    return sum;
  }
}
