import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { h } from 'preact';
import type { ExchangeSummary } from '../src/api/index.js';
import { App } from '../src/page/app.js';
import * as support from './support/page.js';

const { button, click, detailOf, press, settled, summaryOf, textOf, textsOf, type } = support;
const page = support.usePage();
let feed: support.Feed;

beforeEach(() => {
  feed = new support.Feed();
  page.host.answer('events', feed);
});

/** The page, told of these exchanges. */
async function showApp(...exchanges: Partial<ExchangeSummary>[]): Promise<void> {
  await support.show(page.root, h(App, {}));
  const told = exchanges.map((fields, at) => summaryOf({ id: at + 1, ...fields }));
  for (const { id } of told) {
    const answer = [{ name: 'x-number', value: String(id) }];
    page.host.answer(`exchanges/${id}`, detailOf({ id, answer }));
    page.host.answer(`exchanges/${id}/body/response`, '');
  }
  await feed.tell({ event: 'exchanges', exchanges: told });
}

const said = (): string | undefined => textOf(page.root, 'header [role=status]');
const targets = (): string[] => textsOf(page.root, '[role=option] .target');
const search = (): HTMLInputElement => page.root.querySelector('input')!;
const line = (index: number): Element => page.root.querySelectorAll('[role=option]')[index]!;
const opened = (): string | null =>
  page.root.querySelector('section.detail, section.diff')?.getAttribute('aria-label') ?? null;

describe('the page follows the host', () => {
  test('what is told is in the list, until it is forgotten or cleared', async () => {
    await showApp({ target: '/a' }, { target: '/b' }, { target: '/c' });
    expect([targets(), said()]).toEqual([['/a', '/b', '/c'], '3 of 3']);
    await feed.tell({ event: 'forgotten', before: 3 });
    expect(targets()).toEqual(['/c']);
    await feed.tell({ event: 'cleared' });
    expect([targets(), said()]).toEqual([[], '0 of 0']);
  });

  test('a burst is drawn once', async () => {
    await showApp();
    const frames = jest.fn((run: () => void) => setTimeout(run, 16));
    support.setGlobal('requestAnimationFrame', frames);
    const tell = (id: number): object => ({ event: 'exchanges', exchanges: [summaryOf({ id })] });
    const burst = feed.tell(...Array.from({ length: 50 }, (_, at) => tell(at + 1)));
    await burst;
    expect(targets().length).toBeGreaterThan(9);
    // One for the page; the others are those of the list, as it scrolls.
    expect(frames.mock.calls.length).toBeLessThan(10);
  });

  test('a host that has stopped is told, and what it says when it is back is all there is', async () => {
    await showApp({ target: '/old' }, { target: '/older' });
    const next = new support.Feed();
    page.host.answer('events', next);
    await support.doing(() => feed.cut());
    expect(said()).toBe('wingman has stopped');
    await support.doing(() => jest.advanceTimersByTimeAsync(1_000));
    await next.tell({ event: 'exchanges', exchanges: [summaryOf({ id: 1, target: '/new' })] });
    expect([targets(), said()]).toEqual([['/new'], '1 of 1']);
  });

  test('visitors who want in are counted on every page', async () => {
    await showApp();
    const visitor = { number: 1, browser: 'Firefox', standing: 'waiting' };
    const state = { viewers: [], visitors: [visitor], samples: {} };
    await feed.tell({ event: 'viewers', state });
    expect(said()).toBe('0 of 0; 1 want in');
    await click(button(page.root, 'Viewers 0'));
    expect(textOf(page.root, '.visitor')).toContain('Firefox wants in');
    expect(textOf(page.root, '[aria-current=page]')).toBe('Viewers 0');
  });

  test('a page that is left lets go of the host', async () => {
    await showApp();
    await support.show(page.root, h('p', {}));
    expect(feed.isLeft).toBe(true);
  });
});

