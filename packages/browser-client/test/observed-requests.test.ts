import { expect, test } from '@jest/globals';
import {
  create,
  ExchangeObservers,
  headersFromRaw,
  ResponseHead,
  WingmanError,
  type ExchangeEnd,
  type ObservedExchange,
} from '@wingman/protocol';
import type { FetchHead } from '../src/shared/exchange-messages.js';
import { observed } from '../src/worker/observed-requests.js';
import type { SendRequest } from '../src/worker/serve-fetch.js';

const { signal } = new AbortController();
const post: FetchHead = {
  method: 'POST',
  target: '/x',
  headers: [['x-a', '1']],
  destination: '',
  mode: 'cors',
  hasBody: true,
  hasCredentials: true,
};

async function* texts(...pieces: string[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield await Promise.resolve(new TextEncoder().encode(piece));
}

async function readAll(body: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const piece of body) text += new TextDecoder().decode(piece);
  return text;
}

/** A way that takes the upload and answers, seen by an observer. */
function way(body: AsyncIterable<Uint8Array> = texts('the ', 'answer'), headers: string[] = []) {
  const seen: ObservedExchange[] = [];
  const ends: ExchangeEnd[] = [];
  const observers = new ExchangeObservers();
  const observe = () =>
    observers.add((exchange) => {
      seen.push(exchange);
      return { end: (end) => ends.push(end) };
    });
  const head = create(ResponseHead, { status: 200, headers: headersFromRaw(headers) });
  const send: SendRequest = async (_, options) => {
    if (options.body !== undefined) await readAll(options.body);
    return { head, body, trailers: Promise.resolve([]) };
  };
  const status = () => ({ link: { id: 'link', state: 'open' }, mode: 'p2p' as const });
  return { send: observed(send, observers, status), plain: send, observe, seen, ends };
}

test('a request that leaves the tab is seen with its head, path, sizes and end', async () => {
  const { send, observe, seen, ends } = way();
  observe();
  const response = await send(post, { body: texts('question'), signal });
  expect(ends).toEqual([]);
  expect(await readAll(response.body)).toBe('the answer');
  expect(seen[0]).toMatchObject({
    kind: 'http',
    link: 'link',
    paths: ['p2p'],
    asked: { method: 'POST', target: '/x', headers: [{ name: 'x-a', value: '1' }] },
    bytes: { upload: 8, download: 10 },
  });
  expect(ends).toEqual([{ outcome: 'complete' }]);
});

test('one that the host refuses says so', async () => {
  const { send, observe, ends } = way(texts('{}'), ['wingman-error', 'LOCAL_PORT_REFUSED']);
  observe();
  await readAll((await send(post, { signal })).body);
  expect(ends).toEqual([{ outcome: 'refused', code: 'LOCAL_PORT_REFUSED' }]);
});

test('one that is cut, before or within its answer, says by whom; the error reaches its reader', async () => {
  const cut = (async function* () {
    yield new Uint8Array(1);
    throw await Promise.resolve(new WingmanError('LINK_LOST', 'gone'));
  })();
  const { send, observe, ends } = way(cut);
  observe();
  const response = await send(post, { signal });
  await expect(readAll(response.body)).rejects.toMatchObject({ code: 'LINK_LOST' });
  const failing = (async function* () {
    yield new Uint8Array(1);
    throw await Promise.resolve(new WingmanError('SESSION_ENDED', 'over'));
  })();
  await expect(send(post, { body: failing, signal })).rejects.toMatchObject({
    code: 'SESSION_ENDED',
  });
  expect(ends).toEqual([
    { outcome: 'aborted', code: 'LINK_LOST', by: 'link' },
    { outcome: 'aborted', code: 'SESSION_ENDED', by: 'host' },
  ]);
});

test('one whose reader leaves is given up all the way', async () => {
  let isLeft = false;
  const body = (async function* () {
    try {
      for (;;) yield await Promise.resolve(new Uint8Array(1));
    } finally {
      isLeft = true;
    }
  })();
  const { send, observe, ends } = way(body);
  observe();
  for await (const piece of (await send(post, { signal })).body) if (piece.byteLength > 0) break;
  expect(isLeft).toBe(true);
  expect(ends).toEqual([{ outcome: 'aborted', code: 'CANCELLED', by: 'opener' }]);
});

test('while nobody observes, a request is left as it is', async () => {
  const { send, seen, plain } = way();
  const response = await send(post, { signal });
  expect(response.body).toBe((await plain(post, { signal })).body);
  expect(seen).toEqual([]);
});
