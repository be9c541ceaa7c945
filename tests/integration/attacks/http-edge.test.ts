import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { attacksOn } from '../../support/attacks.js';
import { get } from '../../support/http.js';
import { answerTo, sendRaw, statusesIn, type RawExchange } from '../../support/raw-client.js';
import { within } from '../../support/processes.js';
import { UnderAttack } from '../../support/under-attack.js';

// Requests that two programs in a row could read in two ways, and requests that cost more than they say. The
// ingress is open here: nothing but the server's own reading keeps them from the app.

const SLOW_HEADS = 200;
/** SERVER_LIMITS.headersMs, and what looking for it and this machine may add. */
const SLOW_HEAD_MS = 45_000;

let scene: UnderAttack;
let slow: RawExchange[];
const attack = attacksOn(() => scene);

beforeAll(async () => {
  scene = await UnderAttack.start();
  slow = Array.from({ length: SLOW_HEADS }, () =>
    sendRaw(scene.server.port, `GET / HTTP/1.1\r\nhost: ${host()}\r\nx-slow: `),
  );
});

afterAll(async () => {
  slow.forEach(({ socket }) => socket.destroy());
  await scene.stop();
});

const host = (): string => new URL(scene.victim.origin).host;
const smuggled = (): string => `GET /smuggled HTTP/1.1\r\nhost: ${host()}\r\n\r\n`;

/** A request to the victim with these fields; the body comes as it is. */
function ask(line: string, fields: readonly string[], body = ''): string {
  return [`${line} HTTP/1.1`, `host: ${host()}`, ...fields, '', body].join('\r\n');
}

const post = (fields: readonly string[], body = ''): string => ask('POST /echo', fields, body);
const chunked = (body: string): string => post(['transfer-encoding: chunked'], body);

/** The connection ends with this answer alone, and the app has heard nothing. */
async function expectRefused(bytes: string, status: number, code?: string): Promise<void> {
  const heard = scene.app.requests.filter((line) => line !== 'GET /').length;
  const text = await answerTo(scene.server.port, bytes);
  expect(statusesIn(text)).toEqual([status]);
  if (code !== undefined) expect(text).toContain(`wingman-error: ${code}\r\n`);
  expect(scene.app.requests.filter((line) => line !== 'GET /')).toHaveLength(heard);
}

type Refused = [attack: string, bytes: () => string, status: number, code?: string];

