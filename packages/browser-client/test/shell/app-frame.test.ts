import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { BROWSER_LIMITS } from '../../src/shared/limits.js';
import { AppFrame } from '../../src/shell/app-frame.js';
import { closeTabs, find, openTab, type Tab } from '../support/dom.js';
import { settle } from '../support/fake-clock.js';

const PAGE = '<iframe id="wingman-app" name="wingman-app"></iframe>';
const AT = 'https://s.example/page';

/** A window in the frame, which writes down where it is sent. */
class FakeWindow {
  readonly calls: string[] = [];
  readonly location: { href: string; hash: string } & Record<string, unknown>;
  readonly document: Record<string, unknown>;

  constructor(href: string, problem = false) {
    const go = (how: string) => (url: string) => void this.calls.push(`${how} ${url}`);
    this.location = {
      ...{ href, hash: new URL(href).hash },
      ...{ assign: go('assign'), replace: go('replace') },
      reload: () => void this.calls.push('reload'),
    };
    this.document = {
      ...{ location: this.location, defaultView: this },
      querySelector: () => (problem ? {} : null),
      documentElement: { scrollHeight: 4321 },
    };
  }

  readonly print = (): void => void this.calls.push('print');
  readonly focus = (): void => void this.calls.push('focus');
}

let tab: Tab;
let element: HTMLIFrameElement;
let loaded: string[];
let frame: AppFrame;

beforeEach(() => {
  tab = openTab('https://s.example/', PAGE);
  element = find<HTMLIFrameElement>(tab.document, 'iframe');
  // It would load for real.
  let src = '';
  Object.defineProperty(element, 'src', { get: () => src, set: (url: string) => (src = url) });
  shows(undefined);
  loaded = [];
  frame = new AppFrame(tab, { onLoad: ({ url }) => loaded.push(String(url)) });
});

afterEach(closeTabs);

/** Puts a document into the frame; undefined: another site's, null: none yet. */
function shows(window: FakeWindow | undefined): void {
  const member = (name: string, get: () => unknown): void =>
    void Object.defineProperty(element, name, { get, configurable: true });
  member('contentWindow', () => window ?? null);
  member('contentDocument', () => window?.document ?? null);
}

function showsForeign(): void {
  Object.defineProperty(element, 'contentDocument', {
    configurable: true,
    get: () => {
      throw new DOMException('Blocked a frame', 'SecurityError');
    },
  });
}

function load(window: FakeWindow): FakeWindow {
  shows(window);
  element.dispatchEvent(new tab.Event('load'));
  return window;
}

describe('the frame', () => {
  test('has to be in the page', () => {
    find(tab.document, 'iframe').remove();
    expect(() => new AppFrame(tab, { onLoad: () => undefined })).toThrow('no frame');
  });

  test('may use what a top-level page may ask for, and sends no referrer of the shell', () => {
    expect(element.allow.split('; ')).toEqual(
      expect.arrayContaining(['camera', 'fullscreen *', 'clipboard-write']),
    );
    expect(element.referrerPolicy).toBe('no-referrer');
  });

  test('says when a document of the app has loaded', () => {
    load(new FakeWindow(AT));
    load(new FakeWindow('about:blank'));
    expect(loaded).toEqual([AT]);
  });

  test('says nothing of another site’s document, and has neither window nor URL then', () => {
    showsForeign();
    element.dispatchEvent(new tab.Event('load'));
    expect(loaded).toEqual([]);
    expect([frame.window, frame.url, frame.document]).toEqual([undefined, undefined, undefined]);
    expect(frame.showsProblem).toBe(false);
  });
});

describe('going somewhere', () => {
  test('begins with the frame’s own address, and leaves no entry in the history afterwards', () => {
    frame.load(AT);
    expect(element.src).toBe(AT);
    const window = load(new FakeWindow(AT));
    frame.load('https://s.example/next');
    expect(window.calls).toEqual(['replace https://s.example/next']);
    expect(element.src).toBe(AT);
  });

  test('as the app asks for it makes an entry, or takes the place of one', () => {
    const window = load(new FakeWindow(AT));
    frame.go('https://s.example/a', false);
    frame.go('https://s.example/b', true);
    expect(window.calls).toEqual(['assign https://s.example/a', 'replace https://s.example/b']);
  });

  test('is nothing while another site is in the frame', () => {
    showsForeign();
    expect(() => frame.go('https://s.example/a', false)).not.toThrow();
    expect(() => frame.setHash('#x')).not.toThrow();
  });

  test('to a fragment is done once', () => {
    const window = load(new FakeWindow(`${AT}#old`));
    frame.setHash('#old');
    frame.setHash('#new');
    expect(window.calls).toEqual([`replace ${AT}#new`]);
  });

  test('again happens for our own problem page, and for no page of the app', () => {
    const app = load(new FakeWindow(AT));
    frame.retryProblem();
    expect(app.calls).toEqual([]);
    const problem = load(new FakeWindow(AT, true));
    expect(frame.showsProblem).toBe(true);
    frame.retryProblem();
    expect(problem.calls).toEqual(['reload']);
  });

  test('again happens once for each problem page, however often the link comes back meanwhile', () => {
    const problem = load(new FakeWindow(AT, true));
    frame.retryProblem();
    frame.retryProblem();
    expect(problem.calls).toEqual(['reload']);
    const next = load(new FakeWindow(AT, true));
    frame.retryProblem();
    expect(next.calls).toEqual(['reload']);
  });

  test('ends with the frame', () => {
    frame.remove();
    expect(tab.document.querySelector('iframe')).toBeNull();
  });

  test('moves the focus along', () => {
    const window = load(new FakeWindow(AT));
    frame.focus();
    expect(window.calls).toEqual(['focus']);
  });
});

