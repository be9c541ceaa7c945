import { describe, expect, jest, test } from '@jest/globals';
import { h } from 'preact';
import type { ExchangeDetail, KeptBody } from '../src/api/index.js';
import { BodyView } from '../src/page/body-view.js';
import { button, click, detailOf, show, textOf, textsOf, usePage } from './support/page.js';

const page = usePage();

const bodyOf = (bytes: number, more: Partial<KeptBody> = {}): KeptBody => ({
  ...{ bytes, kept: bytes, isComplete: true },
  ...more,
});

/** The answer's body, of that type, as the host keeps it. */
async function showBody(type: string, text: string, more: Partial<KeptBody> = {}): Promise<void> {
  page.host.answer('exchanges/1/body/response', text);
  const answer = type === '' ? [] : [{ name: 'content-type', value: type }];
  const responseBody = bodyOf(text.length, more);
  await show(
    page.root,
    h(BodyView, { exchange: detailOf({ answer, responseBody }), side: 'response' }),
  );
}

const words = (): string | undefined => textOf(page.root, 'p.quiet');

describe('what is said of a body', () => {
  test.each<[string, KeptBody, string]>([
    ['none', bodyOf(0), 'No body.'],
    ['one that was dropped', bodyOf(2_048, { kept: 0 }), '2.0 KiB, no longer kept.'],
  ])('%s is asked for nowhere', async (_, responseBody, said) => {
    await show(page.root, h(BodyView, { exchange: detailOf({ responseBody }), side: 'response' }));
    expect([words(), page.host.asked]).toEqual([said, []]);
  });

  test.each<[string, Partial<KeptBody>, string]>([
    ['a whole one', {}, 'text/plain, 4 B As text'],
    ['one that is still coming', { isComplete: false }, 'text/plain, 4 B so far As text'],
    [
      'one of which a part is kept',
      { bytes: 4_096 },
      'text/plain, the first 4 B of 4.0 KiB are kept As text',
    ],
  ])('%s', async (_, more, said) => {
    await showBody('text/plain', 'text', more);
    expect(words()).toBe(said);
  });

  test('one without a type', async () => {
    await showBody('', 'text');
    expect([words(), textOf(page.root, 'pre')]).toEqual(['No type, 4 B As text', 'text']);
  });
});

describe('a body is asked for', () => {
  const detail = (kept: number): ExchangeDetail =>
    detailOf({ requestBody: bodyOf(kept), responseBody: bodyOf(kept) });
  const showSide = (side: 'request' | 'response', kept: number): Promise<void> =>
    show(page.root, h(BodyView, { exchange: detail(kept), side }));

  test('by its side, and again only when more of it is kept', async () => {
    page.host.answer('exchanges/1/body/request', 'ab');
    await showSide('request', 2);
    await showSide('request', 2);
    expect(page.host.paths).toEqual(['exchanges/1/body/request']);
    page.host.answer('exchanges/1/body/request', 'abc');
    await showSide('request', 3);
    expect(page.host.asked.length).toBe(2);
    expect(textOf(page.root, 'pre')).toBe('abc');
  });

  test('in vain while the host has gone: it stays as it is', async () => {
    page.host.answer('exchanges/1/body/response', new TypeError('fetch failed'));
    await showSide('response', 2);
    expect(textsOf(page.root, 'p.quiet')[1]).toBe('Loading…');
  });
});

describe('a body is shown', () => {
  test('as text, if it says that it is JSON and is not', async () => {
    await showBody('application/json', '{"a":');
    expect(textOf(page.root, 'pre')).toBe('{"a":');
  });

  test('as a table, if it is a form', async () => {
    await showBody('application/x-www-form-urlencoded', 'a=1&b=%3Cb%3E');
    expect(textsOf(page.root, 'th')).toEqual(['a', 'b']);
    expect(textsOf(page.root, 'td')).toEqual(['1', '<b>']);
  });

  test('as a page in a sandbox without scripts or an origin, if it is HTML', async () => {
    await showBody('text/html', '<script>alert(1)</script><p>x');
    const frame = page.root.querySelector('iframe')!;
    expect(frame.getAttribute('sandbox')).toBe('');
    expect(frame.getAttribute('srcdoc')).toBe('<script>alert(1)</script><p>x');
    expect(page.root.querySelector('script')).toBe(null);
  });

  test('as an image of its type, whose URL is dropped with it', async () => {
    const dropped = jest.spyOn(URL, 'revokeObjectURL').mockReturnValue();
    const made: Blob[] = [];
    jest.spyOn(URL, 'createObjectURL').mockImplementation((blob) => {
      made.push(blob as Blob);
      return 'blob:image';
    });
    await showBody('image/png', 'PNG');
    expect(page.root.querySelector('img')?.getAttribute('src')).toBe('blob:image');
    expect(made[0]?.type).toBe('image/png');
    expect(dropped).not.toHaveBeenCalled();
    await click(button(page.root, 'As text'));
    expect(dropped).toHaveBeenCalledWith('blob:image');
    expect(textOf(page.root, 'pre')).toBe('PNG');
  });

  test('as text whenever somebody wants that, and back', async () => {
    await showBody('text/html', '<p>x');
    const toggle = button(page.root, 'As text');
    await click(toggle);
    expect([toggle.getAttribute('aria-pressed'), textOf(page.root, 'pre')]).toEqual([
      'true',
      '<p>x',
    ]);
    await click(toggle);
    expect(page.root.querySelector('iframe')).not.toBe(null);
  });

  test('no further than a browser can lay out at once, which it says', async () => {
    await showBody('text/plain', 'x'.repeat(250_000));
    expect(page.root.querySelector('pre')?.textContent.length).toBe(200_000);
    expect(textsOf(page.root, 'p.quiet')[1]).toBe('The first 195 KiB are shown.');
  });
});
