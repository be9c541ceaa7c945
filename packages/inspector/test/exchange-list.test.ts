import { describe, expect, test } from '@jest/globals';
import { h } from 'preact';
import type { ExchangeSummary } from '../src/api/index.js';
import { ExchangeList } from '../src/page/exchange-list.js';
import { click, doing, press, show, summaryOf, textsOf, usePage } from './support/page.js';

const page = usePage();
const many = (count: number) => Array.from({ length: count }, (_, at) => summaryOf({ id: at + 1 }));

/** A list that knows what was chosen, as its owner does. */
async function showList(exchanges: readonly ExchangeSummary[], selected?: number) {
  const chosen: number[] = [];
  const draw = (list: readonly ExchangeSummary[], id?: number): Promise<void> =>
    show(
      page.root,
      h(ExchangeList, {
        ...{ exchanges: list, selected: id, empty: 'none' },
        onSelect: (one) => void chosen.push(one),
      }),
    );
  await draw(exchanges, selected);
  const box = page.root.querySelector<HTMLElement>('[role=listbox]')!;
  return { chosen, box, draw, cells: () => textsOf(page.root, '[role=option] span') };
}

describe('a line of the list', () => {
  const parts = async (fields: Partial<ExchangeSummary>): Promise<string[]> =>
    (await showList([summaryOf(fields)])).cells();

  test('shows status, method, type, way, viewer, bytes of both directions, and time', async () => {
    const cells = await parts({
      ...{ status: 201, method: 'POST', target: '/cart', type: 'application/json' },
      ...{ path: 'p2p', upload: 1_024, download: 1_024, durationMs: 12.4 },
    });
    expect(cells.slice(0, 8)).toEqual([
      ...['201', 'POST', '/cart', 'json', 'direct', 'abcdef', '2.0 KiB', '12 ms'],
    ]);
  });

  test.each<[string, Partial<ExchangeSummary>, string]>([
    ['that waits for its answer', { status: undefined!, outcome: 'running' }, '…'],
    ['that was cut under way', { status: 200, outcome: 'aborted', code: 'LINK_LOST' }, '200 cut'],
    ['that ended before its answer', { status: undefined!, outcome: 'aborted', code: 'X' }, 'X'],
    ['that ended for no known reason', { status: undefined!, outcome: 'aborted' }, 'ended'],
    ['that was asked ahead and not used', { status: 200, outcome: 'unused' }, 'unused'],
    ['that was refused', { status: 403, outcome: 'refused', code: 'NO_KEY' }, '403'],
  ])('%s says so in place of a status', async (_, fields, status) => {
    expect((await parts(fields))[0]).toBe(status);
  });

  test('of a visitor who is known has the number and the browser', async () => {
    const cells = await parts({ visitor: { number: 1, browser: 'Firefox 153 on Linux' } });
    expect(cells[5]).toBe('#1 Firefox 153');
    const cell = page.root.querySelectorAll<HTMLElement>('[role=option] span')[5];
    expect(cell?.title).toBe('#1 Firefox 153 on Linux, tab abcdef');
  });

  test('of a WebSocket says WS for its method', async () => {
    expect((await parts({ kind: 'websocket', status: 101 }))[1]).toBe('WS');
  });

  test('of a failure is marked', async () => {
    await showList([summaryOf({ status: 500 }), summaryOf({ id: 2, status: 304 })]);
    const marks = [...page.root.querySelectorAll('[role=option]')].map((row) => row.className);
    expect(marks).toEqual(['row error', 'row ']);
  });
});

describe('keys that nothing else takes', () => {
  test('are those of the list, which has the focus from then on', async () => {
    const { chosen, box } = await showList(many(3));
    await press(document.body, 'ArrowDown');
    expect([chosen, document.activeElement]).toEqual([[1], box]);
    await press(document.body, 'ArrowDown', { metaKey: true });
    expect(chosen).toEqual([1]);
  });

  test('are left alone where another element has the focus', async () => {
    const { chosen } = await showList(many(3));
    const field = document.body.appendChild(document.createElement('input'));
    await press(field, 'ArrowDown');
    field.remove();
    expect(chosen).toEqual([]);
  });
});