const SMUGGLING: Refused[] = [
  [
    'Content-Length before Transfer-Encoding (CL.TE)',
    () => post(['content-length: 6', 'transfer-encoding: chunked'], `0\r\n\r\nG${smuggled()}`),
    400,
  ],
  [
    'Transfer-Encoding before Content-Length (TE.CL)',
    () => post(['transfer-encoding: chunked', 'content-length: 4'], `5c\r\n${smuggled()}`),
    400,
  ],
  [
    'Two Transfer-Encoding fields (TE.TE)',
    () =>
      post(['transfer-encoding: chunked', 'transfer-encoding: identity'], `0\r\n\r\n${smuggled()}`),
    400,
  ],
  [
    'A transfer coding with a name like chunked',
    () => post(['transfer-encoding: xchunked'], `0\r\n\r\n${smuggled()}`),
    501,
    'BAD_REQUEST',
  ],
  [
    'Chunked before another transfer coding',
    () => post(['transfer-encoding: chunked, identity'], `0\r\n\r\n${smuggled()}`),
    400,
  ],
  [
    'A transfer coding that nobody undoes',
    () => post(['transfer-encoding: gzip, chunked'], '0\r\n\r\n'),
    501,
    'BAD_REQUEST',
  ],
  [
    'A space before the colon of Transfer-Encoding',
    () => post(['transfer-encoding : chunked'], `0\r\n\r\n${smuggled()}`),
    400,
  ],
  [
    'Two different lengths',
    () => post(['content-length: 0', 'content-length: 40'], smuggled()),
    400,
  ],
  ['A length with a sign', () => post(['content-length: +5'], 'hello'), 400],
  ['A list of lengths', () => post(['content-length: 5, 5'], 'hello'), 400],
  [
    'A length beyond counting',
    () => post(['content-length: 99999999999999999999999'], 'hello'),
    400,
  ],
  ['A folded field (obs-fold)', () => post(['x: a', '\tcontent-length: 40'], smuggled()), 400],
  [
    'A folded Transfer-Encoding',
    () => post(['transfer-encoding:', ' chunked'], `0\r\n\r\n${smuggled()}`),
    400,
  ],
  [
    'Lines that end in LF alone',
    () => `POST /echo HTTP/1.1\nhost: ${host()}\ncontent-length: 0\n\n`,
    400,
  ],
  ['A CR within a field', () => post(['x: a\rcontent-length: 40'], smuggled()), 400],
  [
    'A chunk extension that ends in LF alone',
    () => chunked(`1;a=b\nx\r\n0\r\n\r\n${smuggled()}`),
    400,
  ],
  ['A chunk size beyond counting', () => chunked(`FFFFFFFFFFFFFFFF1\r\nx`), 400],
  ['A chunk size with a prefix', () => chunked('0x1\r\nx\r\n0\r\n\r\n'), 400],
  ['A negative chunk size', () => chunked('-1\r\nx\r\n0\r\n\r\n'), 400],
  [
    'A length and a host among the trailers',
    () => chunked(`0\r\ncontent-length: 40\r\nhost: evil.example\r\n\r\n${smuggled()}`),
    400,
  ],
  [
    'An upgrade to HTTP/2 in the clear (h2c smuggling)',
    () => ask('GET /', ['connection: upgrade, http2-settings', 'upgrade: h2c']),
    400,
    'BAD_REQUEST',
  ],
  ['The preface of HTTP/2 with prior knowledge', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
];

const ROUTING: Refused[] = [
  ['Two Host fields', () => ask('GET /x', ['host: evil.example']), 400, 'BAD_REQUEST'],
  ['No Host field', () => 'GET /x HTTP/1.1\r\n\r\n', 400],
  [
    'A Host with a user before it',
    () => `GET /x HTTP/1.1\r\nhost: ${host()}@evil.example\r\n\r\n`,
    421,
    'BAD_REQUEST',
  ],
  [
    'A Host with a path behind it',
    () => `GET /x HTTP/1.1\r\nhost: ${host()}/evil\r\n\r\n`,
    421,
    'BAD_REQUEST',
  ],
  [
    'An absolute target of another authority',
    () => ask('GET http://evil.example/x', []),
    400,
    'BAD_REQUEST',
  ],
  [
    'An absolute target with a user in it',
    () => ask(`GET http://me@${host()}/x`, []),
    400,
    'BAD_REQUEST',
  ],
  [
    'An absolute target of another scheme',
    () => ask('GET file:///etc/passwd', []),
    400,
    'BAD_REQUEST',
  ],
  [
    'An absolute target below the reserved prefix',
    () => ask(`GET http://${host()}/__wingman/ports`, ['connection: close']),
    404,
    'BAD_REQUEST',
  ],
  [
    'A path that climbs out of the assets',
    () => ask('GET /__wingman/..%2f..%2fpackage.json', ['connection: close']),
    404,
    'BAD_REQUEST',
  ],
  ['A NUL in a field', () => ask('GET /x', ['x: a\0b']), 400],
  ['A NUL in the target', () => ask('GET /x\0y', []), 400],
  ['A space in the target', () => ask('GET /x y', []), 400],
  ['A field name with a delimiter', () => ask('GET /x', ['x(y: 1']), 400],
  ['A method with a delimiter', () => ask('GET/x /', []), 400],
  ['A version that is none', () => `GET /x HTTP/1.2\r\nhost: ${host()}\r\n\r\n`, 400],
  ['TLS to a port that speaks HTTP', () => '\x16\x03\x01\0\xa5\x01\0\0\xa1\x03\x03', 400],
];

const COSTS: Refused[] = [
  ['A head of 20 kB', () => ask('GET /x', [`x: ${'v'.repeat(20_000)}`]), 431],
  ['A target of 20 kB', () => ask(`GET /${'x'.repeat(20_000)}`, []), 431],
  [
    'Three thousand fields',
    () =>
      ask(
        'GET /x',
        Array.from({ length: 3_000 }, (_, n) => `x${n}: v`),
      ),
    431,
  ],
  ['A flood of chunk extensions', () => chunked(`1;${'a'.repeat(20_000)}\r\nx\r\n`), 413],
];

for (const [name, bytes, status, code] of [...SMUGGLING, ...ROUTING, ...COSTS]) {
  attack(name, () => expectRefused(bytes(), status, code));
}

// Its head was in order, and has gone on to the app.
attack('A chunk that is longer than it says', async () => {
  const text = await answerTo(scene.server.port, chunked(`1\r\nx${smuggled()}`));
  expect(statusesIn(text)).toEqual([400]);
});

attack('CONNECT to a port of this machine', async () => {
  const text = await answerTo(scene.server.port, ask('CONNECT 127.0.0.1:22', []));
  expect(text).toBe('');
});

attack('An expectation that nobody has', async () => {
  const bytes = post(['expect: 200-maybe', 'content-length: 0', 'connection: close']);
  await expectRefused(bytes, 417);
});

attack('Line breaks in a target, percent-encoded', async () => {
  const { headers, status } = await get(scene.victim.origin, '/%0d%0aset-cookie:%20evil=1');
  expect([status, headers['set-cookie']]).toEqual([404, undefined]);
  expect(scene.app.requests).toContain('GET /%0d%0aset-cookie:%20evil=1');
});

attack('An address that the client claims to have', async () => {
  const claims = {
    'x-forwarded-for': '192.0.2.6',
    'x-real-ip': '192.0.2.6',
    forwarded: 'for=192.0.2.6',
    'x-forwarded-host': 'evil.example',
  };
  const { body } = await get(scene.victim.origin, '/headers', claims);
  expect(body).not.toMatch(/192\.0\.2\.6|evil\.example/);
});

attack('A connection option that names an end-to-end field', async () => {
  const connection = 'close, x-forwarded-for, x-forwarded-host';
  const { body } = await get(scene.victim.origin, '/headers', { connection });
  const { 'x-forwarded-for': client, 'x-forwarded-host': named } = JSON.parse(body) as {
    [name: string]: string;
  };
  expect([client, named]).toEqual(['127.0.0.1', host()]);
});

attack('A Proxy field (httpoxy)', async () => {
  const { body } = await get(scene.victim.origin, '/headers', { proxy: 'http://evil.example' });
  expect(body).not.toContain('evil.example');
});

attack('More pipelined requests than may wait', async () => {
  const before = scene.app.requests.filter((line) => line === 'GET /endless').length;
  const flood = ask('GET /endless', []).repeat(100);
  await answerTo(scene.server.port, flood);
  expect(scene.app.requests.filter((line) => line === 'GET /endless').length - before).toBeLessThan(
    2,
  );
});

attack(
  'Two hundred heads that never end (slowloris)',
  async () => {
    const answers = await within(
      SLOW_HEAD_MS,
      'the end',
      Promise.all(slow.map(({ ended }) => ended)),
    );
    expect(new Set(answers.flatMap(statusesIn))).toEqual(new Set([408]));
  },
  90_000,
);

test('nothing that was smuggled has reached the app', () => {
  expect(scene.app.requests).not.toContain('GET /smuggled');
});
