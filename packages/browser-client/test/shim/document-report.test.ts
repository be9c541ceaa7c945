import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { DocumentReport } from '../../src/shared/shell-api.js';
import { reportDocument } from '../../src/shim/document-report.js';
import { FakeMutationObserver } from '../support/fake-window.js';

interface Parts {
  icons?: { href: string }[];
  themeColors?: { media: string; content: string }[];
  viewports?: { content: string }[];
}

const LISTS = { link: 'icons', 'meta[name="theme-color"': 'themeColors' } as const;

/** A document with these elements; dark mode is on. */
function setUp(parts: Parts = {}, readyState = 'complete') {
  const found = (selector: string): readonly object[] => {
    const list = Object.entries(LISTS).find(([start]) => selector.startsWith(start))?.[1];
    return parts[list ?? 'viewports'] ?? [];
  };
  const document = Object.assign(new EventTarget(), {
    ...{ readyState, title: 'Title', head: {}, documentElement: {} },
    location: { href: 'https://s.example/page' },
    querySelectorAll: found,
  });
  const entries: unknown[] = [];
  const history = {
    pushState: (...args: unknown[]) => void entries.push(args),
    replaceState: (...args: unknown[]) => void entries.push(args),
  };
  const page = Object.assign(new EventTarget(), {
    ...{ document, history, MutationObserver: FakeMutationObserver },
    matchMedia: (media: string) => ({ matches: media.includes('dark') }),
    setTimeout: (act: () => void) => setTimeout(act, 0),
  });
  const reports: DocumentReport[] = [];
  reportDocument(page as unknown as Window & typeof globalThis, (report) => reports.push(report));
  return { page, document, entries, history, reports };
}

type Change = [name: string, change: (set: ReturnType<typeof setUp>) => void];

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('what a document says of itself', () => {
  test('is said at once, and of the last icon and viewport, as browsers take them', () => {
    const { reports } = setUp({
      icons: [{ href: 'https://s.example/old.png' }, { href: 'https://s.example/new.png' }],
      viewports: [{ content: 'width=100' }, { content: 'width=device-width' }],
    });
    expect(reports).toEqual([
      {
        url: 'https://s.example/page',
        title: 'Title',
        icon: 'https://s.example/new.png',
        themeColor: null,
        viewport: 'width=device-width',
      },
    ]);
  });

  test('has no icon and viewport when it names none, and none yet while it is being read', () => {
    expect(setUp().reports[0]).toMatchObject({ icon: null, viewport: null });
    const [reading] = setUp({}, 'loading').reports;
    expect(reading).toMatchObject({ icon: undefined, viewport: undefined });
  });

  test('has the first theme colour whose media query holds (HTML section 4.2.5.1)', () => {
    const light = { media: '(prefers-color-scheme: light)', content: 'white' };
    const dark = { media: '(prefers-color-scheme: dark)', content: 'black' };
    const plain = { media: '', content: 'red' };
    const colorOf = (...themeColors: (typeof light)[]) => setUp({ themeColors }).reports[0];
    expect(colorOf(light, dark, plain)).toMatchObject({ themeColor: 'black' });
    expect(colorOf(plain, dark)).toMatchObject({ themeColor: 'red' });
    expect(colorOf(light)).toMatchObject({ themeColor: null });
  });
});

describe('what changes of it', () => {
  const changes: Change[] = [
    ['a new history entry', ({ history }) => history.pushState({ a: 1 }, '', '/b')],
    ['a changed one', ({ history }) => history.replaceState({ a: 1 }, '', '/b')],
    ...(['childList', 'characterData', 'attributes'] as const).map((kind): Change => [
      `the head (${kind})`,
      ({ document }) => FakeMutationObserver.mutate(document.head, kind),
    ]),
    ['the end of reading', ({ document }) => document.dispatchEvent(new Event('DOMContentLoaded'))],
    ...['popstate', 'hashchange', 'pageshow', 'load'].map((type): Change => [
      type,
      ({ page }) => void page.dispatchEvent(new Event(type)),
    ]),
  ];

  test.each(changes)('by %s is said, too', (_, change) => {
    const all = setUp();
    all.document.title = 'Other';
    change(all);
    expect(all.reports).toHaveLength(1);
    jest.runAllTimers();
    expect(all.reports.map(({ title }) => title)).toEqual(['Title', 'Other']);
  });

  test('at once is said once, as it is in the end', () => {
    const { document, history, reports } = setUp();
    for (const title of ['One', 'Two', 'Three']) {
      document.title = title;
      history.pushState(null, '');
    }
    jest.runAllTimers();
    expect(reports.map(({ title }) => title)).toEqual(['Title', 'Three']);
    history.pushState(null, '');
    jest.runAllTimers();
    expect(reports).toHaveLength(3);
  });

  test('in the history has been changed as the page said', () => {
    const { entries, history } = setUp();
    history.pushState({ a: 1 }, '', '/b');
    history.replaceState({ a: 2 }, '');
    expect(entries).toEqual([
      [{ a: 1 }, '', '/b'],
      [{ a: 2 }, ''],
    ]);
  });

  test('is seen in a document without a head', () => {
    const node = {};
    const document = Object.assign(new EventTarget(), {
      ...{ head: null, documentElement: node, location: {}, querySelectorAll: () => [] },
    });
    const page = Object.assign(new EventTarget(), {
      ...{ document, MutationObserver: FakeMutationObserver, setTimeout },
      history: { pushState: () => undefined, replaceState: () => undefined },
    });
    let reports = 0;
    reportDocument(page as unknown as Window & typeof globalThis, () => (reports += 1));
    FakeMutationObserver.mutate(node, 'childList');
    jest.runAllTimers();
    expect(reports).toBe(2);
  });
});
