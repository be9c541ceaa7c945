import type { ChildProcess } from 'node:child_process';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { endChild, forkScript, messageOf } from './support/children.js';

// Hundreds of answers, one after the other; one that hangs is told after 20 s.
jest.setTimeout(120_000);

/** Answers that a broken or hostile app may give; each must end its exchange, and no other. */
const CASES: readonly [name: string, answer: string, end: string | RegExp][] = [
  ['nothing', '', '502'],
  ['no HTTP', 'hello\r\n\r\n', '502'],
  ['a cut head', 'HTTP/1.1 200 OK\r\nx: ', '502'],
  ['status 000', 'HTTP/1.1 000 No\r\n\r\n', '502'],
  ['HEAD with a broken body', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nbad', /^(200|502|UPS)/],
  ['only an interim answer', 'HTTP/1.1 103 Early\r\nlink: </a>\r\n\r\n', '502'],
  [
    'switching protocols',
    'HTTP/1.1 101 Switch\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
    '502',
  ],
  ['a chunk that is none, at once', chunked('ZZ\r\n'), 'UPSTREAM_ABORTED'],
  ['a chunk with a huge length', chunked('FFFFFFFFFFFFFFFFF\r\n'), 'UPSTREAM_ABORTED'],
  ['HEAD', 'HTTP/1.1 200 OK\r\ncontent-encoding: br\r\n\r\n', '200'],
  ['a cut chunked body', chunked('5\r\nab'), 'UPSTREAM_ABORTED'],
  [
    'gzip that is none',
    `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\nplain`,
    'UPSTREAM_ABORTED',
  ],
  [
    'brotli that is none',
    `HTTP/1.1 200 OK\r\ncontent-encoding: br\r\n\r\n\xff\xff\xff`,
    'UPSTREAM_ABORTED',
  ],
  [
    'gzip in gzip in deflate that is none',
    `HTTP/1.1 200 OK\r\ncontent-encoding: deflate, gzip, gzip\r\n\r\n${gzipSync('not packed').toString('latin1')}`,
    'UPSTREAM_ABORTED',
  ],
  [
    'HEAD, cut',
    'HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\n',
    /^(200|UPS)/,
  ],
  ['a bomb', `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n${bomb()}`, '200'],
  ['a head that is too large', `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(60_000)}\r\n\r\n`, '502'],
  [
    'a policy that is too large once it is widened',
    `HTTP/1.1 200 OK\r\ncontent-security-policy: img-src ${distinct('localhost:*/', 2_000)}\r\n\r\n`,
    '502',
  ],
  [
    'cookies that are none',
    `HTTP/1.1 200 OK\r\n${'set-cookie: ;=;\xff=\r\n'.repeat(50)}\r\n`,
    '200',
  ],
  ['HEAD again', 'HTTP/1.1 204 No\r\ncontent-type: text/html\r\n\r\n', '204'],
  ['a policy of bytes', 'HTTP/1.1 200 OK\r\ncontent-security-policy: \xff\xfe;;,\r\n\r\n', '200'],
  [
    'a location of bytes',
    'HTTP/1.1 302 \xff\r\nlocation: \xff\xfe\r\ncontent-length: 0\r\n\r\n',
    '302',
  ],
  ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab', '502'],
  ['a length and chunks', chunked('0\r\n\r\n', 'content-length: 3\r\n'), '200'],
  [
    'a transfer coding that nobody has asked for',
    `HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n${chunk(gzipSync('packed').toString('latin1'))}`,
    '200',
  ],
  [
    'a transfer coding that nobody knows',
    `HTTP/1.1 200 OK\r\ntransfer-encoding: zip, chunked\r\n\r\n${chunk('packed')}`,
    '502',
  ],
  [
    'a transfer coding after the chunks',
    chunked('0\r\n\r\n', 'transfer-encoding: gzip\r\n'),
    /^(200|UPS|502)/,
  ],
  ['HEAD once more', 'HTTP/1.1 200 OK\r\n\r\n', '200'],
  ['trailers that are none', chunked('0\r\n\x00: x\r\n\r\n'), 'UPSTREAM_ABORTED'],
  ['a page that never begins', html('<'.repeat(300_000)), '200'],
];

function chunked(body: string, fields = ''): string {
  return `HTTP/1.1 200 OK\r\n${fields}transfer-encoding: chunked\r\n\r\n${body}`;
}

function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;
}

