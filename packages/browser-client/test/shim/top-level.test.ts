import { describe, expect, test } from '@jest/globals';
import type { Past } from '../../src/shared/shell-api.js';
import { focusFirst, printByKey, takeUp } from '../../src/shim/top-level.js';
import { FakeWindow } from '../support/fake-window.js';

const NOTHING: Past = { referrer: '', state: null, scroll: null };

/** A page that can be scrolled as far as it has been laid out. */
class ScrolledPage extends EventTarget {
  readonly document = Object.assign(new EventTarget(), { referrer: '' });
  readonly location = { href: 'https://s.example/first#part' };
  readonly history = {
    state: null as unknown,
    scrollRestoration: 'auto',
    replaceState: (state: unknown) => void (this.history.state = state),
  };
  height = 0;
  scrollX = 0;
  scrollY = 0;

  scrollTo({ left, top }: { left: number; top: number }): void {
    this.scrollX = left;
    this.scrollY = Math.min(top, this.height);
  }

  get asWindow(): Window {
    return this as unknown as Window;
  }

  /** So much has been laid out, then this event comes. */
  laidOut(height: number, type: 'DOMContentLoaded' | 'load'): number {
    this.height = height;
    (type === 'load' ? this : this.document).dispatchEvent(new Event(type));
    return this.scrollY;
  }
}

describe('what a page finds from before', () => {
  test('is the page that the tab has come from', () => {
    const page = new ScrolledPage();
    takeUp(page.asWindow, { ...NOTHING, referrer: 'https://from.example/' });
    expect(page.document.referrer).toBe('https://from.example/');
  });

  test('is not the shell, which WebKit names: it has the page’s own URL', () => {
    for (const referrer of ['', 'https://from.example/']) {
      const page = new ScrolledPage();
      page.document.referrer = 'https://s.example/first';
      takeUp(page.asWindow, { ...NOTHING, referrer });
      expect(page.document.referrer).toBe(referrer);
    }
  });

  test('is not the referrer when the page has one of its own, or there is none', () => {
    const page = new ScrolledPage();
    page.document.referrer = 'https://own.example/';
    takeUp(page.asWindow, { ...NOTHING, referrer: 'https://from.example/' });
    expect(page.document.referrer).toBe('https://own.example/');
    const other = new ScrolledPage();
    takeUp(other.asWindow, NOTHING);
    expect(other.document.referrer).toBe('');
  });

  test('is the state of the history entry, unless it has one already', () => {
    const page = new ScrolledPage();
    takeUp(page.asWindow, { ...NOTHING, state: { step: 2 } });
    expect(page.history.state).toEqual({ step: 2 });
    takeUp(page.asWindow, { ...NOTHING, state: { step: 1 } });
    expect(page.history.state).toEqual({ step: 2 });
    takeUp(page.asWindow, NOTHING);
    expect(page.history.state).toEqual({ step: 2 });
  });
});

describe('the scroll position', () => {
  const scrolled = (): ScrolledPage => {
    const page = new ScrolledPage();
    takeUp(page.asWindow, { ...NOTHING, scroll: [3, 500] });
    return page;
  };

  test('is taken up as far as the page has been laid out, and again when all of it has', () => {
    const page = scrolled();
    expect(page.laidOut(200, 'DOMContentLoaded')).toBe(200);
    expect(page.laidOut(2_000, 'load')).toBe(500);
    expect(page.scrollX).toBe(3);
  });

  test('is not touched once somebody has scrolled', () => {
    const page = scrolled();
    page.laidOut(200, 'DOMContentLoaded');
    page.scrollY = 120;
    expect(page.laidOut(2_000, 'load')).toBe(120);
  });

  test('is the page’s own to restore when it says so (HTML section 7.2.6, scrollRestoration)', () => {
    const page = scrolled();
    page.history.scrollRestoration = 'manual';
    expect(page.laidOut(2_000, 'load')).toBe(0);
  });

  test('of a page that was not scrolled stays where it is', () => {
    const page = new ScrolledPage();
    takeUp(page.asWindow, NOTHING);
    page.scrollY = 7;
    expect(page.laidOut(2_000, 'load')).toBe(7);
  });
});

describe('the keys that print', () => {
  function setUp() {
    let prints = 0;
    const page = Object.assign(new FakeWindow(), { print: () => void (prints += 1) });
    printByKey(page as unknown as Window);
    const press = (key: string, more: object = {}): Event => {
      const event = new Event('keydown', { cancelable: true });
      page.dispatchEvent(Object.assign(event, { key, ...more }));
      return event;
    };
    return { page, press, prints: () => prints };
  }

  test.each([
    ['p', { ctrlKey: true }],
    ['p', { metaKey: true }],
    ['P', { ctrlKey: true }],
  ])('%s with %j prints the app, not the page around it', (key, modifiers) => {
    const { press, prints } = setUp();
    expect(press(key, modifiers).defaultPrevented).toBe(true);
    expect(prints()).toBe(1);
  });

  test.each([
    ['p', {}],
    ['p', { ctrlKey: true, shiftKey: true }],
    ['p', { metaKey: true, altKey: true }],
    ['s', { ctrlKey: true }],
  ])('%s with %j is another key', (key, modifiers) => {
    const { press, prints } = setUp();
    expect(press(key, modifiers).defaultPrevented).toBe(false);
    expect(prints()).toBe(0);
  });

  test('belong to an app that takes them, also when it listens later', () => {
    const { page, press, prints } = setUp();
    page.addEventListener('keydown', (event) => event.preventDefault());
    press('p', { ctrlKey: true });
    expect(prints()).toBe(0);
  });

  test('print once for each time they are pressed', () => {
    const { press, prints } = setUp();
    press('a');
    press('p', { ctrlKey: true });
    press('p', { ctrlKey: true });
    expect(prints()).toBe(2);
  });
});

describe('the first focus', () => {
  function focusedIn(more: { activeElement?: string; hasTarget?: boolean; isPlain?: boolean }) {
    const focused: string[] = [];
    const parts = { body: 'body', documentElement: 'html' };
    const document = Object.assign(new EventTarget(), {
      ...{ ...parts, activeElement: more.activeElement ?? 'body' },
      querySelector: (selector: string) => {
        if (selector === ':target') return more.hasTarget === true ? {} : null;
        const field = { focus: () => void focused.push(selector) };
        return more.isPlain === true ? null : field;
      },
    });
    focusFirst(document as unknown as Document);
    expect(focused).toEqual([]);
    document.dispatchEvent(new Event('DOMContentLoaded'));
    return focused;
  }

  test('goes to the element with `autofocus` when the page has been read', () => {
    expect(focusedIn({})).toEqual(['[autofocus]']);
    expect(focusedIn({ activeElement: 'html' })).toEqual(['[autofocus]']);
  });

  test('stays where a script has put it', () => {
    expect(focusedIn({ activeElement: 'input' })).toEqual([]);
  });

  test('leaves a page alone that was opened at a fragment, or that has no such element', () => {
    expect(focusedIn({ hasTarget: true })).toEqual([]);
    expect(focusedIn({ isPlain: true })).toEqual([]);
  });
});
