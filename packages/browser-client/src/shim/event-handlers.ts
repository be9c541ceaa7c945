type Handler = ((event: Event) => unknown) | null;

/** The `on…` attributes of an event target: one handler each, in the place where it was first set. */
export class EventHandlers {
  readonly #handlers = new Map<string, Handler>();
  readonly #listening = new Set<string>();

  constructor(private readonly target: EventTarget) {}

  get(type: string): Handler {
    return this.#handlers.get(type) ?? null;
  }

  set(type: string, handler: unknown): void {
    this.#handlers.set(type, typeof handler === 'function' ? (handler as Handler) : null);
    if (this.#listening.has(type)) return;
    this.#listening.add(type);
    this.target.addEventListener(type, (event) => this.get(type)?.call(this.target, event));
  }
}
