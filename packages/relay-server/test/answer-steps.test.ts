import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { headersFromRaw, headersToRaw, headerValue } from '@wingman/protocol';
import {
  admitOwn,
  decodeBody,
  dropCookieDomains,
  endConnection,
  interimHeaders,
  keepCookies,
  publicLocation,
  rewriteLocation,
  undoTransferCodings,
} from '../src/exchange/answer-steps.js';
import type { Answer, Exchange } from '../src/exchange/exchange.js';
import type { Via } from '../src/local/local-ports.js';
import { ALSO, answerOf, exchangeOf, PORT } from './support/exchange.js';
import { SESSION_ORIGIN, textOf } from './support/tunnel.js';

const NAMES = ['localhost:3000', '127.0.0.1:3000', '[::1]:3000'];

type Fields = Parameters<typeof exchangeOf>[0];

/** An answer after one step. */
function after(
  step: (exchange: Exchange) => void,
  answer: Answer,
  fields: Fields = {},
  via: Via = 'viewer',
): Answer {
  const exchange = exchangeOf(fields, via);
  exchange.answer = answer;
  step(exchange);
  return exchange.answer;
}

const raw = ({ headers }: Answer): string[] => headersToRaw(headers);

test('fields of the connection to the app end here', () => {
  const headers = ['connection', 'x-hop', 'x-hop', '1', 'keep-alive', 'timeout=5', 'x-a', '1'];
  expect(raw(after(endConnection, answerOf(headers)))).toEqual(['x-a', '1']);
});

describe('undoTransferCodings', () => {
  const coded = (coding: string): Answer => ({
    ...answerOf(['transfer-encoding', coding]),
    body: (async function* () {
      yield gzipSync('plain');
    })(),
  });

  test.each(['gzip, chunked', 'x-gzip', 'GZIP , Chunked'])(
    '%s, for every opener',
    async (coding) => {
      for (const via of ['viewer', 'ingress'] as const) {
        const answer = after(undoTransferCodings, coded(coding), {}, via);
        expect(await textOf(answer.body)).toBe('plain');
      }
    },
  );

  test.each([['chunked'], ['identity']])('%s alone is nothing to undo', (coding) => {
    const answer = coded(coding);
    expect(after(undoTransferCodings, answer)).toBe(answer);
  });

  test.each([['compress, chunked'], ['chunked, x'], ['chunked, chunked']])(
    '%s is refused: nobody could tell what the bytes are',
    (coding) => {
      const undo = () => after(undoTransferCodings, coded(coding));
      expect(undo).toThrow(expect.objectContaining({ code: 'UPSTREAM_ABORTED' }));
    },
  );
});

test('cookies stay with the session, and repeated fields stay apart', () => {
  const cookies = ['set-cookie', 'a=1; Domain=localhost; Path=/', 'set-cookie', 'b=2;domain=.x'];
  const answer = after(dropCookieDomains, answerOf([...cookies, 'x-domain', 'a; Domain=b']));
  expect(raw(answer)).toEqual([
    ...['set-cookie', 'a=1; Path=/', 'set-cookie', 'b=2', 'x-domain', 'a; Domain=b'],
  ]);
});

test('an exchange that has read no cookies keeps none', () => {
  const headers = ['set-cookie', 'a=1; HttpOnly'];
  expect(raw(after(keepCookies, answerOf(headers)))).toEqual(headers);
});

describe('rewriteLocation', () => {
  const location = (fields: Fields, via: Via, name = 'location') => {
    const answer = answerOf([name, `http://localhost:${PORT}/x`]);
    return headerValue(after(rewriteLocation, answer, fields, via).headers, name);
  };

  test('gives a viewer a path, and a client of the ingress the origin it knows', () => {
    expect(location({}, 'viewer')).toBe('/x');
    expect(location({}, 'viewer', 'content-location')).toBe('/x');
    expect(location({}, 'ingress')).toBe(`${SESSION_ORIGIN}/x`);
  });

  test('leaves the answers of other ports as they are, and other fields', () => {
    expect(location({ port: ALSO }, 'viewer')).toBe(`http://localhost:${PORT}/x`);
    expect(location({}, 'viewer', 'link')).toBe(`http://localhost:${PORT}/x`);
  });

  test('leads a page to the origin of another port, and a page’s request to the port itself', () => {
    const pageOrigins = new Map([[ALSO, 'https://s-8080.example']]);
    const led = (fields: Fields, to: string, via: Via = 'viewer') => {
      const exchange = exchangeOf(fields, via, { pageOrigins });
      exchange.answer = answerOf(['location', to]);
      rewriteLocation(exchange);
      return headerValue(exchange.answer.headers, 'location');
    };
    const there = `http://localhost:${ALSO}/x?y#z`;
    const page = { mode: 'navigate', destination: 'iframe' };
    expect(led(page, there)).toBe('https://s-8080.example/x?y#z');
    expect(led(page, `http://127.0.0.1:${ALSO}`)).toBe('https://s-8080.example');
    expect(led({}, there, 'ingress')).toBe('https://s-8080.example/x?y#z');
    expect(led({ mode: 'cors' }, there)).toBe(there);
    for (const other of ['http://localhost:9999/', `http://localhost:${ALSO}@evil.example/`])
      expect(led(page, other)).toBe(other);
  });

  test('a 1xx head is treated alike, and shows no cookies', () => {
    const headers = headersFromRaw([
      ...['link', '</a>', 'set-cookie', 'a=1', 'connection', 'close'],
      ...['location', `http://localhost:${PORT}/x`],
    ]);
    const shown = interimHeaders(exchangeOf(), headers);
    expect(headersToRaw(shown)).toEqual(['link', '</a>', 'location', '/x']);
  });

  test.each([
    ['http://localhost:3000/a?b#c', `${SESSION_ORIGIN}/a?b#c`],
    ['https://127.0.0.1:3000', SESSION_ORIGIN],
    ['http://[::1]:3000/', `${SESSION_ORIGIN}/`],
    ['HTTP://LOCALHOST:3000//x', `${SESSION_ORIGIN}//x`],
    ['/login', '/login'],
    ['http://localhost:8080/', 'http://localhost:8080/'],
    ['http://localhost:30001/', 'http://localhost:30001/'],
    ['http://localhost:3000.evil.example/', 'http://localhost:3000.evil.example/'],
    ['http://localhost:3000@evil.example/', 'http://localhost:3000@evil.example/'],
    [
      'https://accounts.example/?to=http://localhost:3000/',
      'https://accounts.example/?to=http://localhost:3000/',
    ],
  ])('%s becomes %s', (value, expected) => {
    expect(publicLocation(value, NAMES, SESSION_ORIGIN)).toBe(expected);
  });

  test.each(['//', '/\\', '/\t/', '///\\'])(
    'without an origin %j names no other host',
    (slashes) => {
      const location = `http://localhost:3000${slashes}evil.example`;
      expect(publicLocation(location, NAMES, undefined)).toBe('/evil.example');
    },
  );

  test('without an origin a query stands behind the root', () => {
    expect(publicLocation('http://localhost:3000?a', NAMES, undefined)).toBe('/?a');
    expect(publicLocation('http://tenant.localhost:3000/a', NAMES, undefined)).toBe('/a');
    const elsewhere = 'http://localhost.example:3000/a';
    expect(publicLocation(elsewhere, NAMES, undefined)).toBe(elsewhere);
  });

  test('port 80 is left out in a browser', () => {
    for (const location of ['http://localhost/a', 'http://LOCALHOST:80/a'])
      expect(publicLocation(location, ['localhost'], SESSION_ORIGIN)).toBe(`${SESSION_ORIGIN}/a`);
    expect(publicLocation('http://localhost/a', NAMES, SESSION_ORIGIN)).toBe('http://localhost/a');
  });
});

