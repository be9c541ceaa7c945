/** Listeners by event name; a listener that throws harms nobody else. */
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
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
