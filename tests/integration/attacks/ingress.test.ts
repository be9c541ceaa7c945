import { afterAll, beforeAll, expect } from '@jest/globals';
import { INGRESS_COOKIE } from '@wingman/protocol';
import { request } from 'node:http';
import { IngressKey } from '../../../packages/relay-server/src/exchange/ingress-key.js';
import { attacksOn } from '../../support/attacks.js';
import { get } from '../../support/http.js';
import { eventually, within, type Share } from '../../support/processes.js';
import { linkKeyOf } from '../../support/relay-viewer.js';
import { UnderAttack } from '../../support/under-attack.js';

// Proofs of the key that are none, at an ingress that wants one. The owner of the link makes the right ones here.

const DAY_MS = 24 * 3_600_000;
const GUESSES = 500;

let scene: UnderAttack;
/** The victim's own, the neighbour's, and the victim's when its proofs of yesterday were made. */
let own: IngressKey;
let foreign: IngressKey;
let yesterday: IngressKey;
const attack = attacksOn(() => scene);

beforeAll(async () => {
  scene = await UnderAttack.start(['--basic-auth', 'me:correct-horse']);
  own = await keyOf(scene.victim);
  foreign = await keyOf(scene.neighbour);
  yesterday = await keyOf(scene.victim, () => Date.now() - 10 * DAY_MS);
});

afterAll(() => scene.stop());

const keyOf = (share: Share, now = Date.now): Promise<IngressKey> =>
  IngressKey.create(linkKeyOf(share), share.ready.session, now);

/** A URL for everything below a path, good for a day. */
const signed = (key: IngressKey, path = '/hooks'): string =>
  key.signPath({ label: 'webhook', path, expiresAt: Date.now() + DAY_MS });

/** What a signed URL has in its query. */
const passOf = (url: string): string => url.split('?')[1] ?? '';

const cookie = (value: string): Record<string, string> => ({
  cookie: `${INGRESS_COOKIE}=${value}`,
});

interface Shown {
  path?: string;
  headers?: Record<string, string>;
}

async function expectRefused({ path = '/secret', headers = {} }: Shown): Promise<void> {
  const answer = await get(scene.victim.origin, path, headers);
  expect([answer.status, answer.headers['wingman-error']]).toEqual([401, 'KEY_NEEDED']);
  expect(answer.headers['www-authenticate']).toContain('Bearer realm="wingman"');
  expect(scene.app.requests.filter((line) => line !== 'GET /')).toEqual([]);
}

const bearer = (value: string): Shown => ({ headers: { authorization: value } });

const TOKENS: [attack: string, shown: () => Shown][] = [
  ['No proof of the key', () => ({})],
  ['A token behind two spaces', () => bearer(`Bearer  ${own.token}`)],
  ['A token behind a tab', () => bearer(`Bearer\t${own.token}`)],
  ['A token that is cut short', () => bearer(`Bearer ${own.token.slice(0, -1)}`)],
  ['A token with a character more', () => bearer(`Bearer ${own.token}=`)],
  ['A token in another case', () => bearer(`Bearer ${own.token.toUpperCase()}`)],
  ['A token in a list', () => bearer(`Bearer x, Bearer ${own.token}`)],
  ['A token under another scheme', () => bearer(`Token ${own.token}`)],
  ['A token in the query', () => ({ path: `/secret?access_token=${own.token}` })],
  ['A token in a cookie', () => ({ headers: cookie(own.token) })],
  ['The token of another session', () => bearer(`Bearer ${foreign.token}`)],
];

const SIGNED: [attack: string, shown: () => Shown][] = [
  [
    'A signed URL that has expired',
    () => ({
      path: own.signPath({ label: 'webhook', path: '/secret', expiresAt: Date.now() - 1_000 }),
    }),
  ],
  [
    'A signed URL with a later end',
    () => ({ path: signed(own, '/secret').replace(/\.\d{10}\./, '.9999999999.') }),
  ],
  [
    'A signed URL for somebody else',
    () => ({ path: signed(own, '/secret').replace('=webhook.', '=admin.') }),
  ],
  [
    'A signed URL with another path in its terms',
    () => ({
      path: signed(own)
        .replace(/\.L2hvb2tz\./, '.Lw.')
        .replace('/hooks?', '/secret?'),
    }),
  ],
  ['The signed URL of another session', () => ({ path: signed(foreign, '/secret') })],
  [
    'A signed URL whose signature is cut short',
    () => ({ path: signed(own, '/secret').slice(0, -1) }),
  ],
  [
    'A signed URL behind a false one',
    () => ({ path: `/secret?${passOf(signed(foreign))}&${passOf(signed(own))}` }),
  ],
  [
    'A path that only begins like the signed one',
    () => ({ path: `/hooksx?${passOf(signed(own))}` }),
  ],
  [
    'Dot segments out of the signed path',
    () => ({ path: `/hooks/../secret?${passOf(signed(own))}` }),
  ],
  [
    'Encoded dot segments out of the signed path',
    () => ({ path: `/hooks/%2e%2E/secret?${passOf(signed(own))}` }),
  ],
  [
    'An encoded slash out of the signed path',
    () => ({ path: `/hooks/..%2fsecret?${passOf(signed(own))}` }),
  ],
  [
    'A backslash out of the signed path',
    () => ({ path: `/hooks/..\\secret?${passOf(signed(own))}` }),
  ],
  ['A second slash before the signed path', () => ({ path: `//hooks/x?${passOf(signed(own))}` })],
];

