import { beforeEach, describe, expect, test } from '@jest/globals';
import { openPictureInPicture } from '../../src/shim/picture-in-picture.js';
import { fakeShellApi } from '../support/fake-shell-api.js';

type Realm = Window & typeof globalThis;

/** The window in a frame, whose document is in quirks mode until a doctype is written. */
class FrameWindow extends EventTarget {
  written = '';
  readonly document = {
    write: (text: string) => {
      if (this.takesNoMarkup) throw new TypeError('This document requires TrustedHTML');
      this.written += text;
    },
    close: () => undefined,
  };
  readonly ledTo: string[] = [];
  takesNoMarkup = false;

  constructor(frame: EventTarget) {
    super();
    Object.assign(this, {
      location: {
        replace: (url: string) => {
          this.ledTo.push(url);
          queueMicrotask(() => frame.dispatchEvent(new Event('load')));
        },
      },
    });
  }
}

/** What the tab's own `requestWindow` opens. */
class OpenedWindow extends EventTarget {
  readonly parent = this;
  readonly frames: { contentWindow: FrameWindow; focused: number }[] = [];
  closes = 0;
  readonly document = {
    createElement: () => {
      const frame = Object.assign(new EventTarget(), { style: {}, focused: 0 });
      const focus = (): void => void (frame.focused += 1);
      const inner = new FrameWindow(frame);
      inner.takesNoMarkup = takesNoMarkup;
      return Object.assign(frame, { focus, contentWindow: inner });
    },
    body: { append: (frame: OpenedWindow['frames'][number]) => void this.frames.push(frame) },
  };
  moveBy = nothing;
  moveTo = nothing;
  resizeBy = nothing;
  resizeTo = nothing;
  close = (): void => void (this.closes += 1);
}

const nothing = (): void => undefined;

class EnterEvent extends Event {
  readonly window: Window;

  constructor(type: string, init: { window: Window }) {
    super(type);
    this.window = init.window;
  }
}

/** A window's own, of a class of its own, as each realm has it. */
function pictureInPicture(answer: () => Promise<unknown>) {
  return new (class extends EventTarget {
    readonly asked: unknown[] = [];

    get window(): unknown {
      return 'the browser’s own';
    }

    requestWindow(...args: unknown[]): Promise<unknown> {
      this.asked.push(...args);
      return answer();
    }
  })();
}

let opened: OpenedWindow[];
let adopted: unknown[];
let takesNoMarkup: boolean;

beforeEach(() => {
  opened = [];
  adopted = [];
  takesNoMarkup = false;
});

function setUp({ compatMode = 'CSS1Compat', refusal = undefined as Error | undefined } = {}) {
  const own = pictureInPicture(() => Promise.reject(new Error('not at the top')));
  const ofTab = pictureInPicture(() => {
    if (refusal !== undefined) return Promise.reject(refusal);
    const window = new OpenedWindow();
    opened.push(window);
    return Promise.resolve(window);
  });
  const page = Object.assign(new EventTarget(), {
    ...{ documentPictureInPicture: own, DocumentPictureInPictureEvent: EnterEvent },
    document: { compatMode },
  });
  const tab = { documentPictureInPicture: ofTab };
  openPictureInPicture(
    page as unknown as Realm,
    tab as unknown as Window,
    fakeShellApi().shell,
    (window) => adopted.push(window),
  );
  return { page, own, ofTab };
}

describe('a picture-in-picture window of the app’s', () => {
  test('is a frame that the page has led to an empty document, as a top-level window', async () => {
    const { page, own, ofTab } = setUp();
    const entered = new Promise<Event>((resolve) => own.addEventListener('enter', resolve));
    const window = (await own.requestWindow({ width: 300 })) as FrameWindow & Window;
    const [frame] = opened[0]?.frames ?? [];
    expect(frame?.contentWindow).toBe(window);
    expect([ofTab.asked, window.ledTo, frame?.focused]).toEqual([
      [{ width: 300 }],
      ['about:blank'],
      1,
    ]);
    expect([window.parent, window.opener, window.frameElement]).toEqual([window, page, null]);
    expect([adopted, own.window]).toEqual([[window], window]);
    expect(((await entered) as EnterEvent).window).toBe(window);
    window.close();
    expect(opened[0]?.closes).toBe(1);
  });

  test('has the mode of the page, as far as the page’s policy lets it', async () => {
    const written = async (own: ReturnType<typeof pictureInPicture>): Promise<string> =>
      ((await own.requestWindow()) as FrameWindow).written;
    expect(await written(setUp().own)).toBe('<!doctype html><body>');
    expect(await written(setUp({ compatMode: 'BackCompat' }).own)).toBe('');
    takesNoMarkup = true;
    expect(await written(setUp().own)).toBe('');
  });

  test('is gone when it is closed, unless the next one is there', async () => {
    const { own } = setUp();
    expect(own.window).toBe(null);
    await own.requestWindow();
    const second = await own.requestWindow();
    opened[0]?.dispatchEvent(new Event('pagehide'));
    expect(own.window).toBe(second);
    opened[1]?.dispatchEvent(new Event('pagehide'));
    expect(own.window).toBe(null);
  });

  test('goes with the page', async () => {
    const { page, own } = setUp();
    page.dispatchEvent(new Event('pagehide'));
    await own.requestWindow();
    page.dispatchEvent(new Event('pagehide'));
    expect(opened.map(({ closes }) => closes)).toEqual([1]);
  });

  test('is refused as the browser refuses it', async () => {
    const refusal = new DOMException('No click', 'NotAllowedError');
    const { own } = setUp({ refusal });
    await expect(own.requestWindow()).rejects.toBe(refusal);
    expect(own.window).toBe(null);
  });
});
