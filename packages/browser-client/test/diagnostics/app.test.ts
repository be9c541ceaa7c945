import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { h, render } from 'preact';
import { act } from 'preact/test-utils';
import { Diagnosis } from '../../src/diagnostics/diagnosis.js';
import { formatLoss, formatMs, formatTime } from '../../src/diagnostics/format.js';
import type { LinkStatus } from '../../src/shared/status.js';
import { fakeTab, type FakeTab } from '../support/diagnosed-tab.js';
import { closeTabs, find, openTab, setGlobal, type Tab } from '../support/dom.js';

const PLACE = { host: 'abc.example.org', userAgent: 'a browser', date: new Date(0) };
/** A canvas that takes whatever is drawn. */
const pencil: object = new Proxy(
  {},
  {
    get: (_, name) => (name === 'measureText' ? () => ({ width: 5 }) : () => pencil),
    set: () => true,
  },
);

let page: Tab;
let root: HTMLElement;
let fake: FakeTab;
let diagnosis: Diagnosis;
let copied: string[];

beforeEach(() => {
  page = openTab('https://abc.example.org/__wingman/diagnostics', '<div id="diagnostics"></div>');
  page.HTMLCanvasElement.prototype.getContext = (() => pencil) as never;
  setGlobal('devicePixelRatio', 1);
  setGlobal(
    'Path2D',
    class {
      constructor() {
        return pencil;
      }
    },
  );
  for (const name of [
    'matchMedia',
    'getComputedStyle',
    'addEventListener',
    'removeEventListener',
  ] as const)
    setGlobal(name, page[name].bind(page));
  for (const name of [
    'ResizeObserver',
    'Event',
    'CustomEvent',
    'MouseEvent',
    'Element',
    'HTMLElement',
  ] as const)
    setGlobal(name, page[name]);
  setGlobal('requestAnimationFrame', page.requestAnimationFrame.bind(page));
  setGlobal('cancelAnimationFrame', page.cancelAnimationFrame.bind(page));
  root = find(page.document, '#diagnostics');
  copied = [];
});

afterEach(async () => {
  await act(() => render(null, root));
  await closeTabs();
});

async function show(status: Partial<LinkStatus> = {}, canCopy = true): Promise<void> {
  // The charts' library looks for a document as it is loaded.
  const { App } = await import('../../src/diagnostics/app.js');
  fake = fakeTab(status);
  const copy = async (text: string): Promise<boolean> => copied.push(text) > 0 && canCopy;
  const draw = (): void => render(h(App, { diagnosis, copy, place: () => PLACE }), root);
  diagnosis = new Diagnosis(fake.tab, fake.world, draw);
  await act(draw);
}

const look = (): Promise<void> => act(() => diagnosis.look());
const texts = (selector: string): string[] =>
  [...root.querySelectorAll(selector)].map(({ textContent }) => textContent);
const button = (name: string): HTMLButtonElement => {
  const all = [...root.querySelectorAll('button')];
  const found = all.find(({ textContent }) => textContent === name);
  if (found === undefined) throw new Error(`there is no button ${name}`);
  return found;
};

