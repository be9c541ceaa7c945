import { beforeEach, describe, expect, test } from '@jest/globals';
import { adoptFrames } from '../../src/shim/child-frames.js';
import { FakeMutationObserver, FakeWindow } from '../support/fake-window.js';

type Realm = Window & typeof globalThis;

/** A document of a window, with a root of its own. */
function documentIn(defaultView: unknown) {
  return Object.assign(new FakeWindow(), { defaultView, documentElement: {} });
}

/** A window with a class of frames and a document of its own, as each realm has them. */
class FrameRealm {
  readonly HTMLIFrameElement = class {
    constructor(readonly inner: FrameRealm | null) {}

    get contentWindow(): FrameRealm | null {
      return this.inner;
    }

    get contentDocument(): unknown {
      return this.inner?.document ?? null;
    }
  };
  #document = documentIn(this);
  length = 0;
  [index: number]: unknown;

  constructor(readonly location: { protocol: string } = { protocol: 'about:' }) {}

  get document(): ReturnType<typeof documentIn> {
    return this.#document;
  }

  /** The next document in the same window, as after the first, empty one. */
  renew(): void {
    this.#document = documentIn(this);
  }

  get asWindow(): Realm {
    return this as unknown as Realm;
  }

  /** Puts a frame into this document; observers are not told. */
  insert(child: unknown): void {
    this[this.length] = child;
    this.length += 1;
  }

  frameAround(inner: FrameRealm | null): HTMLIFrameElement {
    return new this.HTMLIFrameElement(inner) as unknown as HTMLIFrameElement;
  }
}

/** A window of another origin: every look at it throws. */
const foreign = {
  get document(): never {
    throw new DOMException('Blocked', 'SecurityError');
  },
};

function setUp() {
  const page = new FrameRealm({ protocol: 'https:' });
  const installed: unknown[] = [];
  adoptFrames(page.asWindow, (child) => installed.push(child));
  return { page, installed };
}

beforeEach(() => void FakeMutationObserver.all.splice(0));
Object.assign(globalThis, { MutationObserver: FakeMutationObserver });

describe('a frame without a document of a server', () => {
  test('that is there already gets the shim at once', () => {
    const page = new FrameRealm({ protocol: 'https:' });
    const child = new FrameRealm();
    const blob = new FrameRealm({ protocol: 'blob:' });
    for (const frame of [child, blob, new FrameRealm({ protocol: 'https:' })]) page.insert(frame);
    const installed: unknown[] = [];
    adoptFrames(page.asWindow, (realm) => installed.push(realm));
    expect(installed).toEqual([child, blob]);
  });

  test('that is inserted gets it as soon as the document has changed', () => {
    const { page, installed } = setUp();
    const child = new FrameRealm();
    page.insert(child);
    FakeMutationObserver.mutate(page.document, 'childList');
    expect(installed).toContain(child);
  });

  test('gets it when its document has loaded: srcdoc replaces the first, empty one', () => {
    const { page, installed } = setUp();
    const child = new FrameRealm();
    page.insert(child);
    page.document.dispatchBelow(new Event('load'));
    expect(installed).toEqual([child]);
    child.renew();
    page.document.dispatchBelow(new Event('load'));
    expect(installed).toEqual([child, child]);
  });

  test('gets it before a script can reach into it, whichever way it takes', () => {
    const { page, installed } = setUp();
    const [one, two] = [new FrameRealm(), new FrameRealm()];
    expect(page.frameAround(one).contentWindow).toBe(one);
    expect(installed).toEqual([one]);
    expect(page.frameAround(two).contentDocument?.defaultView).toBe(two);
    expect(installed).toEqual([one, two]);
  });

  test('has its own frames looked after, in the first document and in the next', () => {
    const { page, installed } = setUp();
    const [child, grandchild, late] = [new FrameRealm(), new FrameRealm(), new FrameRealm()];
    page.insert(child);
    FakeMutationObserver.mutate(page.document, 'childList');
    child.insert(grandchild);
    FakeMutationObserver.mutate(child.document, 'childList');
    expect(installed.at(-1)).toBe(grandchild);
    child.renew();
    FakeMutationObserver.mutate(page.document, 'childList');
    expect(child.frameAround(late).contentWindow).toBe(late);
    expect(installed.at(-1)).toBe(late);
  });

  test('is looked at once for each document and each root of it, however often scripts ask for its window', () => {
    const { page, installed } = setUp();
    const child = new FrameRealm();
    const frame = page.frameAround(child);
    const ask = (): unknown => [frame.contentWindow, frame.contentDocument, frame.contentWindow];
    ask();
    expect(installed).toHaveLength(1);
    // `document.open` has taken the listeners away with the root.
    child.document.documentElement = {};
    ask();
    expect(installed).toHaveLength(2);
    child.renew();
    ask();
    expect(installed).toHaveLength(3);
  });

  test('has each accessor replaced once, however often it is met', () => {
    const { page } = setUp();
    const child = new FrameRealm();
    page.insert(child);
    const { prototype } = child.HTMLIFrameElement;
    const descriptor = (): unknown => Object.getOwnPropertyDescriptor(prototype, 'contentWindow');
    FakeMutationObserver.mutate(page.document, 'childList');
    const replaced = descriptor();
    FakeMutationObserver.mutate(page.document, 'childList');
    expect(descriptor()).toEqual(replaced);
  });
});

describe('other frames are left alone', () => {
  test('those of a server, which puts the shim in itself', () => {
    const { page, installed } = setUp();
    page.insert(new FrameRealm({ protocol: 'https:' }));
    FakeMutationObserver.mutate(page.document, 'childList');
    expect(installed).toEqual([]);
  });

  test('those of another origin and sandboxed ones, and the others still get the shim', () => {
    const { page, installed } = setUp();
    const child = new FrameRealm();
    page.insert(foreign);
    page.insert(child);
    FakeMutationObserver.mutate(page.document, 'childList');
    expect(installed).toEqual([child]);
  });

  test('an element without a window gives null, as it did', () => {
    const { page, installed } = setUp();
    const frame = page.frameAround(null);
    expect([frame.contentWindow, frame.contentDocument]).toEqual([null, null]);
    expect(installed).toEqual([]);
  });
});
