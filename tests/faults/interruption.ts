/** A terminal's Ctrl-C comes directly and from the program around this one. */
const SAME_MS = 1_000;

/** The first Ctrl-C or SIGTERM wakes whoever waits; another one ends the process. */
export class Interruption {
  #requestedAt: number | undefined;
  #wake: () => void = () => undefined;
  readonly #requested = new Promise<void>((resolve) => {
    this.#wake = resolve;
  });

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => this.#request());
  }

  get isRequested(): boolean {
    return this.#requestedAt !== undefined;
  }

  /** What the promise brings, or undefined when the interruption comes first. */
  before<T>(promise: Promise<T>): Promise<T | undefined> {
    // What fails after the interruption, because everything is being stopped, is nobody's concern.
    promise.catch(() => undefined);
    return Promise.race([promise, this.#requested.then(() => undefined)]);
  }

  #request(): void {
    const now = performance.now();
    if (this.#requestedAt !== undefined && now - this.#requestedAt > SAME_MS) process.exit(130);
    this.#requestedAt ??= now;
    this.#wake();
  }
}
