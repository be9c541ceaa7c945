import { describe, expect, test } from '@jest/globals';
import { headersFromRaw, headerValue, PORTS_TARGET } from '@wingman/protocol';
import { answerOwnPage, type Handler, type OwnPage } from '../src/exchange/own-pages.js';
import { reservedPath } from '../src/exchange/target-readings.js';
import { ownAnswer, Refusal } from '../src/exchange/problems.js';
import { choosePort } from '../src/exchange/request-steps.js';
import type { Via } from '../src/local/local-ports.js';
import { ALSO, exchangeOf, PORT } from './support/exchange.js';
import { textOf } from './support/tunnel.js';

type Fields = Parameters<typeof exchangeOf>[0];

const page: OwnPage = {
  doors: ['viewer'],
  methods: new Map<string, Handler>([
    ['GET', ({ asked }) => text(asked, 'read')],
    ['POST', async ({ asked }) => text(asked, 'written')],
  ]),
};

function text(asked: ReturnType<typeof exchangeOf>['asked'], body: string) {
  return ownAnswer(asked, { status: 200, headers: headersFromRaw(['x-page', 'own']), body });
}

/** What the router says: the page's text, the refusal, or undefined when the app is asked. */
async function ask(fields: Fields, via: Via = 'viewer') {
  const exchange = exchangeOf(fields, via);
  choosePort(exchange);
  try {
    await answerOwnPage(exchange, new Map([['/__wingman/page', page]]));
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  return exchange.isAnswered ? textOf(exchange.answer.body) : undefined;
}

describe('what a target under the reserved prefix is', () => {
  test.each([
    ['/__wingman/page', '/__wingman/page'],
    ['/__wingman/page?a=/../..', '/__wingman/page'],
    ['/__wingman', '/__wingman'],
    ['/__wingman?x', '/__wingman'],
    ['//__wingman/page', '/__wingman/page'],
    ['/__wingman//page', '/__wingman/page'],
    ['/%5f_wingman/page', '/__wingman/page'],
    ['/%5F%5Fwingman%2fpage', '/__wingman/page'],
    ['/./__wingman/page', '/__wingman/page'],
    ['/a/../__wingman/page', '/__wingman/page'],
    ['/a/%2e%2E/__wingman/page', '/__wingman/page'],
    ['/../../__wingman/page', '/__wingman/page'],
    ['/\\__wingman\\page', '/__wingman/page'],
    ['/a%5c..%5c__wingman/page', '/__wingman/page'],
    ['/__wingman/../a', '/a'],
    ['/__wingman/%2e%2e/a', '/a'],
    ['/__wingman/..', '/'],
  ])('%s is %s', (target, path) => {
    expect(reservedPath(target)).toBe(path);
  });

  test.each([
    '/',
    '/__wingmanx',
    '/__wingman.js',
    '/__WINGMAN/page',
    '/a/__wingman/page',
    '/a?b=/__wingman/page',
    '/%255f_wingman/page',
    '/@fs/home/__wingman/page',
    '/@id/__x00__virtual:x',
    '/%',
    '/%zz/..',
    '/a//b/../c',
    '/*',
  ])('%s is a path of the app', (target) => {
    expect(reservedPath(target)).toBeUndefined();
  });
});

describe('a page of the host’s own', () => {
  test('answers each of its methods, and HEAD like GET without a body', async () => {
    const target = '/__wingman/page';
    expect(await ask({ target })).toBe('read');
    expect(await ask({ target, method: 'POST' })).toBe('written');
    expect(await ask({ target, method: 'HEAD' })).toBe('');
  });

  test('is found by every spelling of its path', async () => {
    expect(await ask({ target: '/%5f_wingman/./page?x' })).toBe('read');
  });

  test('refuses other methods, and says which there are', async () => {
    for (const method of ['DELETE', 'constructor', '__proto__', 'get']) {
      const refusal = await ask({ target: '/__wingman/page', method });
      if (!(refusal instanceof Refusal)) throw new Error('was not refused');
      expect(refusal.problem.status).toBe(405);
      expect(headerValue(refusal.headers, 'allow')).toBe('GET, HEAD, POST');
    }
  });

  test('is none for the ingress, whose client need not have the key', async () => {
    const refusal = await ask({ target: '/__wingman/page' }, 'ingress');
    expect(refusal).toMatchObject({ problem: { status: 404 } });
  });

  test('that there isn’t is refused, and never asked of the app', async () => {
    for (const target of ['/__wingman/', '/__wingman/constructor', '/__wingman/../index.html']) {
      expect(await ask({ target })).toMatchObject({ problem: { status: 404 } });
    }
  });

  test('other paths and other ports are the app’s', async () => {
    expect(await ask({ target: '/page' })).toBeUndefined();
    expect(await ask({ target: '/__wingman/page', port: ALSO })).toBeUndefined();
    expect(await ask({ target: '/__wingman/page', port: PORT })).toBe('read');
  });
});

test('the ports page names the shared port and those of --also', async () => {
  const exchange = exchangeOf({ target: PORTS_TARGET });
  await answerOwnPage(exchange);
  expect(JSON.parse(await textOf(exchange.answer.body))).toEqual({ port: PORT, also: [ALSO] });
  expect(headerValue(exchange.answer.headers, 'cache-control')).toBe('no-store');
});
