type Listener = (event: FakeProgressEvent) => void;

interface Kept {
  type: string;
  listener: Listener;
  once: boolean;
  signal: AbortSignal | undefined;
}

/** An event that a script has made. */
export class FakeProgressEvent {
  isTrusted = false;
  isStopped = false;
  currentTarget: unknown;

  constructor(
    readonly type: string,
    readonly init: { lengthComputable?: boolean; loaded?: number; total?: number } = {},
  ) {
    Object.assign(this, init);
  }

  stopImmediatePropagation(): void {
    this.isStopped = true;
  }
}

/** An EventTarget whose events can be the browser's own, which in Node they never are. */
class FakeTarget {
  #kept: Kept[] = [];

  addEventListener(
    type: string,
    listener: Listener,
    { once = false, signal }: { once?: boolean; signal?: AbortSignal } = {},
  ): void {
    const isThere = this.#kept.some((kept) => kept.type === type && kept.listener === listener);
    if (!isThere) this.#kept.push({ type, listener, once, signal });
  }

  dispatchEvent(event: FakeProgressEvent): void {
    event.currentTarget = this;
    for (const kept of [...this.#kept]) {
      if (kept.type !== event.type || kept.signal?.aborted === true || event.isStopped) continue;
      if (kept.once) this.#kept = this.#kept.filter((other) => other !== kept);
      kept.listener(event);
    }
  }

  /** Dispatches an event of the browser. */
  fire(type: string, init: FakeProgressEvent['init'] = {}): void {
    this.dispatchEvent(Object.assign(new FakeProgressEvent(type, init), { isTrusted: true }));
  }

  /** Adds the types of all these events to a list, as a listener of the page. */
  note(list: unknown[], ...types: string[]): void {
    for (const type of types) {
      this.addEventListener(type, ({ init: { loaded } }) => list.push([type, loaded]));
    }
  }
}

/** An XMLHttpRequest as far as state, header fields and events go. */
export class FakeXhr extends FakeTarget {
  readonly OPENED = 1;
  readyState = 0;
  readonly headers = new Map<string, string>();
  readonly sent: unknown[] = [];
  opened: unknown[] = [];
  readonly #upload = new FakeTarget();
  get upload(): FakeTarget {
    return this.#upload;
  }

  get onabort(): Listener | undefined {
    return undefined;
  }

  set onabort(listener: Listener) {
    super.addEventListener('abort', listener);
  }

  open(...args: unknown[]): void {
    this.opened = args;
    this.readyState = 1;
  }

  setRequestHeader(name: string, value: string): void {
    this.headers.set(name, value);
  }

  send(...args: unknown[]): void {
    this.sent.push(args);
  }

  abort(): void {
    this.upload.fire('abort', { loaded: 0 });
    this.fire('abort', { loaded: 0 });
  }
}

/** A class of requests of its own, as each realm has one. */
export function fakeXhrClass(): typeof FakeXhr {
  return class extends FakeXhr {
    #onabort: Listener | undefined;

    override addEventListener(...args: Parameters<FakeTarget['addEventListener']>): void {
      super.addEventListener(...args);
    }

    override get onabort(): Listener | undefined {
      return this.#onabort;
    }

    override set onabort(listener: Listener) {
      this.#onabort = listener;
      super.onabort = listener;
    }

    override get upload(): FakeTarget {
      return super.upload;
    }
  };
}
