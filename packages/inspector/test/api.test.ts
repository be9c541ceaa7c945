import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { TOKEN_FIELD } from '../src/api/index.js';
import { ask, askFor, follow, save, tell } from '../src/page/api.js';
import { Feed, settled, usePage } from './support/page.js';

const page = usePage();

describe('asking the host', () => {
  test('shows the page’s token, beside the caller’s own fields', async () => {
    page.host.answer('har', 'text');
    await ask('har', { headers: { accept: 'text/plain' } });
    expect(page.host.asked[0]?.headers).toEqual({
      [TOKEN_FIELD]: 'the-token',
      accept: 'text/plain',
    });
  });

  test('a page without a token asks with none, and is refused by the host', async () => {
    document.querySelector('meta')?.remove();
    page.host.answer('har', () => new Response('Open the page anew.\n', { status: 403 }));
    await expect(ask('har')).rejects.toThrow(/^Open the page anew\.$/);
    expect(page.host.asked[0]?.headers[TOKEN_FIELD]).toBe('');
  });

  test('an answer of JSON has its shape', async () => {
    page.host.answer('exchanges/7', { id: 7 });
    expect(await askFor<{ id: number }>('exchanges/7')).toEqual({ id: 7 });
  });

  test('what is told is a POST, with JSON only where there is something to tell', async () => {
    page.host.answer('clear', '').answer('replay', { id: 9 });
    await tell('clear');
    await tell('replay', { of: 1 });
    const [clear, replay] = page.host.asked;
    expect([clear?.method, clear?.body, clear?.headers['content-type']]).toEqual([
      'POST',
      undefined,
      undefined,
    ]);
    expect([replay?.method, replay?.body, replay?.headers['content-type']]).toEqual([
      'POST',
      '{"of":1}',
      'application/json',
    ]);
  });
});

describe('following a stream', () => {
  const leaving: AbortController[] = [];
  afterEach(() => leaving.splice(0).forEach((one) => one.abort()));

  function following() {
    const told: unknown[] = [];
    const left = new AbortController();
    leaving.push(left);
    const handlers = {
      event: (event: object) => void told.push(event),
      connected: (isIt: boolean) => void told.push(isIt),
    };
    const over = follow<object>('events', handlers, left.signal);
    return { told, left, over };
  }

  test('tells each event once, wherever its bytes were cut', async () => {
    const feed = new Feed();
    page.host.answer('events', feed);
    const { told } = following();
    await feed.bytes('data: {"n"');
    await feed.bytes(':"\xc3');
    await feed.bytes('\xa4"}\n');
    expect(told).toEqual([true]);
    await feed.bytes('\ndata: {"n":2}\n\n');
    expect(told).toEqual([true, { n: 'ä' }, { n: 2 }]);
  });

  test('that breaks asks again after a second, and says so both times', async () => {
    const [first, second] = [new Feed(), new Feed()];
    page.host.answer('events', first);
    const { told } = following();
    await first.tell({ n: 1 });
    page.host.answer('events', second);
    first.cut();
    await settled();
    expect(told).toEqual([true, { n: 1 }, false]);
    expect(page.host.asked.length).toBe(1);
    await jest.advanceTimersByTimeAsync(1_000);
    await second.tell({ n: 2 });
    expect(told).toEqual([true, { n: 1 }, false, true, { n: 2 }]);
  });

  test('asks a host that has gone until it is back', async () => {
    page.host.answer('events', new TypeError('fetch failed'));
    const { told } = following();
    for (let turn = 0; turn < 3; turn++) await jest.advanceTimersByTimeAsync(1_000);
    expect(page.host.asked.length).toBe(4);
    page.host.answer('events', new Feed());
    await jest.advanceTimersByTimeAsync(1_000);
    await settled();
    expect(told).toEqual([false, false, false, false, true]);
  });

  test('ends when the page is left, and asks no more', async () => {
    const feed = new Feed();
    page.host.answer('events', feed);
    const { told, left, over } = following();
    await feed.tell({ n: 1 });
    left.abort();
    await over;
    await jest.advanceTimersByTimeAsync(5_000);
    expect([feed.isLeft, page.host.asked.length, told]).toEqual([true, 1, [true, { n: 1 }]]);
  });

  test('an event that is no JSON breaks the stream, not the page', async () => {
    const feed = new Feed();
    page.host.answer('events', feed);
    const { told } = following();
    await feed.bytes('data: {"cut\n\n');
    await settled();
    expect(told).toEqual([true, false]);
  });
});

describe('saving', () => {
  test('has the browser download what the host answers, and lets go of it', async () => {
    page.host.answer('har', '{"log":{}}');
    const made: Blob[] = [];
    const dropped: string[] = [];
    jest.spyOn(URL, 'createObjectURL').mockImplementation((blob) => {
      made.push(blob as Blob);
      return 'blob:1';
    });
    jest.spyOn(URL, 'revokeObjectURL').mockImplementation((url) => void dropped.push(url));
    const clicked: HTMLAnchorElement[] = [];
    jest.spyOn(HTMLElement.prototype, 'click').mockImplementation(function (this: HTMLElement) {
      clicked.push(this as HTMLAnchorElement);
    });
    await save('har', 'wingman.har');
    expect([clicked[0]?.href, clicked[0]?.download]).toEqual(['blob:1', 'wingman.har']);
    expect(await made[0]?.text()).toBe('{"log":{}}');
    // Before the download has begun it may not be dropped.
    expect(dropped).toEqual([]);
    await jest.advanceTimersByTimeAsync(0);
    expect(dropped).toEqual(['blob:1']);
  });
});