describe('policies', () => {
  test('admit the shell around a framed page, and only there', () => {
    const answer = () => answerOf(['x-frame-options', 'DENY']);
    const framed = after(admitOwn, answer(), { destination: 'iframe' });
    expect(raw(framed)).toEqual(['x-frame-options', 'SAMEORIGIN']);
    expect(raw(after(admitOwn, answer()))).toEqual(['x-frame-options', 'DENY']);
  });

  test('that name the app by its address on this machine mean the session too', () => {
    const answer = answerOf(['content-security-policy', `connect-src http://localhost:${PORT}`]);
    expect(raw(after(admitOwn, answer))[1]).toContain(SESSION_ORIGIN);
  });
});

describe('decodeBody', () => {
  const packed = (status = 200, coding = 'gzip'): Answer => ({
    ...answerOf(['content-encoding', coding, 'content-length', '9'], status),
    body: (async function* () {
      yield gzipSync('plain');
    })(),
  });

  test('undoes a coding for a viewer, and its length with it', async () => {
    const answer = after(decodeBody, packed());
    expect(raw(answer)).toEqual([]);
    expect(await textOf(answer.body)).toBe('plain');
  });

  test.each([
    ['the ingress', {}, 'ingress', packed()],
    ['a part', {}, 'viewer', packed(206)],
    ['a coding that nobody knows', {}, 'viewer', packed(200, 'zip')],
  ] as const)('leaves %s as it is', (_, fields, via, answer) => {
    expect(after(decodeBody, answer, fields, via)).toBe(answer);
  });

  test('an answer to HEAD has the fields of one to GET, and no body to undo', async () => {
    const answer = answerOf(['content-encoding', 'br'], 200, []);
    const decoded = after(decodeBody, answer, { method: 'HEAD' });
    expect(raw(decoded)).toEqual([]);
    expect(await textOf(decoded.body)).toBe('');
  });
});

describe('the shim', () => {
  const page = ['content-type', 'text/html', 'content-length', '13'];
  const navigation = { destination: 'iframe', mode: 'navigate' };
  const inserted = async (answer: Answer, fields: Fields, via: Via = 'viewer') =>
    (await textOf(after(admitOwn, answer, fields, via).body)).includes('<script');

  test('puts it into a viewer’s document, whose length is another then', async () => {
    const answer = after(admitOwn, answerOf(page, 200, ['<head></head>']), navigation);
    expect(raw(answer)).toEqual(['content-type', 'text/html']);
    expect(await textOf(answer.body)).toMatch(
      /^<head><script src="\/__wingman\/shim\.js" data-port="3000">/,
    );
  });

  test.each([
    ['no document', page, { destination: 'image' }],
    ['HEAD', page, { ...navigation, method: 'HEAD' }],
    ['a file', [...page, 'content-disposition', 'attachment'], navigation],
    ['a coding', [...page, 'content-encoding', 'zip'], navigation],
    ['UTF-16', ['content-type', 'text/html; charset=utf-16le'], navigation],
    ['a script', ['content-type', 'text/javascript'], navigation],
    ['no type', [], navigation],
  ])('not for %s', async (_, headers, fields) => {
    expect(await inserted(answerOf(headers, 200, ['<head></head>']), fields)).toBe(false);
  });

  test('not for the ingress, nor into a part', async () => {
    const answer = (status: number) => answerOf(page, status, ['<head></head>']);
    expect(await inserted(answer(200), navigation, 'ingress')).toBe(false);
    expect(await inserted(answer(206), navigation)).toBe(false);
  });
});
