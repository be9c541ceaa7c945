import { describe, expect, test } from '@jest/globals';
import { SHELL_API } from '../../src/shared/shell-api.js';
import { actAsTop, showTabsAsSources } from '../../src/shim/top-window.js';
import { fakeShellApi } from '../support/fake-shell-api.js';

type Realm = Window & typeof globalThis;

const { shell, calls } = fakeShellApi();

/** A window of another site: only what HTML section 7.2.1.3.1 lists can be read of it. */
function foreignWindow(more: object = {}) {
  const posted: unknown[] = [];
  const own = {
    posted,
    closed: false,
    focus(this: unknown) {
      return this;
    },
    postMessage: (message: unknown) => void posted.push(message),
    ...more,
  };
  return new Proxy(own, {
    get(target, key) {
      if (!Reflect.has(target, key)) throw new DOMException('Blocked', 'SecurityError');
      return Reflect.get(target, key) as unknown;
    },
    has(target, key) {
      if (typeof key === 'symbol') throw new DOMException('Blocked', 'SecurityError');
      return Reflect.has(target, key);
    },
  });
}

function tabWindow(opener: unknown = null) {
  const moved: unknown[] = [];
  const move =
    (name: string) =>
    (...args: number[]): void =>
      void moved.push([name, ...args]);
  const tab = {
    ...{ opener, name: 'named', moved, parent: null as unknown },
    close(this: unknown) {
      moved.push(['close', this === tab]);
    },
    ...{ moveBy: move('moveBy'), moveTo: move('moveTo') },
    ...{ resizeBy: move('resizeBy'), resizeTo: move('resizeTo') },
  };
  tab.parent = tab;
  return tab;
}

function actingPage(tab: object) {
  const page = { parent: tab, frameElement: {}, name: '', opener: undefined } as unknown as Realm;
  actAsTop(page, tab as Window, shell);
  return page;
}

describe('the app’s main document, which acts as the top-level page', () => {
  test('is its own parent, and no element holds it', () => {
    const page = actingPage(tabWindow());
    expect([page.parent === page, page.frameElement]).toEqual([true, null]);
  });

  test('has the name of the tab, and names the tab', () => {
    const tab = tabWindow();
    const page = actingPage(tab);
    expect(page.name).toBe('named');
    page.name = 'renamed';
    expect([tab.name, page.name]).toEqual(['renamed', 'renamed']);
  });

  test('closes, moves and resizes the tab', () => {
    const tab = tabWindow();
    const page = actingPage(tab);
    page.close();
    page.moveTo(1, 2);
    page.moveBy(3, 4);
    page.resizeTo(5, 6);
    page.resizeBy(7, 8);
    expect(tab.moved).toEqual([
      ['close', true],
      ['moveTo', 1, 2],
      ['moveBy', 3, 4],
      ['resizeTo', 5, 6],
      ['resizeBy', 7, 8],
    ]);
  });

  test('can have its members replaced, as a page may replace a window’s', () => {
    const page = actingPage(tabWindow());
    Object.assign(page, { close: 'own', parent: 'own' });
    expect(page).toMatchObject({ close: 'own', parent: 'own' });
    expect(Object.keys(page)).toEqual(expect.arrayContaining(['opener', 'parent', 'close']));
  });
});

describe('the opener', () => {
  test('is nobody when nobody has opened the tab', () => {
    expect(actingPage(tabWindow()).opener).toBeNull();
  });

  test('of the same origin is the window itself', () => {
    const opener = { location: { href: 'https://s.example/' } };
    expect(actingPage(tabWindow(opener)).opener).toBe(opener);
  });

  test('is the tab’s, which a page may cut off', () => {
    const tab = tabWindow({ location: { href: 'https://s.example/' } });
    const page = actingPage(tab);
    page.opener = null;
    expect([tab.opener, page.opener]).toEqual([null, null]);
  });

  test('of another site gets messages from the tab, the only window it knows', () => {
    const opener = foreignWindow();
    const page = actingPage(tabWindow(opener));
    const shown = page.opener as Window;
    shown.postMessage({ done: true }, 'https://other.example');
    expect(calls.at(-1)).toEqual(['postToOpener', { done: true }, 'https://other.example']);
    expect(opener.posted).toEqual([]);
  });

  test('of another site can be used as far as its own window can', () => {
    const opener = foreignWindow();
    const page = actingPage(tabWindow(opener));
    const shown = page.opener as Window & Record<string, unknown>;
    expect(shown.closed).toBe(false);
    // Methods of a window want their own window for `this`.
    expect(shown.focus()).toBe(opener);
    expect(() => shown.document).toThrow(expect.objectContaining({ name: 'SecurityError' }));
    Reflect.set(shown, 'closed', true);
    expect(opener.closed).toBe(true);
  });

  test('is the same object each time', () => {
    const opener = foreignWindow();
    const page = actingPage(tabWindow(opener));
    expect(page.opener).toBe(page.opener);
    expect(actingPage(tabWindow(foreignWindow())).opener).not.toBe(page.opener);
  });
});

describe('the source of a message', () => {
  /** A realm of its own, so that the getter is replaced for its events only. */
  function realmIn(top: object) {
    class OwnMessageEvent {
      readonly #source: unknown;

      constructor(source: unknown) {
        this.#source = source;
      }

      get source(): unknown {
        return this.#source;
      }
    }
    const realm = { MessageEvent: OwnMessageEvent, top } as unknown as Realm;
    showTabsAsSources(realm, top as unknown as Window, shell);
    return (source: unknown) => new OwnMessageEvent(source).source;
  }

  /** Another tab: its shell, with the app in its first frame. */
  function otherTab() {
    const top: Record<PropertyKey, unknown> = { [SHELL_API]: shell };
    const frame = { top };
    top[0] = frame;
    return { top, frame };
  }

  test('is the tab when the app in another tab has posted', () => {
    const { top, frame } = otherTab();
    expect(realmIn({ opener: null })(frame)).toBe(top);
  });

  test('stays when it is an inner frame of another tab, or one of the own tab', () => {
    const { top } = otherTab();
    const inner = { top };
    expect(realmIn({ opener: null })(inner)).toBe(inner);
    const own = otherTab();
    Object.assign(own.top, { opener: null });
    expect(realmIn(own.top)(own.frame)).toBe(own.frame);
  });

  test('stays when the other tab has no shell, or is a window of another site', () => {
    const bare = { top: {} };
    const foreign = foreignWindow({ top: foreignWindow() });
    const sourceOf = realmIn({ opener: null });
    expect(sourceOf(bare)).toBe(bare);
    expect(sourceOf(foreign)).toBe(foreign);
  });

  test('stays when it is no window at all: a port, a service worker or nobody', () => {
    const sourceOf = realmIn({ opener: null });
    const { port1 } = new MessageChannel();
    expect([sourceOf(null), sourceOf(port1)]).toEqual([null, port1]);
    port1.close();
  });

  test('is the opener as the page knows it, so that comparing them works', () => {
    const opener = foreignWindow();
    const tab = tabWindow(opener);
    const page = actingPage(tab);
    expect(realmIn(tab)(opener)).toBe(page.opener);
  });

  test('is what it was in a document without a tab', () => {
    const { frame, top } = otherTab();
    const sourceOf = realmIn({ opener: null });
    expect([sourceOf(null), sourceOf(frame)]).toEqual([null, top]);
  });
});
