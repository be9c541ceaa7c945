import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { connect } from 'node:net';
import { Share, within } from '../../support/processes.js';
import { startRawApp, type RawApp } from '../../support/raw-app.js';
import { UnderAttack } from '../../support/under-attack.js';

// An app answers with heads that no program of good manners writes. Text here is bytes, in ISO-8859-1.

const DEADLINE_MS = 10_000;
const MUTATIONS = 100;
const AT_ONCE = 8;

let scene: UnderAttack;
let app: RawApp;
let share: Share;
let asked = 0;

beforeAll(async () => {
  scene = await UnderAttack.start();
  app = await startRawApp();
  share = await Share.start(app.port, ['--server', scene.server.url, '--ingress', 'open']);
});

afterAll(async () => {
  await share.stop();
  await app.close();
  await scene.stop();
});

const KINDS = {
  request: 'connection: close\r\n',
  upgrade:
    'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n' +
    'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n',
};
type Kind = keyof typeof KINDS;

/** What a client is sent, to the end of its connection, when the app answers so. */
async function outcome(answer: string, kind: Kind): Promise<string> {
  const target = `/${(asked += 1)}`;
  app.answers.set(target, Buffer.from(answer, 'latin1'));
  const socket = connect(scene.server.port, '127.0.0.1');
  const chunks: Buffer[] = [];
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined).on('data', (chunk: Buffer) => chunks.push(chunk));
  const { host } = new URL(share.origin);
  socket.write(`GET ${target} HTTP/1.1\r\nhost: ${host}\r\n${KINDS[kind]}\r\n`);
  try {
    await within(DEADLINE_MS, `an end of ${JSON.stringify(answer.slice(0, 200))}`, closed);
  } finally {
    socket.destroy();
  }
  expect(app.answers.has(target)).toBe(false);
  return Buffer.concat(chunks).toString('latin1');
}

const STATUS_LINE = /^HTTP\/1\.1 [1-9]\d\d [\t\x20-\x7e\x80-\xff]*\r\n/;
const STACK = /\n\s+at |node_modules/;

/** A client gets an answer that is one, or a connection that breaks; never a look inside. */
async function expectManners(answer: string, kind: Kind): Promise<void> {
  const text = await outcome(answer, kind);
  expect(text).not.toMatch(STACK);
  if (text !== '') expect(text).toMatch(STATUS_LINE);
}

