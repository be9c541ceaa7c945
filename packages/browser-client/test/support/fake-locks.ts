type Granted = (lock: { name: string } | null) => unknown;

interface Waiting {
  name: string;
  granted: Granted;
  resolve: (value: unknown) => void;
}

/** Web Locks of one origin (exclusive ones), with what an end that vanishes lets go. */
export class FakeLocks {
  readonly #held = new Map<string, () => void>();
  readonly #waiting: Waiting[] = [];

  get asLocks(): LockManager {
    return this as unknown as LockManager;
  }

  get held(): string[] {
    return [...this.#held.keys()];
  }

  /** How many wait for a lock. */
  waitingFor(name: string): number {
    return this.#waiting.filter((waiting) => waiting.name === name).length;
  }

  request(name: string, ...args: [Granted] | [LockOptions, Granted]): Promise<unknown> {
    const granted = args.length === 1 ? args[0] : args[1];
    const { ifAvailable = false, signal }: LockOptions = args.length === 1 ? {} : args[0];
    if (!this.#held.has(name)) return this.#grant(name, granted);
    if (ifAvailable) return Promise.resolve(granted(null));
    return new Promise((resolve, reject) => {
      const waiting = { name, granted, resolve };
      this.#waiting.push(waiting);
      signal?.addEventListener('abort', () => {
        const index = this.#waiting.indexOf(waiting);
        if (index >= 0) this.#waiting.splice(index, 1);
        reject(new DOMException('aborted', 'AbortError'));
      });
    });
  }

  /** Whoever holds a lock is gone. */
  drop(name: string): void {
    this.#held.get(name)?.();
  }

  async #grant(name: string, granted: Granted): Promise<unknown> {
    const dropped = new Promise<void>((resolve) => this.#held.set(name, resolve));
    // Locks are granted in a later task.
    await Promise.resolve();
    const result = await Promise.race([granted({ name }), dropped]);
    this.#held.delete(name);
    const next = this.#waiting.find((waiting) => waiting.name === name);
    if (next !== undefined) {
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      void this.#grant(name, next.granted).then(next.resolve);
    }
    return result;
  }
}
