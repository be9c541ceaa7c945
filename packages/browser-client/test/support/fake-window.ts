/** An element that knows its tag, its attributes and what it is in. */
export class FakeElement extends EventTarget {
  target = '';

  constructor(
    readonly tag: string,
    readonly attributes: Record<string, unknown> = {},
    readonly parent: FakeElement | null = null,
  ) {
    super();
    Object.assign(this, attributes);
  }

  /** Knows lists of `tag` and `tag[attribute]`. */
  closest(selectors: string): FakeElement | null {
    const isMatch = selectors.split(', ').some((selector) => {
      const [, tag, attribute] = /^(\w+)(?:\[(\w+)\])?$/.exec(selector) ?? [];
      return tag === this.tag && (attribute === undefined || attribute in this.attributes);
    });
    return isMatch ? this : (this.parent?.closest(selectors) ?? null);
  }
}

/** A MutationObserver that sees what a test tells it. */
export class FakeMutationObserver {
  static all: FakeMutationObserver[] = [];
  readonly observed = new Map<unknown, MutationObserverInit>();

  constructor(readonly seen: () => void) {
    FakeMutationObserver.all.push(this);
  }

  observe(node: unknown, options: MutationObserverInit): void {
    this.observed.set(node, options);
  }

  /** Something of this kind has changed below this node. */
  static mutate(node: unknown, kind: 'childList' | 'characterData' | 'attributes'): void {
    for (const { observed, seen } of FakeMutationObserver.all) {
      const options = observed.get(node);
      if (options?.subtree === true && options[kind] === true) seen();
    }
  }
}

/** A window that has the phases of DOM section 2.9: who captures hears of an event before the others. */
export class FakeWindow extends EventTarget {
  readonly #capturing = new EventTarget();

  override addEventListener(
    type: string,
    listener: (event: Event) => void,
    options?: boolean | AddEventListenerOptions,
  ): void {
    if (options === true) this.#capturing.addEventListener(type, listener);
    else super.addEventListener(type, listener, options);
  }

  override dispatchEvent(event: Event): boolean {
    this.#capturing.dispatchEvent(event);
    return super.dispatchEvent(event);
  }

  /** Something has happened below: who doesn't capture hears of it only when it bubbles. */
  dispatchBelow(event: Event): void {
    if (event.bubbles) this.dispatchEvent(event);
    else this.#capturing.dispatchEvent(event);
  }
}

/** Dispatches at a window what has happened at an element in it, whose own listeners stop what doesn't bubble. */
export function dispatchAt(page: FakeWindow, element: unknown, event: Event): Event {
  Object.defineProperty(event, 'target', { value: element });
  page.dispatchBelow(event);
  return event;
}