const OK = '\r\ncontent-length: 2\r\n\r\nok';
const REASONS = [
  ...['\xf6', '\xc3\xb6', '\xe2\x82\xac', '\ufeff', 'a\x00b', 'a\x01b', 'a\x7fb', 'a\tb', ''],
  'r'.repeat(20_000),
];
const STATUSES = ['000', '099', '1000', '600', '999', '-1', '20', '1', '\xf6'];
const FIELDS = [
  ...['x: \xf6', 'x: \x80\xff', 'x: \xe2\x82\xac', 'x\xf6: v', '\xf6', 'x: a\x00b', 'x: a\x01b'],
  ...['x: a\x7fb', ': v', ' : v', 'x y: v', 'x', 'x:', 'x: a\n b', 'x: a\r\n b', 'x: a\rb'],
  ...['set-cookie: \xf6=\xf6', 'set-cookie: =', 'set-cookie: ', 'set-cookie: a=b; expires=\xf6'],
  ...['location: /\xf6', 'location: http://localhost:1\xf6', 'content-type: text/html; \xf6'],
  ...['content-security-policy: \xf6', "content-security-policy: script-src '\xf6"],
  ...['content-length: 2', 'content-length: 3', 'content-length: -1', 'content-length: \xf6'],
  ...['transfer-encoding: chunked', 'transfer-encoding: gzip, chunked', 'transfer-encoding: \xf6'],
  ...['content-encoding: gzip', 'content-encoding: \xf6', 'connection: \xf6', 'trailer: \xf6'],
  ...['keep-alive: timeout=\xf6', 'clear-site-data: "*"\xf6', 'date: \xf6', 'link: \xf6'],
  ...['__proto__: x', 'constructor: x', 'wingman-error: \xf6', 'x-frame-options: \xf6'],
  ...['upgrade: \xf6', 'sec-websocket-protocol: \xf6', 'sec-websocket-accept: \xf6'],
  ...[40_000, 70_000].map((length) => `x: ${'v'.repeat(length)}`),
  // Small ones grow on their way: as Protocol Buffers these are more than a link carries.
  Array.from({ length: 4_500 }, (_, index) => `x${index}: v`).join('\r\n'),
];
const INTERIM = ['100', '101', '102', '103', '104', '199'];
const ANSWERS = [
  ...REASONS.map((reason) => `HTTP/1.1 200 ${reason}${OK}`),
  ...STATUSES.map((status) => `HTTP/1.1 ${status} x${OK}`),
  ...FIELDS.map((field) => `HTTP/1.1 200 OK\r\n${field}${OK}`),
  ...['\xf6: \xf6', 'x: \xf6', ': x', 'set-cookie: \xf6'].map(
    (trailer) =>
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n${trailer}\r\n\r\n`,
  ),
  ...INTERIM.flatMap((status) =>
    ['x: \xf6', 'link: \xf6', 'link: <\xf6>; rel=preload', FIELDS.at(-1)].map(
      (field) => `HTTP/1.1 ${status} \xf6\r\n${field}\r\n\r\nHTTP/1.1 200 OK${OK}`,
    ),
  ),
  ...['204', '304'].map((status) => `HTTP/1.1 ${status} \xf6\r\n\r\n`),
  ...[
    '',
    '\r\n\r\n',
    'garbage',
    'HTTP/0.9\r\n\r\n',
    `HTTP/2 200 OK${OK}`,
    'HTTP/1.0 200 OK\r\n\r\nok',
  ],
  'HTTP/1.1 101 \xf6\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-protocol: \xf6\r\n\r\n',
];

test('a status line keeps the bytes of its reason, or goes without', async () => {
  expect(await outcome(`HTTP/1.1 200 \xc3\xb6${OK}`, 'request')).toMatch(
    /^HTTP\/1\.1 200 \xc3\xb6\r\n/,
  );
  expect(await outcome(`HTTP/1.1 200 \xf6${OK}`, 'request')).toMatch(/^HTTP\/1\.1 200 \r\n.*ok$/s);
  expect(await outcome(`HTTP/1.1 200 a\x01b${OK}`, 'request')).toMatch(
    /^HTTP\/1\.1 200 \r\n.*ok$/s,
  );
  expect(await outcome(`HTTP/1.1 403 a\x01b${OK}`, 'upgrade')).toMatch(
    /^HTTP\/1\.1 403 Forbidden\r\n/,
  );
});

test('a field keeps its bytes', async () => {
  const text = await outcome(`HTTP/1.1 200 OK\r\nlocation: /\xf6\r\nx: \xc3\xb6${OK}`, 'request');
  expect(text).toContain('\r\nlocation: /\xf6\r\nx: \xc3\xb6\r\n');
});

test('an interim answer refuses no WebSocket', async () => {
  const text = await outcome(`HTTP/1.1 101 Switching\r\nx: y\r\n\r\n`, 'upgrade');
  expect(text).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n/);
  expect(text).toContain('\r\nwingman-error: UPSTREAM_ABORTED\r\n');
});

test.each<Kind>(['request', 'upgrade'])(
  'whatever the head (%s), the client gets an answer or a broken connection, and all live',
  async (kind) => {
    await scene.run(async () => {
      for (let start = 0; start < ANSWERS.length; start += AT_ONCE) {
        const some = ANSWERS.slice(start, start + AT_ONCE);
        await Promise.all(some.map((answer) => expectManners(answer, kind)));
      }
    });
    expect(await scene.isAlive()).toBe(true);
    expect(await outcome(`HTTP/1.1 200 OK${OK}`, 'request')).toMatch(
      /^HTTP\/1\.1 200 OK\r\n.*ok$/s,
    );
  },
);

const mutated = fc
  .record({
    answer: fc.constantFrom(...ANSWERS.filter(({ length }) => length < 500)),
    bytes: fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
    kind: fc.constantFrom<Kind>('request', 'upgrade'),
  })
  .map(({ answer, bytes, kind }) => {
    const text = Buffer.from(answer, 'latin1');
    for (const [at, byte] of bytes) if (text.length > 0) text[at % text.length] = byte;
    return { answer: text.toString('latin1'), kind };
  });

test('nor does any mutation of them end a process', async () => {
  await scene.run(() =>
    fc.assert(
      fc.asyncProperty(mutated, ({ answer, kind }) => expectManners(answer, kind)),
      { numRuns: MUTATIONS, endOnFailure: true },
    ),
  );
  expect(await scene.isAlive()).toBe(true);
  expect(await outcome(`HTTP/1.1 200 OK${OK}`, 'request')).toMatch(/^HTTP\/1\.1 200 OK\r\n.*ok$/s);
});