describe('a filter', () => {
  test('leaves its lines, and only these are saved', async () => {
    page.host.answer('har?ids=2,3', '{}').answer('har', '{}');
    await showApp({ target: '/a' }, { target: '/b', status: 500 }, { target: '/c', status: 404 });
    await type(search(), 'is:error');
    expect([targets(), said()]).toEqual([['/b', '/c'], '2 of 3']);
    await click(button(page.root, 'Save as HAR'));
    await type(search(), '');
    await click(button(page.root, 'Save as HAR'));
    expect(page.host.paths.slice(1)).toEqual(['har?ids=2,3', 'har']);
  });

  test('holds for what comes later', async () => {
    await showApp({ target: '/a' });
    await type(search(), 'method:post');
    const late = [summaryOf({ id: 8, target: '/late', method: 'POST' }), summaryOf({ id: 9 })];
    await feed.tell({ event: 'exchanges', exchanges: late });
    expect([targets(), said()]).toEqual([['/late'], '1 of 3']);
  });

  test('that leaves nothing says so, and what it does not know', async () => {
    await showApp();
    const empty = (): string | undefined => textOf(page.root, '.empty');
    expect(empty()).toContain('Nothing has passed yet');
    await feed.tell({ event: 'exchanges', exchanges: [summaryOf({ id: 1 })] });
    expect(empty()).toBeUndefined();
    await type(search(), 'bogus:1 -constructor:x status:9xx');
    expect(empty()).toContain('bogus: constructor: is no field');
    await type(search(), 'status:9xx');
    expect(empty()).toBe('Nothing fits the filter. ? shows what it knows.');
  });

  test('clearing is the host’s to do', async () => {
    await showApp({ target: '/a' });
    page.host.answer('clear', '');
    await click(button(page.root, 'Clear'));
    expect(page.host.paths.at(-1)).toBe('POST clear');
    // Until the host says so, nothing is gone.
    expect(targets()).toEqual(['/a']);
  });
});

describe('keys', () => {
  test('lead to the filter and to the pages', async () => {
    await showApp();
    await press(document.body, '/');
    expect(document.activeElement).toBe(search());
    await press(document.body, '2');
    expect(textOf(page.root, 'h1')).toBe('Viewers');
    await press(document.body, '1');
    expect(textOf(page.root, 'h1')).toBe('Requests');
  });

  test('show the help, and take it away', async () => {
    await showApp();
    await press(document.body, '?');
    expect(textOf(page.root, '.help')).toContain('status:4xx');
    expect(button(page.root, '?').getAttribute('aria-expanded')).toBe('true');
    await click(button(page.root, '?'));
    expect(textOf(page.root, '.help')).toBeUndefined();
  });

  test.each([
    ['while somebody types', {}, () => search()],
    ['with Control', { ctrlKey: true }, () => document.body],
    ['with Command', { metaKey: true }, () => document.body],
  ])('are left to the browser %s', async (_, more, target) => {
    await showApp();
    expect(await press(target(), '2', more)).toBe(false);
    expect(textOf(page.root, 'h1')).toBe('Requests');
  });

  test('Escape closes what was opened last, from the filter too', async () => {
    await showApp({ target: '/a' });
    await click(line(0));
    expect(opened()).toBe('Request 1');
    await press(search(), 'Escape');
    expect(opened()).toBe(null);
  });
});

describe('comparing two answers', () => {
  async function compareFirstTwo(): Promise<void> {
    await showApp({ target: '/a' }, { target: '/b' });
    await click(line(0));
    await click(button(page.root, 'Compare with another'));
    await click(line(1));
    await click(button(page.root, 'Compare with 1'));
  }

  test('takes a press on each, and shows what differs in place of the detail', async () => {
    await compareFirstTwo();
    expect(opened()).toBe('Answer 1 and answer 2');
    expect(textsOf(page.root, '.removed, .added')).toEqual(['- x-number: 1\n', '+ x-number: 2\n']);
  });

  test('ends by Escape, and the detail is there again', async () => {
    await compareFirstTwo();
    await press(document.body, 'Escape');
    expect(opened()).toBe('Request 2');
    // The next comparison begins anew.
    expect(button(page.root, 'Compare with another')).toBeDefined();
  });

  test('ends when another line is chosen', async () => {
    await compareFirstTwo();
    await click(line(0));
    expect(opened()).toBe('Request 1');
  });
});

test('what was chosen and is forgotten closes', async () => {
  await showApp({ target: '/a' });
  await click(line(0));
  await feed.tell({ event: 'cleared' });
  await settled();
  expect(opened()).toBe(null);
});
