import { expect, test } from '@jest/globals';
import { h } from 'preact';
import type { ExchangeDetail } from '../src/api/index.js';
import { DiffView } from '../src/page/diff-view.js';
import { button, click, detailOf, show, textOf, textsOf, usePage } from './support/page.js';

const page = usePage();
let closed = 0;

/** Two answers of the host, compared. */
function compare(
  [from, before]: readonly [Partial<ExchangeDetail>, string],
  [to, after]: readonly [Partial<ExchangeDetail>, string],
): Promise<void> {
  page.host
    .answer('exchanges/1', detailOf({ id: 1, ...from }))
    .answer('exchanges/1/body/response', before)
    .answer('exchanges/2', detailOf({ id: 2, ...to }))
    .answer('exchanges/2/body/response', after);
  return show(page.root, h(DiffView, { from: 1, to: 2, onClose: () => (closed += 1) }));
}

const lines = (kind: string): string[] => textsOf(page.root, `span.${kind}`);

test('shows lines that came and went, each with a sign for those who don’t see colours', async () => {
  await compare([{}, 'one\ntwo\nthree'], [{}, 'one\n2\nthree']);
  expect([lines('removed'), lines('added')]).toEqual([['- two\n'], ['+ 2\n']]);
  expect(textOf(page.root, 'pre')).toContain('one');
});

test('holds status and fields against each other too', async () => {
  await compare(
    [{ status: 200, answer: [{ name: 'etag', value: '"a"' }] }, ''],
    [{ status: 500, statusText: 'Broken', answer: [{ name: 'etag', value: '"a"' }] }, ''],
  );
  expect([lines('removed'), lines('added')]).toEqual([['- 200 OK\n'], ['+ 500 Broken\n']]);
});

test('lays JSON out before, so that one value is one line', async () => {
  await compare([{}, '{"a":1,"b":[2]}'], [{}, '{"a":1,"b":[3]}']);
  expect([lines('removed'), lines('added')]).toEqual([['-     2\n'], ['+     3\n']]);
});

test('JSON that is laid out otherwise is the same', async () => {
  await compare([{}, '{"a":1}'], [{}, '{\n  "a": 1\n}']);
  expect(textOf(page.root, '[role=status]')).toBe('They are the same.');
});

test('gives up on answers that have nothing in common', async () => {
  const text = (word: string): string =>
    Array.from({ length: 1_100 }, (_, at) => word + at).join('\n');
  await compare([{}, text('a')], [{}, text('b')]);
  expect(textOf(page.root, '[role=status]')).toBe('They have next to nothing in common.');
});

test('compares no more of a body than is shown', async () => {
  const long = 'x\n'.repeat(100_000);
  await compare([{}, `${long}a`], [{}, `${long}b`]);
  expect(textOf(page.root, '[role=status]')).toBe('They are the same.');
});

test('says why it can’t, where one of them is no longer kept', async () => {
  page.host.answer('exchanges/1', detailOf()).answer('exchanges/1/body/response', '');
  await show(page.root, h(DiffView, { from: 1, to: 9, onClose: () => undefined }));
  expect(textOf(page.root, 'p.quiet')).toBe('Error: Not kept.');
});

test('is closed by its button', async () => {
  closed = 0;
  await compare([{}, ''], [{}, '']);
  await click(button(page.root, 'Close'));
  expect(closed).toBe(1);
});