describe('the page', () => {
  test('has both paths side by side', async () => {
    await show({
      rtt: { p2p: 4.21, turn: null, relay: 30.6 },
      bytes: { p2p: { in: 2_048, out: 1 }, turn: { in: 0, out: 0 }, relay: { in: 5, out: 6 } },
    });
    await look();
    expect(texts('thead th')).toEqual(['Direct', 'Relay']);
    expect(texts('tbody th')).toEqual([
      ...['State', 'Round trip', 'Loss', 'Down', 'Up', 'Carried, in / out'],
    ]);
    expect(texts('tbody td')).toEqual([
      ...['ready', 'in use'],
      ...['4.2 ms', '31 ms'],
      ...['not told by this browser', 'TCP repeats what is lost'],
      ...['–', '–', '–', '–'],
      ...['2.0 KiB / 1 B', '5 B / 6 B'],
    ]);
  });

  test.each([
    [{ mode: 'turn' }, ['in use, by TURN', 'ready']],
    [{ mode: 'p2p', relayConnected: false }, ['in use', 'away']],
    [{ mode: 'offline', relayConnected: false, directConnected: false }, ['away', 'away']],
  ] as const)('tells the state of each: %j', async (status, states) => {
    await show(status);
    await look();
    expect(texts('tbody tr:first-child td')).toEqual(states);
  });

  test('measures both by a button, and can’t be asked twice', async () => {
    await show();
    const done = act(async () => {
      button('Measure both paths').click();
      await Promise.resolve();
      expect(diagnosis.busy).toBe('The direct path is measured…');
    });
    await done;
    while (diagnosis.busy !== undefined) await act(() => Promise.resolve());
    const [down, up] = ['4', '5'].map((row) => texts(`tbody tr:nth-child(${row}) td`));
    for (const rate of [...(down ?? []), ...(up ?? [])]) expect(rate).toMatch(/B\/s$/);
    expect(button('Measure both paths').disabled).toBe(false);
    expect(texts('[role=status]')[0]).toMatch(/^The relay carries .* down, .* up\.$/);
  });

  test('shows what the stress test has found', async () => {
    await show();
    await act(async () => button('Stress the path in use').click());
    while (diagnosis.busy !== undefined) await act(() => Promise.resolve());
    await look();
    expect(texts('.stress')[0]).toMatch(/^Stress: 16 KiB in .*, 0 failed requests\.$/);
  });

  test('says why there is no direct path, what NAT there is, and which candidates', async () => {
    await show();
    fake.whyNot('No UDP.');
    await look();
    expect(texts('.why')).toEqual(['No direct path: No UDP.']);
    expect(texts('dd')).toEqual(Array(2).fill('Not known: no STUN server outside was asked.'));
    expect(texts('ul li')).toEqual(['this end: host udp 192.168.1.5:50000']);
  });

  test('draws charts, and says in words what they show', async () => {
    await show({ rtt: { p2p: null, turn: null, relay: 30 } });
    await look();
    await fake.world.pause(1_000);
    await look();
    const labels = [...root.querySelectorAll('[role=img]')].map((each) =>
      each.getAttribute('aria-label'),
    );
    expect(labels).toEqual([
      'Round trip over time, now direct –, relay 30 ms',
      'Throughput over time, now down 0 B/s, up 0 B/s',
    ]);
    expect(root.querySelectorAll('.uplot')).toHaveLength(2);
  });

  test('has parts that scroll, which the keyboard reaches by name', async () => {
    await show();
    const regions = [...root.querySelectorAll<HTMLElement>('[role=region]')];
    expect(regions.map((each) => each.getAttribute('aria-label'))).toEqual([
      ...['Both paths', 'Candidates', 'Log', 'Report'],
    ]);
    expect(regions.every(({ tabIndex }) => tabIndex === 0)).toBe(true);
  });
});

describe('the report', () => {
  test('is copied as it stands there', async () => {
    await show();
    await look();
    await act(async () => button('Copy report').click());
    expect(copied).toEqual(texts('pre'));
    expect(texts('[role=status]').at(-1)).toBe('Copied.');
  });

  test('can be copied by hand where the browser forbids it', async () => {
    await show({}, false);
    await act(async () => button('Copy report').click());
    expect(texts('[role=status]').at(-1)).toBe(
      'The browser did not allow it: copy the text below.',
    );
  });
});

test('figures are told as people read them', () => {
  expect([formatMs(null), formatMs(9.94), formatMs(10.6)]).toEqual(['–', '9.9 ms', '11 ms']);
  expect(formatLoss({ asked: 10, answered: 8 })).toBe('2 of 10 checks unanswered');
  // An answer may be counted before its question.
  expect(formatLoss({ asked: 10, answered: 11 })).toBe('0 of 10 checks unanswered');
  expect(formatTime(new Date(2026, 0, 1, 3, 4, 5).getTime())).toBe('03:04:05');
});
