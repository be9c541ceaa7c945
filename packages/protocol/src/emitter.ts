/**
 * Listeners by event name. One that throws harms neither the others nor whoever emits: its error is reported,
 * and all goes on.
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
 * As browsers do with the error of an event listener (HTML section 8.1.4.6). Node has no such place: an error
 * that is thrown to nobody would end the process there, and with it every other session.
 */
function report(error: unknown): void {
  if ('reportError' in globalThis) reportError(error);
  else console.error(error);
}