describe('printing', () => {
  test('by a script is the app’s, not the shell’s', () => {
    const window = load(new FakeWindow(AT));
    tab.print();
    expect(window.calls).toEqual(['print']);
  });

  test('by the browser’s menu makes the frame as high as its page, for that long', () => {
    load(new FakeWindow(AT));
    tab.dispatchEvent(new tab.Event('beforeprint'));
    expect(element.style.getPropertyValue('--printed')).toBe('4321px');
    expect(element.style.width).toBe('');
    tab.dispatchEvent(new tab.Event('afterprint'));
    expect(element.style.getPropertyValue('--printed')).toBe('');
  });

  test('of another site’s document leaves the frame as it is', () => {
    showsForeign();
    tab.dispatchEvent(new tab.Event('beforeprint'));
    expect(element.style.getPropertyValue('--printed')).toBe('');
    expect(() => tab.print()).not.toThrow();
  });
});

describe('messages to the tab', () => {
  const message = (more: MessageEventInit): MessageEvent =>
    new tab.MessageEvent('message', { origin: 'https://opener.example', ...more });

  function listening(window: FakeWindow): MessageEvent[] {
    const heard: MessageEvent[] = [];
    Object.assign(window, {
      ...{ MessageEvent, opener: 'the app’s opener' },
      structuredClone: (data: unknown) => ({ cloned: data }),
      dispatchEvent: (event: MessageEvent) => heard.push(event),
    });
    return heard;
  }

  test('reach the app when it has loaded, cloned for it', () => {
    const window = new FakeWindow(AT);
    const heard = listening(window);
    tab.dispatchEvent(message({ data: 'early' }));
    load(window);
    expect(heard.map(({ data }) => data as unknown)).toEqual([{ cloned: 'early' }]);
    expect(heard[0]?.origin).toBe('https://opener.example');
  });

  test('with ports are handed on as they are', () => {
    const window = new FakeWindow(AT);
    const heard = listening(window);
    load(window);
    const { port1, port2 } = new MessageChannel();
    tab.dispatchEvent(message({ data: 'with a port', ports: [port1] }));
    expect(heard[0]?.data).toBe('with a port');
    expect(heard[0]?.ports).toEqual([port1]);
    port2.close();
  });

  test('from the opener have as their source what the app takes for its opener', () => {
    const window = new FakeWindow(AT);
    const heard = listening(window);
    load(window);
    Object.defineProperty(tab, 'opener', { value: null });
    tab.dispatchEvent(message({ data: 1 }));
    expect(heard[0]?.source).toBe('the app’s opener');
  });

  test('are lost while another site is in the frame', () => {
    const window = new FakeWindow(AT);
    const heard = listening(window);
    load(window);
    showsForeign();
    tab.dispatchEvent(message({ data: 1 }));
    expect(heard).toEqual([]);
  });
});

describe('the address bar', () => {
  test('moves the app to another fragment', () => {
    const window = load(new FakeWindow(AT));
    tab.location.hash = '#part';
    tab.dispatchEvent(new tab.Event('hashchange'));
    expect(window.calls).toContain(`replace ${AT}#part`);
  });
});

describe('the first paint', () => {
  /** What the observers in a window were told to look for, and what they are told. */
  function observed(window: FakeWindow) {
    const told: ((names: string[]) => void)[] = [];
    let watching = 0;
    class FakeObserver {
      constructor(listener: (entries: { getEntriesByName(name: string): unknown[] }) => void) {
        told.push((names) =>
          listener({ getEntriesByName: (name) => names.filter((own) => own === name) }),
        );
      }
      observe(options: unknown): void {
        expect(options).toEqual({ type: 'paint', buffered: true });
        watching += 1;
      }
      disconnect(): void {
        watching -= 1;
      }
    }
    Object.assign(window, { PerformanceObserver: FakeObserver });
    shows(window);
    return {
      tell: (...names: string[]) => told.forEach((to) => to(names)),
      isOver: () => watching === 0,
    };
  }

  test('is that of content, not of a background', async () => {
    const { tell, isOver } = observed(new FakeWindow(AT));
    let isPainted = false;
    const painted = frame.painted().then(() => (isPainted = true));
    tell('first-paint');
    await settle();
    expect(isPainted).toBe(false);
    tell('first-paint', 'first-contentful-paint');
    await painted;
    expect(isOver()).toBe(true);
  });

  test('is waited for so long: a hidden tab paints nothing', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick'] });
    const { isOver } = observed(new FakeWindow(AT));
    const painted = frame.painted();
    await jest.advanceTimersByTimeAsync(BROWSER_LIMITS.firstPaintMs - 1);
    expect(isOver()).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    jest.useRealTimers();
    await painted;
    expect(isOver()).toBe(true);
  });

  test('of another site’s document is not waited for', async () => {
    showsForeign();
    await frame.painted();
  });
});
