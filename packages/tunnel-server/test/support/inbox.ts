/** What arrives, for a test to await one by one. */
export class Inbox<T> {
  readonly #items: T[] = [];
  readonly #takers: ((item: T) => void)[] = [];

  put(item: T): void {
    const taker = this.#takers.shift();
    if (taker === undefined) this.#items.push(item);
    else taker(item);
  }

  get size(): number {
    return this.#items.length;
  }

  /** Takes everything that has arrived. */
  drain(): T[] {
    return this.#items.splice(0);
  }

  next(): Promise<T> {
    const item = this.#items.shift();
    if (item !== undefined) return Promise.resolve(item);
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** The next item that satisfies, skipping the others. */
  async find<S extends T>(wanted: (item: T) => item is S): Promise<S> {
    for (;;) {
      const item = await this.next();
      if (wanted(item)) return item;
    }
  }
}

/** Resolves as soon as the condition holds; rejects after twenty seconds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
