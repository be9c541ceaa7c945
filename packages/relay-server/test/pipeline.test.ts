import { afterEach, describe, expect, test } from '@jest/globals';
import {
  acceptExchanges,
  ExchangeObservers,
  headersFromRaw,
  headerValue,
  Link,
  memoryCarrierPair,
  Mux,
  newLinkId,
  request,
  type ExchangeEnd,
  type HttpResponse,
} from '@wingman/protocol';
import type { Exchange } from '../src/exchange/exchange.js';
import { HttpExchange } from '../src/exchange/http-exchange.js';
import { runExchange, type Step } from '../src/exchange/pipeline.js';
import { ownAnswer, Refusal } from '../src/exchange/problems.js';
import { answerOf, contextOf } from './support/exchange.js';
import { requestHead, textOf } from './support/tunnel.js';
import { until } from './support/until.js';

const links: Link[] = [];

afterEach(() => {
  for (const link of links.splice(0)) link.close('LINK_CLOSED');
});

/** A viewer whose exchanges pass these steps at the host. */
function viewer(steps: readonly Step<HttpExchange>[], answerSteps: readonly Step[] = []) {
  const id = newLinkId();
  const [near, far] = [
    new Link({ id, role: 'initiator' }),
    new Link({ id, role: 'acceptor' }),
  ] as const;
  links.push(near);
  const ends: ExchangeEnd[] = [];
  const observers = new ExchangeObservers();
  observers.add(() => ({ end: (end) => ends.push(end) }));
  const begin = { kind: 'http', link: id, path: () => far.path } as const;
  let settled = 0;
  const hostMux = acceptExchanges(far, {
    request: (incoming) => {
      const observation = observers.begin({ ...begin, asked: incoming.head });
      const exchange = new HttpExchange(incoming, contextOf(), observation);
      void runExchange(exchange, steps, answerSteps).then(() => settled++);
    },
    webSocket: (incoming) => incoming.abort('REFUSED'),
  });
  const mux = new Mux(near);
  const [left, right] = memoryCarrierPair();
  near.attach(left, 'relay');
  far.attach(right, 'relay');
  return { mux, hostMux, ends, settled: () => settled };
}

const answer =
  (...texts: string[]): Step =>
  (exchange) =>
    void (exchange.answer = answerOf(['x-a', '1'], 200, texts));

const statusAndCode = ({ head }: HttpResponse) => [
  head.status,
  headerValue(head.headers, 'wingman-error'),
];

describe('the steps', () => {
  test('run in their order, until one has answered', async () => {
    const order: string[] = [];
    const note =
      (name: string, then: Step = () => undefined): Step =>
      (exchange) => {
        order.push(name);
        return then(exchange);
      };
    const slow: Step = () => new Promise((resolve) => setTimeout(resolve, 5));
    const { mux } = viewer(
      [note('first', slow), note('second', answer('text')), note('never')],
      [note('third', slow), note('fourth')],
    );
    const response = await request(mux, requestHead({}));
    expect(await textOf(response.body)).toBe('text');
    expect(order).toEqual(['first', 'second', 'third', 'fourth']);
  });

  test('for the app’s answers leave the host’s own as they are', async () => {
    const own: Step = (exchange) => {
      const headers = headersFromRaw(['x-own', '1']);
      exchange.answer = ownAnswer(exchange.asked, { status: 201, headers, body: 'own' });
    };
    const spoil: Step = ({ answer }) => void (answer.headers = []);
    const response = await request(viewer([own], [spoil]).mux, requestHead({}));
    expect(headerValue(response.head.headers, 'x-own')).toBe('1');
    expect(await textOf(response.body)).toBe('own');
  });
});

