/**
 * Listeners by event name. A listener that throws harms neither the others nor the emitting code: its error is
 * reported, and the next listener is called.
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
        report(error);
      }
    }
  }
}

/**
 * Reports an error as browsers do with the error of an event listener (HTML section 8.1.4.6). Node has no
 * `reportError`. An uncaught error would end the Node process, and with it every other session.
 */
function report(error: unknown): void {
  if ('reportError' in globalThis) reportError(error);
  else console.error(error);
}