describe('a long list', () => {
  test('has only lines in sight in the page, and the height of all', async () => {
    const { box } = await showList(many(5_000));
    const shown = page.root.querySelectorAll('[role=option]').length;
    expect(shown).toBeGreaterThanOrEqual(10);
    expect(shown).toBeLessThan(50);
    expect(box.querySelector<HTMLElement>('.canvas')?.style.height).toBe(`${5_000 * 28}px`);
  });

  test('draws lines that come into sight in the elements of those that go, and says which they are', async () => {
    const { box } = await showList(many(5_000));
    const options = () => [...page.root.querySelectorAll('[role=option]')];
    const places = () =>
      options()
        .map((row) => Number(row.getAttribute('aria-posinset')))
        .sort((one, other) => one - other);
    const scrollTo = async (top: number): Promise<void> => {
      box.scrollTop = top;
      await doing(() => box.dispatchEvent(new Event('scroll')));
    };
    // In the middle there are as many as there can be.
    await scrollTo(28 * 1_000);
    const before = new Set(options());
    await scrollTo(28 * 1_008);
    const now = options();
    expect(now.every((row) => before.has(row))).toBe(true);
    const [first = 0] = places();
    expect(first).toBeGreaterThan(900);
    expect(places()).toEqual(now.map((_, at) => first + at));
    for (const row of now) {
      expect(row.id).toBe(`exchange-${row.getAttribute('aria-posinset')}`);
      expect(row.getAttribute('aria-setsize')).toBe('5000');
    }
  });

  test('shows its beginning once somebody has scrolled there, whatever comes', async () => {
    const { box, draw } = await showList(many(100));
    const scrolled: unknown[] = [];
    Object.defineProperty(box, 'scrollHeight', { get: () => 2_800 });
    box.scrollTo = (where: unknown) => void scrolled.push(where);
    box.scrollTop = 0;
    await doing(() => box.dispatchEvent(new Event('scroll')));
    await draw(many(101));
    expect(scrolled).toEqual([]);
    // At its end again, it follows.
    box.scrollTop = 2_800 - 280;
    await doing(() => box.dispatchEvent(new Event('scroll')));
    await draw(many(102));
    expect(scrolled.length).toBeGreaterThan(0);
  });
});

describe('choosing', () => {
  test('by a click', async () => {
    const { chosen } = await showList(many(3));
    await click(page.root.querySelectorAll('[role=option]')[1]!);
    expect(chosen).toEqual([2]);
  });

  test.each([
    ['ArrowDown', 50, 51],
    ['ArrowUp', 50, 49],
    ['j', 50, 51],
    ['k', 50, 49],
    ['PageDown', 50, 70],
    ['PageUp', 50, 30],
    ['Home', 50, 1],
    ['End', 50, 100],
    ['ArrowDown', 100, 100],
    ['ArrowUp', 1, 1],
    ['PageDown', 95, 100],
    ['PageUp', 5, 1],
  ])('%s leads from %d to %d', async (key, from, to) => {
    const { chosen, box } = await showList(many(100), from);
    expect(await press(box, key)).toBe(true);
    expect(chosen).toEqual([to]);
  });

  test('begins at the first line where none is chosen', async () => {
    const { chosen, box } = await showList(many(3));
    await press(box, 'ArrowDown');
    expect(chosen).toEqual([1]);
  });

  test('leaves other keys, and any key on an empty list, to the browser', async () => {
    const { chosen, box, draw } = await showList(many(3));
    expect(await press(box, 'x')).toBe(false);
    await draw([]);
    expect(await press(box, 'ArrowDown')).toBe(false);
    expect(chosen).toEqual([]);
  });

  test('tells assistive technology which line it is, while that line is there', async () => {
    const { box, draw } = await showList(many(3), 2);
    expect(box.getAttribute('aria-activedescendant')).toBe('exchange-2');
    expect(page.root.querySelector('[aria-selected=true]')?.id).toBe('exchange-2');
    await draw(many(3), 99);
    expect(box.hasAttribute('aria-activedescendant')).toBe(false);
  });
});