describe('a step that throws', () => {
  const thrower =
    (error: unknown): Step =>
    () => {
      throw error;
    };

  test.each([
    ['an error of ours', new TypeError('x is not a function')],
    ['no error', undefined],
    ['a text', 'nonsense'],
  ])('%s: the opener sees a page, and others are not affected', async (_, error) => {
    const { mux, ends } = viewer([
      (exchange) =>
        thrower(exchange.asked.target === '/bad' ? error : new Refusal(teapot))(exchange),
    ]);
    const bad = await request(mux, requestHead({ target: '/bad' }));
    expect(statusAndCode(bad)).toEqual([500, 'INTERNAL']);
    const other = await request(mux, requestHead({}));
    expect(statusAndCode(other)).toEqual([418, 'REFUSED']);
    await until(() => ends.length === 2, 'both have ended');
    expect(ends).toEqual([
      { outcome: 'refused', code: 'INTERNAL' },
      { outcome: 'refused', code: 'REFUSED' },
    ]);
  });

  test('in a promise', async () => {
    const { mux } = viewer([() => Promise.reject(new Error('later'))]);
    expect(statusAndCode(await request(mux, requestHead({})))).toEqual([500, 'INTERNAL']);
  });

  test('for an answer: the page takes the answer’s place, and the app’s body is let go', async () => {
    let isFree = false;
    const { mux } = viewer(
      [answer('text'), () => undefined],
      [
        (exchange) => {
          exchange.atEnd(() => void (isFree = true));
          throw new Error('bad answer');
        },
      ],
    );
    const response = await request(mux, requestHead({}));
    expect(statusAndCode(response)).toEqual([500, 'INTERNAL']);
    expect(isFree).toBe(true);
  });

  test('that needs an answer before there is one is a mistake of the host', async () => {
    const { mux } = viewer([(exchange) => void exchange.answer]);
    expect(statusAndCode(await request(mux, requestHead({})))).toEqual([500, 'INTERNAL']);
  });

  test('a refusal with fields of its own', async () => {
    const fields = headersFromRaw(['www-authenticate', 'Basic realm="x"']);
    const { mux } = viewer([thrower(new Refusal({ ...teapot, status: 401 }, fields))]);
    const { head } = await request(mux, requestHead({ method: 'HEAD' }));
    expect(head.status).toBe(401);
    expect(headerValue(head.headers, 'www-authenticate')).toBe('Basic realm="x"');
  });
});

test('an answer whose head is too large for a link becomes a page', async () => {
  const { mux } = viewer([
    (exchange) => void (exchange.answer = answerOf(['x', 'a'.repeat(60_000)])),
  ]);
  expect(statusAndCode(await request(mux, requestHead({})))).toEqual([502, 'LIMIT_EXCEEDED']);
});

test('a body that fails after the head is a reset, and no clean end', async () => {
  const { mux, ends } = viewer([
    (exchange) => {
      const body = (async function* () {
        yield Buffer.from('half');
        throw new Error('cut');
      })();
      exchange.answer = { ...answerOf([]), body };
    },
  ]);
  const response = await request(mux, requestHead({}));
  await expect(textOf(response.body)).rejects.toMatchObject({ code: 'UPSTREAM_ABORTED' });
  expect(ends).toEqual([{ outcome: 'aborted', code: 'UPSTREAM_ABORTED', by: 'app' }]);
});

test('an opener that leaves during a step gets nothing, and the exchange ends', async () => {
  let leave: () => void = () => undefined;
  const waiting: Step = ({ signal }) =>
    new Promise((_, reject) => {
      leave = () => abort.abort();
      signal.addEventListener('abort', () => reject(new Error('cancelled by its signal')));
    });
  const abort = new AbortController();
  const { mux, hostMux, ends } = viewer([waiting]);
  const response = request(mux, requestHead({}), { signal: abort.signal });
  response.catch(() => undefined);
  await until(() => String(leave).includes('abort'), 'the step waits');
  leave();
  await expect(response).rejects.toMatchObject({ code: 'CANCELLED' });
  await until(() => ends.length === 1 && hostMux.streamCount === 0, 'the exchange has ended');
  expect(ends).toEqual([{ outcome: 'aborted', code: 'CANCELLED', by: 'opener' }]);
});

describe('however it ends', () => {
  const cases: [string, Step<HttpExchange>, string][] = [
    ['an answer', answer('text'), ''],
    ['a refusal', () => Promise.reject(new Error('no')), ''],
    ['an answer that comes without reading a small upload', answer('text'), 'small'],
    ['a refusal of a small upload', () => Promise.reject(new Error('no')), 'small'],
    [
      'a refusal of an upload that is larger than a stream’s window',
      () => Promise.reject(new Error('no')),
      'large',
    ],
  ];

  test.each(cases)(
    '%s: cleanups run once, and the stream is gone at both ends',
    async (_, step, up) => {
      let cleaned = 0;
      const count = (exchange: Exchange): void => exchange.atEnd(() => cleaned++);
      const { mux, hostMux, settled } = viewer([count, step]);
      async function* upload() {
        for (let sent = 0; sent < (up === 'large' ? 8 * 1024 * 1024 : 10); sent += 64 * 1024) {
          yield await Promise.resolve(new Uint8Array(64 * 1024));
        }
      }
      const head = requestHead({ method: 'POST', hasBody: up !== '' });
      const response = await request(mux, head, up === '' ? {} : { body: upload() });
      await textOf(response.body);
      await until(() => settled() === 1, 'the run is over');
      await until(() => mux.streamCount === 0 && hostMux.streamCount === 0, 'the stream is gone');
      expect(cleaned).toBe(1);
    },
  );
});

const teapot = { status: 418, code: 'REFUSED', title: 't', cause: 'c', cure: 'u' } as const;
