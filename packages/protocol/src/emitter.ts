/**
 * Listeners by event name. A listener that throws harms neither the others nor the emitting code: the console shows
 * its error, and the next listener is called.
 */
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
        // Not `reportError`: to the page around a worker that is the end of the worker, and in Node of the process.
        console.error(error);
      }
    }
  }
}
