/** Listeners by event name. One that throws is reported on the console: it harms neither the others nor the process. */
export class Emitter<Event extends string> {
  readonly #listeners = new Map<Event, Set<() => void>>();

  /** Adds a listener and returns the function that removes it. */
  on(event: Event, listener: () => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  emit(event: Event): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) {
      try {
        listener();
      } catch (error) {
        // Thrown again, even later, it would end a Node process, and every other link with it.
        console.error(error);
      }
    }
  }
}
