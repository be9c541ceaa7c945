type Handler = ((event: Event) => unknown) | null;

/** The `on…` attributes of an event target (HTML, "event handlers"): one each, in the place where it was first set. */
export class EventHandlers {
  readonly #handlers = new Map<string, Handler>();
  readonly #listeners = new Map<string, (event: Event) => void>();

  constructor(private readonly target: EventTarget) {}

  get(type: string): Handler {
    return this.#handlers.get(type) ?? null;
  }

  /** What is no object counts as null, and an object that can't be called does nothing. */
  set(type: string, handler: unknown): void {
    const isObject = typeof handler === 'function' || typeof handler === 'object';
    this.#handlers.set(type, isObject ? (handler as Handler) : null);
    if (this.get(type) === null) this.#deactivate(type);
    else if (!this.#listeners.has(type)) this.#activate(type);
  }

  #activate(type: string): void {
    const listener = (event: Event): void => {
      const handler = this.get(type);
      if (typeof handler === 'function') handler.call(this.target, event);
    };
    this.#listeners.set(type, listener);
    this.target.addEventListener(type, listener);
  }

  /** A handler that is set again later comes after the listeners added meanwhile. */
  #deactivate(type: string): void {
    const listener = this.#listeners.get(type);
    if (listener !== undefined) this.target.removeEventListener(type, listener);
    this.#listeners.delete(type);
  }
}
