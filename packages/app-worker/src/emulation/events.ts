/** An event that is over once all promises given to it are settled (Service Workers, section 4.4). */
export class ExtendableEvent extends Event {
  readonly #promises: Promise<unknown>[] = [];

  waitUntil(promise: unknown): void {
    this.#promises.push(Promise.resolve(promise));
  }

  /** Resolves when all promises are settled, those that are added meanwhile included. Rejects with the first failure. */
  get settled(): Promise<void> {
    return this.#settle();
  }

  async #settle(): Promise<void> {
    // Handlers are often async functions, which add promises in a microtask.
    await Promise.resolve();
    for (let index = 0; index < this.#promises.length; index += 1) await this.#promises[index];
  }
}

export interface FetchEventParts extends EventInit {
  request: Request;
  clientId?: string;
  resultingClientId?: string;
  handled?: Promise<undefined>;
}

/** Service Workers, section 4.5. */
export class FetchEvent extends ExtendableEvent {
  readonly request: Request;
  readonly clientId: string;
  readonly resultingClientId: string;
  readonly replacesClientId = '';
  readonly preloadResponse = Promise.resolve(undefined);
  readonly handled: Promise<undefined>;
  /** Undefined while nobody has answered. */
  answer: Promise<Response> | undefined;
  #isDispatched = false;

  constructor(type: string, init: FetchEventParts) {
    super(type, { cancelable: true, ...init });
    this.request = init.request;
    this.clientId = init.clientId ?? '';
    this.resultingClientId = init.resultingClientId ?? '';
    this.handled = init.handled ?? Promise.resolve(undefined);
  }

  respondWith(response: Response | Promise<Response>): void {
    if (this.#isDispatched || this.answer !== undefined) {
      const why = this.#isDispatched ? 'The event handler is already finished.' : 'Already called.';
      throw new DOMException(why, 'InvalidStateError');
    }
    this.stopImmediatePropagation();
    this.answer = Promise.resolve(response);
    this.waitUntil(this.answer.catch(() => undefined));
  }

  /** The listeners have returned. */
  close(): void {
    this.#isDispatched = true;
  }
}

export interface ExtendableMessageEventParts extends EventInit {
  data?: unknown;
  origin?: string;
  source?: object | null;
  ports?: readonly MessagePort[];
}

/** Service Workers, section 4.6. */
export class ExtendableMessageEvent extends ExtendableEvent {
  readonly data: unknown;
  readonly origin: string;
  readonly lastEventId = '';
  readonly source: object | null;
  readonly ports: readonly MessagePort[];

  constructor(type: string, init: ExtendableMessageEventParts = {}) {
    super(type, init);
    this.data = init.data ?? null;
    this.origin = init.origin ?? '';
    this.source = init.source ?? null;
    this.ports = init.ports ?? [];
  }
}