const COOKIES: [attack: string, shown: () => Shown][] = [
  ['The cookie of another session', () => ({ headers: cookie(foreign.createCookie()) })],
  ['A cookie that has expired', () => ({ headers: cookie(yesterday.createCookie()) })],
  [
    'A cookie with a later end',
    () => ({ headers: cookie(own.createCookie().replace(/^\d+/, '9999999999')) }),
  ],
  [
    'A right cookie behind a false one',
    () => ({ headers: { cookie: `${INGRESS_COOKIE}=x; ${INGRESS_COOKIE}=${own.createCookie()}` } }),
  ],
];

for (const [name, shown] of [...TOKENS, ...SIGNED, ...COOKIES]) {
  attack(name, () => expectRefused(shown()));
}

/** Asks for a cookie. */
function enter(path: string, headers: Record<string, string>): Promise<number | undefined> {
  const { host, port } = new URL(scene.victim.origin);
  const answer = new Promise<number | undefined>((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      path,
      method: 'POST',
      headers: { host, ...headers },
    };
    request(options, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
  return within(10_000, 'the answer', answer);
}

attack('A cookie that asks for a newer one', async () => {
  expect(await enter('/__wingman/ingress', cookie(own.createCookie()))).toBe(401);
  expect(await enter('/__wingman/ingress', bearer(`Bearer ${own.token}`).headers ?? {})).toBe(200);
});

attack('A signed URL that asks for a cookie', async () => {
  const path = signed(own, '/__wingman/ingress');
  expect(await enter(path, {})).toBe(401);
});

attack('A proof that the app could keep', async () => {
  const pass = passOf(signed(own, '/headers'));
  const shown: Record<string, string>[] = [
    { authorization: `Bearer ${own.token}` },
    { ...cookie(own.createCookie()), referer: `${scene.victim.origin}/?a=b&${pass}` },
  ];
  for (const headers of shown) {
    const { body, status } = await get(scene.victim.origin, `/headers?${pass}`, headers);
    expect(status).toBe(200);
    expect(body).not.toMatch(/wingman-(?:pass|ingress)|Bearer/);
  }
  expect(scene.app.requests.filter((line) => line.includes('wingman-pass'))).toEqual([]);
});

/** What becomes of credentials, whoever the client claims to be. */
async function logIn(credentials: string): Promise<[status: number, code: unknown]> {
  const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  const claim = { authorization, 'x-forwarded-for': `192.0.2.${credentials.length}` };
  const { headers, status } = await get(scene.victim.origin, '/secret', claim);
  return [status, headers['wingman-error']];
}

attack('Guesses of a password', async () => {
  for (let guess = 0; guess < 10; guess++) {
    expect(await logIn(`me:guess-${'x'.repeat(guess)}`)).toEqual([401, 'KEY_NEEDED']);
  }
  expect(await logIn('me:guess')).toEqual([429, 'LIMIT_EXCEEDED']);
  expect(await logIn('me:correct-horse')).toEqual([429, 'LIMIT_EXCEEDED']);
  expect(scene.app.requests).not.toContain('GET /secret');
});

attack('Five hundred guesses', async () => {
  const guesses = Array.from({ length: GUESSES }, (_, index) => {
    const authorization = `Bearer ${String(index).padStart(own.token.length, 'A')}`;
    return get(scene.victim.origin, '/secret', { authorization });
  });
  const statuses = (await Promise.all(guesses)).map(({ status }) => status);
  expect([...new Set(statuses)].filter((status) => status !== 401 && status !== 503)).toEqual([]);
  expect(scene.app.requests).not.toContain('GET /secret');
  await eventually('a right proof enters', async () => {
    return (await get(scene.victim.origin, '/', scene.victim.bearer)).status === 200;
  });
});