function html(body: string): string {
  return `HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n${body}`;
}

/** So many sources, no two alike. */
function distinct(start: string, count: number): string {
  return Array.from({ length: count }, (_, index) => start + index).join(' ');
}

function bomb(): string {
  return gzipSync(Buffer.alloc(8 * 1024 * 1024)).toString('latin1');
}

let host: ChildProcess;

beforeAll(async () => {
  host = forkScript('hostile-app-process.mjs');
  await messageOf(host);
});

afterAll(() => endChild(host));

/** How the exchanges end whose app answers with these bytes; `active` counts those that have not. */
function endsOf(
  answers: { text: string; method: string }[],
  kind = 'http',
): Promise<{ ends: string[]; active: number }> {
  host.send({ answers, kind });
  return messageOf(host);
}

test('each answer ends its exchange, in an answer, a problem page or a reset', async () => {
  const { ends, active } = await endsOf(
    CASES.map(([name, text]) => ({ text, method: name.startsWith('HEAD') ? 'HEAD' : 'GET' })),
  );
  expect(active).toBe(0);
  for (const [index, [name, , end]] of CASES.entries()) {
    const expected = typeof end === 'string' ? `${name}: ${end}` : expect.stringMatching(end);
    expect(typeof end === 'string' ? `${name}: ${ends[index]}` : ends[index]).toEqual(expected);
  }
});

test('so does each of 300 answers that were changed at random', async () => {
  const seed = Date.now() % 1_000_000;
  const random = mulberry(seed);
  const texts = Array.from({ length: 300 }, () => mutated(random));
  const { ends, active } = await endsOf(
    texts.map((text, index) => ({ text, method: index % 9 === 0 ? 'HEAD' : 'GET' })),
  );
  const hanging = ends.flatMap((end, index) => (end === 'HANGING' ? [texts[index]] : []));
  expect({ seed, hanging, active }).toEqual({ seed, hanging: [], active: 0 });
});

test('so does each of 200 answers to a WebSocket', async () => {
  const seed = Date.now() % 1_000_000;
  const random = mulberry(seed);
  const upgrade = 'HTTP/1.1 101 OK\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n\x81\x01a';
  const texts = Array.from({ length: 200 }, (_, index) =>
    index % 2 === 0 ? mutated(random) : mutate(upgrade, random),
  );
  const { ends, active } = await endsOf(
    texts.map((text) => ({ text, method: 'GET' })),
    'websocket',
  );
  expect({ seed, active }).toEqual({ seed, active: 0 });
  expect(new Set(ends)).toEqual(new Set(['REFUSED']));
});

function mutated(random: () => number): string {
  const [, answer = ''] = CASES[Math.floor(random() * CASES.length)] ?? [];
  const whole = random() < 0.3 ? deflateRawSync(answer).toString('latin1') : answer;
  return mutate(whole.slice(0, 4_000), random);
}

/** Cuts, repeats and changes single bytes. */
function mutate(text: string, random: () => number): string {
  let result = text;
  for (let count = Math.ceil(random() * 6); count > 0; count--) {
    const at = Math.floor(random() * result.length);
    const byte = String.fromCharCode(Math.floor(random() * 256));
    const kind = Math.floor(random() * 3);
    if (kind === 0) result = result.slice(0, at) + byte + result.slice(at + 1);
    else if (kind === 1) result = result.slice(0, at) + result.slice(at + 1 + random() * 20);
    else result = result.slice(0, at) + result.slice(at, at + 40) + result.slice(at);
  }
  return result;
}

/** A small generator of random numbers that begin again with the same seed. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
