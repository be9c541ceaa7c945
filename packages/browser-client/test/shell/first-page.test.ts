import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { REFERRER_MARK } from '../../src/shared/shell-api.js';
import type { AppFrame } from '../../src/shell/app-frame.js';
import { FirstPage, referrerOf } from '../../src/shell/first-page.js';
import { closeTabs, forbiddenStorage, openTab, type Tab } from '../support/dom.js';

const URL_OF_PAGE = 'https://s.example/page?q';
const APP = `${URL_OF_PAGE}#part`;

let tab: Tab;

beforeEach(() => {
  tab = openTab(URL_OF_PAGE);
  arrive('reload');
});

afterEach(closeTabs);

/** How the tab has come to its document. */
function arrive(type: NavigationTimingType): void {
  const performance = { getEntriesByType: () => [{ type }] };
  Object.defineProperty(tab, 'performance', { value: performance, configurable: true });
}

function app(more: { url?: string | undefined; state?: unknown } = {}): AppFrame {
  const { state = { page: 2 } } = more;
  const window = {
    document: { referrer: 'https://from.example/' },
    history: { state },
    ...{ scrollX: 0, scrollY: 640 },
  };
  return { url: APP, window, ...more } as unknown as AppFrame;
}

describe('the page that a tab begins with', () => {
  test('knows where the tab came from, and nothing else', () => {
    arrive('navigate');
    Object.defineProperty(tab.document, 'referrer', { value: 'https://chat.example/' });
    const first = new FirstPage(tab);
    const past = { referrer: 'https://chat.example/', state: null, scroll: null };
    expect(first.pastOf(APP)).toEqual(past);
    expect(first.pastOf('https://s.example/redirected')).toEqual(past);
  });

  test('was opened by a form whose page the service worker knows', () => {
    tab.document.head.innerHTML = `<meta name="${REFERRER_MARK}" content="https://form.example/">`;
    expect(referrerOf(tab)).toBe('https://form.example/');
    expect(new FirstPage(tab).referrer).toBe('https://form.example/');
  });

  test('is the first one only: those that follow have a past of their own', () => {
    const first = new FirstPage(tab);
    first.loaded();
    expect(first.pastOf(APP)).toBeUndefined();
  });
});

describe('a page that is loaded again', () => {
  test('finds its state, its scroll and where it came from, once', () => {
    new FirstPage(tab).keep(app());
    const again = new FirstPage(tab);
    expect(again.pastOf(APP)).toMatchObject({
      ...{ referrer: 'https://from.example/', state: { page: 2 }, scroll: [0, 640] },
    });
    const third = new FirstPage(tab);
    expect(third.pastOf(APP)).toMatchObject({ state: null, scroll: null });
  });

  test('is known by its whole URL', () => {
    new FirstPage(tab).keep(app());
    const again = new FirstPage(tab);
    expect(again.pastOf(URL_OF_PAGE)).toEqual({
      ...{ referrer: 'https://from.example/', state: null, scroll: null },
    });
  });

  test('finds nothing when the tab was sent there anew', () => {
    new FirstPage(tab).keep(app());
    arrive('navigate');
    expect(new FirstPage(tab).pastOf(APP)).toMatchObject({ state: null, scroll: null });
  });

  test('finds nothing when the tab has gone elsewhere', () => {
    new FirstPage(tab).keep(app({ url: 'https://s.example/elsewhere' }));
    expect(new FirstPage(tab).pastOf('https://s.example/elsewhere')).toMatchObject({ state: null });
  });

  test('goes back as well as anew', () => {
    new FirstPage(tab).keep(app());
    arrive('back_forward');
    expect(new FirstPage(tab).pastOf(APP)).toMatchObject({ scroll: [0, 640] });
  });
});

describe('what can’t be kept', () => {
  test('is left: another site’s page, and a state that is no JSON', () => {
    const first = new FirstPage(tab);
    const loop: Record<string, unknown> = {};
    loop['loop'] = loop;
    first.keep(app({ url: undefined }));
    first.keep({ url: APP, window: undefined } as unknown as AppFrame);
    expect(() => first.keep(app({ state: loop }))).not.toThrow();
    expect(tab.sessionStorage).toHaveLength(0);
  });

  test('does no harm when it is garbled', () => {
    tab.sessionStorage.setItem('wingman.past', '{"url":');
    expect(new FirstPage(tab).pastOf(APP)).toMatchObject({ state: null });
    expect(tab.sessionStorage).toHaveLength(0);
  });

  test('is nothing where the browser has no storage', () => {
    Object.defineProperty(tab, 'sessionStorage', { value: forbiddenStorage });
    const first = new FirstPage(tab);
    expect(() => first.keep(app())).not.toThrow();
    expect(first.pastOf(APP)).toMatchObject({ state: null });
  });
});
