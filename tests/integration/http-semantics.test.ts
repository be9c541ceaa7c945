import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connect } from 'node:net';
import { startHttpApp, type HttpApp } from '../support/http-app.js';
import { eventually, Share, within } from '../support/processes.js';

let app: HttpApp;
let share: Share;

beforeAll(async () => {
  app = await startHttpApp();
  share = await Share.start(app.port, ['--ingress', 'open']);
});

afterAll(async () => {
  await share.stop();
  await app.close();
});

/** Sends a request byte by byte as written, and gives the answer until the server closes. */
function raw(origin: string, lines: readonly string[], body = ''): Promise<string> {
  const { host, port } = new URL(origin);
  const socket = connect(Number(port), '127.0.0.1');
  const answer = new Promise<string>((resolve, reject) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
  });
  const head = lines.map((line) => line.replace('{host}', host).replace('{origin}', origin));
  socket.write(`${[...head, 'connection: close', '', ''].join('\r\n')}${body}`);
  return within(20_000, `the answer to ${lines[0] ?? ''}`, answer);
}

/** What has to be equal: each of a proxy's own fields, and the order of others, is its own affair. */
function meaning(answer: string): unknown {
  return answer.split(/(?=HTTP\/1\.1 \d)/).map((part) => {
    const [head = '', ...rest] = part.split('\r\n\r\n');
    const [status, ...fields] = head.split('\r\n');
    const own = /^(?:date|connection|keep-alive|trailer|transfer-encoding):/i;
    return [
      status,
      fields
        .filter((field) => !own.test(field))
        .map(lowerName)
        .sort(),
      rest,
    ];
  });
}

function lowerName(field: string): string {
  return field.replace(/^[^:]+/, (name) => name.toLowerCase());
}

const host = 'host: {host}';
const chunked = [host, 'transfer-encoding: chunked'];
const cases: [name: string, lines: string[], body?: string][] = [
  ...['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'PURGE'].map(
    (method): [string, string[], string] => [
      method,
      [`${method} /echo?q=%20 HTTP/1.1`, host, 'content-type: text/x', 'content-length: 4'],
      'body',
    ],
  ),
  ['HEAD', ['HEAD /gzip HTTP/1.1', host]],
  ...[200, 204, 205, 304, 404, 418, 451, 500, 503, 599].map((code): [string, string[]] => [
    `status ${code}`,
    [`GET /status?code=${code} HTTP/1.1`, host],
  ]),
  [
    'a body of unknown length',
    ['POST /echo HTTP/1.1', ...chunked],
    '4\r\nbody\r\n3\r\nend\r\n0\r\n\r\n',
  ],
  [
    'Expect: 100-continue',
    ['POST /expect HTTP/1.1', host, 'expect: 100-continue', 'content-length: 2'],
    'ok',
  ],
  ['interim answers', ['GET /hints HTTP/1.1', host]],
  ['trailers of the answer', ['GET /trailers HTTP/1.1', host, 'te: trailers']],
  ['repeated fields', ['GET /repeated HTTP/1.1', host]],
  ['a range', ['GET /media HTTP/1.1', host, 'range: bytes=10-19']],
  ['a range beyond the end', ['GET /media HTTP/1.1', host, 'range: bytes=9999-']],
  ['a conditional request', ['GET /cached HTTP/1.1', host, 'if-none-match: "v1"']],
  ['a compressed answer', ['GET /gzip HTTP/1.1', host, 'accept-encoding: gzip']],
  ['a target with two slashes', ['GET //double//slash HTTP/1.1', host]],
  ['a large head', ['GET /large-head?bytes=15000 HTTP/1.1', host]],
];

test.each(cases.map(([name, lines, body = '']) => ({ name, lines, body })))(
  '$name by plain HTTP is what it is on localhost',
  async ({ lines, body }) => {
    const expected = meaning(await raw(app.origin, lines, body));
    expect(meaning(await raw(share.origin, lines, body))).toEqual(expected);
  },
);

test('the app is asked in origin form by whoever asks in absolute form', async () => {
  const answer = await raw(share.origin, ['GET {origin}/cached HTTP/1.1', host]);
  expect(answer).toContain('version 1');
});

describe('limits', () => {
  test('a request head above the limit is a 431', async () => {
    const lines = ['GET / HTTP/1.1', host, `x-large: ${'x'.repeat(20_000)}`];
    expect(await raw(share.origin, lines)).toMatch(/^HTTP\/1\.1 431 /);
    expect(await raw(app.origin, lines)).toMatch(/^HTTP\/1\.1 431 /);
  });

  test('an answer’s head above the limit is a page that says so', async () => {
    const lines = ['GET /large-head?bytes=60000 HTTP/1.1', host, 'accept: application/json'];
    const answer = await raw(share.origin, lines);
    expect(answer).toMatch(/^HTTP\/1\.1 502 /);
    expect(answer).toContain('LIMIT_EXCEEDED');
  });

  test('an answer that breaks off ends in a broken connection, never in a clean end', async () => {
    const answer = await raw(share.origin, ['GET /broken HTTP/1.1', host]);
    expect(answer).toContain('content-length: 1000');
    expect(answer.length).toBeLessThan(1_000);
  });
});

test('500 requests that are cancelled leave no connection to the app', async () => {
  const { port, host: name } = new URL(share.origin);
  const before = app.openSockets();
  for (let round = 0; round < 10; round += 1) {
    const sockets = Array.from({ length: 50 }, () => connect(Number(port), '127.0.0.1'));
    const answered = sockets.map(
      (socket) =>
        new Promise((resolve, reject) => socket.once('data', resolve).once('error', reject)),
    );
    for (const socket of sockets) socket.write(`GET /never HTTP/1.1\r\nhost: ${name}\r\n\r\n`);
    await within(20_000, 'the heads', Promise.all(answered));
    expect(app.openSockets()).toBeGreaterThanOrEqual(50);
    for (const socket of sockets) socket.destroy();
    await eventually('the connections are closed', () => app.openSockets() <= before);
  }
});
