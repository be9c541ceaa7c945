import { beforeEach, describe, expect, test } from '@jest/globals';
import { createLinkKey, headersToRaw, headerValue } from '@wingman/protocol';
import { BasicAuth } from '../src/exchange/basic-auth.js';
import { demandKey, entryLink, giveIngressCookie } from '../src/exchange/ingress-gate.js';
import { IngressKey } from '../src/exchange/ingress-key.js';
import { answerOwnPage } from '../src/exchange/own-pages.js';
import { Refusal } from '../src/exchange/problems.js';
import { choosePort, sendCookies } from '../src/exchange/request-steps.js';
import type { Via } from '../src/local/local-ports.js';
import { exchangeOf } from './support/exchange.js';

type Fields = Parameters<typeof exchangeOf>[0];

let ingressKey: IngressKey;

beforeEach(async () => {
  ingressKey = await IngressKey.create(createLinkKey(), 'abcdefghijklmnop');
});

const bearer = (): string[] => ['authorization', `Bearer ${ingressKey.token}`];
const cookie = (): string => `__Host-wingman-ingress=${ingressKey.createCookie()}`;
const signed = (path: string): string =>
  ingressKey.signPath({ label: 'test', path, expiresAt: Date.now() + 60_000 });

/** An exchange that has passed the gate. */
function passed(fields: Fields, via: Via = 'ingress', key: IngressKey | undefined = ingressKey) {
  const exchange = exchangeOf(fields, via, { ingressKey: key });
  demandKey(exchange);
  return exchange;
}

function refusal(run: () => unknown): Refusal {
  try {
    run();
  } catch (error) {
    if (error instanceof Refusal) return error;
  }
  throw new Error('was let in');
}

describe('the gate of the ingress', () => {
  test.each<[string, Fields]>([
    ['nothing', {}],
    ['a token of its own', { headers: ['authorization', 'Bearer of-the-app'] }],
    ['a cookie of its own', { headers: ['cookie', '__Host-wingman-ingress=1.x; a=1'] }],
    ['a pass that is none', { target: '/?wingman-pass=a.1.Lw.x' }],
  ])('refuses who shows %s', (_, fields) => {
    const { code, headers, problem } = refusal(() => passed(fields));
    expect([code, problem.status]).toEqual(['KEY_NEEDED', 401]);
    expect(headerValue(headers, 'www-authenticate')).toBe('Bearer realm="wingman"');
    expect(problem.cure).toContain('whole link');
  });

  test.each(['iframe', 'frame'])(
    'tells a frame (%s) what it is, and not to ask for the link',
    (to) => {
      const { headers, problem } = refusal(() => passed({ headers: ['sec-fetch-dest', to] }));
      expect([problem.code, problem.status]).toEqual(['KEY_NEEDED', 401]);
      expect(headerValue(headers, 'www-authenticate')).toBe('Bearer realm="wingman"');
      expect([problem.title, problem.cure]).toEqual([
        expect.stringContaining('frame'),
        expect.stringContaining('allow-same-origin'),
      ]);
    },
  );

  test('lets in who shows the token, and takes it out', () => {
    const { asked, request } = passed({ headers: [...bearer(), 'x-own', '1'] });
    expect(headersToRaw(request.headers)).toEqual(['x-own', '1']);
    expect(asked.headers).toHaveLength(2);
  });

  test('lets in who shows the password where one is set, and takes it out', () => {
    const basicAuth = new BasicAuth({ user: 'me', password: 'correct-horse' });
    const shown = (credentials: string): string[] => [
      'authorization',
      `Basic ${Buffer.from(credentials).toString('base64')}`,
    ];
    const at = (headers: string[]) => exchangeOf({ headers }, 'ingress', { ingressKey, basicAuth });
    const exchange = at([...shown('me:correct-horse'), 'x-own', '1']);
    demandKey(exchange);
    expect(headersToRaw(exchange.request.headers)).toEqual(['x-own', '1']);
    const { headers, problem } = refusal(() => demandKey(at(shown('me:wrong'))));
    expect(problem.status).toBe(401);
    expect(headers.map(({ value }) => value)).toContain('Basic realm="wingman", charset="UTF-8"');
    expect(refusal(() => demandKey(at([]))).headers).toHaveLength(2);
    expect(() => giveIngressCookie(at(shown('me:correct-horse')))).toThrow(Refusal);
  });

  test('asks for no password where none is set', () => {
    const headers = ['authorization', 'Basic bWU6Y29ycmVjdC1ob3JzZQ=='];
    expect(refusal(() => passed({ headers })).headers).toHaveLength(1);
  });

  test('looks at no more passwords of an address that has guessed too often', () => {
    const basicAuth = new BasicAuth({ user: 'me', password: 'correct-horse' });
    const guess = (address: string): number => {
      const headers = ['authorization', 'Basic eDp5', 'x-forwarded-for', `192.0.2.9, ${address}`];
      const exchange = exchangeOf({ headers }, 'ingress', { ingressKey, basicAuth });
      return refusal(() => demandKey(exchange)).problem.status;
    };
    const statuses = Array.from({ length: 12 }, () => guess('192.0.2.1'));
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429, 429]);
    expect(guess('192.0.2.2')).toBe(401);
  });

  test("leaves an app's own Authorization field alone", () => {
    const own = ['authorization', 'Bearer of-the-app'];
    for (const headers of [
      [...bearer(), ...own],
      [...own, 'cookie', cookie()],
    ]) {
      const { request } = passed({ headers });
      expect(headerValue(request.headers, 'authorization')).toBe('Bearer of-the-app');
    }
  });

  test('lets in who has a cookie; the app sees the others', () => {
    const exchange = passed({ headers: ['cookie', `a=1; ${cookie()}; b=2`] });
    sendCookies(exchange);
    expect(headerValue(exchange.request.headers, 'cookie')).toBe('a=1; b=2');
  });

  test('lets in a signed URL, and takes the signature out of it and of the Referer', () => {
    const target = `${signed('/hooks')}&event=push`;
    const headers = ['referer', `https://abc.localhost${signed('/hooks')}`];
    const { request } = passed({ target, headers });
    expect(request.target).toBe('/hooks?event=push');
    expect(headerValue(request.headers, 'referer')).toBe('https://abc.localhost/hooks');
  });

  test('asks nothing of viewers, who have proved the key, and changes nothing', () => {
    const { request } = passed({ target: '/?wingman-pass=x', headers: bearer() }, 'viewer');
    expect([request.target, request.headers.length]).toEqual(['/?wingman-pass=x', 1]);
  });

  test('asks nothing where the ingress is open', () => {
    const exchange = exchangeOf({ target: '/?wingman-pass=x' }, 'ingress');
    demandKey(exchange);
    expect(exchange.request.target).toBe('/');
  });
});

describe('the page where a browser gets its cookie', () => {
  const TARGET = '/__wingman/ingress';

  async function answered(fields: Fields, key: IngressKey | undefined = ingressKey) {
    const exchange = exchangeOf({ method: 'POST', target: TARGET, ...fields }, 'ingress', {
      ingressKey: key,
    });
    demandKey(exchange);
    choosePort(exchange);
    await answerOwnPage(exchange);
    return exchange.answer;
  }

  test('gives one to who shows the token', async () => {
    const { headers, status } = await answered({ headers: bearer() });
    expect(status).toBe(200);
    const line = headerValue(headers, 'set-cookie') ?? '';
    const [pair = '', ...attributes] = line.split('; ');
    expect(ingressKey.isCookie(pair.replace('__Host-wingman-ingress=', ''))).toBe(true);
    expect(attributes).toEqual(['Path=/', 'Secure', 'HttpOnly', 'SameSite=Lax']);
    expect(headerValue(headers, 'cache-control')).toBe('no-store');
  });

  test.each<[string, () => Fields]>([
    ['a cookie', () => ({ headers: ['cookie', cookie()] })],
    ['a signed URL', () => ({ target: signed(TARGET) })],
  ])('gives none to who shows %s, which would outlive itself', async (_, fields) => {
    await expect(answered(fields())).rejects.toMatchObject({ code: 'KEY_NEEDED' });
  });

  test('gives none where the ingress is open', async () => {
    const exchange = exchangeOf({ method: 'POST', target: TARGET }, 'ingress');
    await answerOwnPage(exchange);
    expect(exchange.answer.status).toBe(200);
    expect(headerValue(exchange.answer.headers, 'set-cookie')).toBeUndefined();
  });

  const LAN = 'http://192.168.1.5:8787';
  const atLan = ['x-forwarded-proto', 'http', 'x-forwarded-host', '192.168.1.5:8787'];

  async function entered(link: string, key: IngressKey | undefined = ingressKey) {
    const target = link.replace(LAN, '');
    const context = { ingressKey: key, bareOrigins: [LAN] };
    const exchange = exchangeOf({ target, headers: atLan }, 'ingress', context);
    demandKey(exchange);
    choosePort(exchange);
    await answerOwnPage(exchange);
    const { headers, status } = exchange.answer;
    const field = (name: string): string | undefined => headerValue(headers, name);
    return { status, location: field('location'), cookie: field('set-cookie') };
  }

  test('a link with the token leads to the app, with a cookie that plain HTTP takes and the gate knows', async () => {
    const { cookie = '', ...rest } = await entered(
      entryLink(LAN, ingressKey.token, '/cart?item=7#end'),
    );
    expect(rest).toEqual({ status: 303, location: '/cart?item=7#end' });
    expect(cookie).toMatch(/^wingman-ingress-8787=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/);
    const headers = [...atLan, 'cookie', `other=1; ${cookie.split(';')[0]}`];
    const at = (bareOrigins: string[]) =>
      exchangeOf({ headers }, 'ingress', { ingressKey, bareOrigins });
    expect(() => demandKey(at([LAN]))).not.toThrow();
    // The session's own name is a secure context, and takes the other cookie alone.
    expect(() => demandKey(at([]))).toThrow(Refusal);
  });

  test('by a secure origin the link gives the cookie that no other site can set', async () => {
    const target = entryLink('http://abc.localhost:8787', ingressKey.token, '/').slice(25);
    const { headers } = await answered({ method: 'GET', target });
    expect(headerValue(headers, 'set-cookie')).toMatch(/^__Host-wingman-ingress=.*; Secure;/);
    expect(headerValue(headers, 'location')).toBe('/');
  });

  test.each([
    ['no token', '/__wingman/ingress'],
    ['another token', '/__wingman/ingress?token=of-another'],
    ['an empty token', '/__wingman/ingress?token='],
    ['a token at another target', '/?token=TOKEN'],
  ])('lets nobody in by a link with %s', async (_, target) => {
    const link = target.replace('TOKEN', ingressKey.token);
    await expect(entered(link)).rejects.toMatchObject({ code: 'KEY_NEEDED' });
  });

  test.each([
    '//evil.example/',
    '/.//evil.example/',
    '/\\evil.example',
    'https://evil.example/',
    'http://[',
    '/\t/evil.example/',
    '/..//evil.example/',
    'http://session.invalid//evil.example/',
    'blob:http://session.invalid/away',
    'javascript:alert(1)',
    'data:text/html,x',
  ])('leads to no other site: %s', async (page) => {
    const { location } = await entered(entryLink(LAN, ingressKey.token, page));
    expect(location).toBe('/');
  });

  test('a page of the app’s own is led to as it is, and nothing in it ends the line', async () => {
    const at = async (page: string): Promise<string | undefined> =>
      (await entered(entryLink(LAN, ingressKey.token, page))).location;
    expect(await at('/a?to=//b.example#//c')).toBe('/a?to=//b.example#//c');
    expect(await at('/é\r\nset-cookie: a=1')).toBe('/%C3%A9set-cookie:%20a=1');
    const typed = `${LAN}/__wingman/ingress?to=/a?b=1&token=${ingressKey.token}`;
    expect((await entered(typed)).location).toBe('/a?b=1');
  });

  test('of a link the first token counts, so that none can hide behind another', async () => {
    const link = `${LAN}/__wingman/ingress?token=x&token=${ingressKey.token}`;
    await expect(entered(link)).rejects.toMatchObject({ code: 'KEY_NEEDED' });
    const { status } = await entered(`${entryLink(LAN, ingressKey.token, '/')}&token=x`);
    expect(status).toBe(303);
  });

  test('a link is opened, and not posted: whoever posts shows the token in a field', async () => {
    const target = entryLink(LAN, ingressKey.token, '/').replace(LAN, '');
    await expect(answered({ target })).rejects.toMatchObject({ code: 'KEY_NEEDED' });
    await expect(answered({ method: 'PUT', target })).rejects.toMatchObject({
      problem: { status: 405 },
    });
  });

  test('a link stays nobody else’s: no cache keeps its answer, and the app is told no Referer', async () => {
    const target = entryLink(LAN, ingressKey.token, '/').replace(LAN, '');
    const { headers } = await answered({ method: 'HEAD', target });
    expect(headerValue(headers, 'cache-control')).toBe('no-store');
    expect(headerValue(headers, 'referrer-policy')).toBe('no-referrer');
  });

  test('by TLS on the network the cookie is the secure one, and the plain one lets nobody in', async () => {
    const context = { ingressKey, bareOrigins: [LAN.replace('http:', 'https:')] };
    const headers = ['x-forwarded-proto', 'https', 'x-forwarded-host', '192.168.1.5:8787'];
    const target = entryLink(LAN, ingressKey.token, '/').replace(LAN, '');
    const exchange = exchangeOf({ target, headers }, 'ingress', context);
    await answerOwnPage(exchange);
    const given = headerValue(exchange.answer.headers, 'set-cookie') ?? '';
    expect(given).toMatch(/^__Host-wingman-ingress=[^;]+; Path=\/; Secure; HttpOnly/);
    const value = given.split(/[=;]/)[1];
    const showing = (name: string) => () =>
      demandKey(
        exchangeOf({ headers: [...headers, 'cookie', `${name}=${value}`] }, 'ingress', context),
      );
    expect(showing('__Host-wingman-ingress')).not.toThrow();
    expect(showing('wingman-ingress-8787')).toThrow(Refusal);
  });

  test('a cookie of another port’s session, and one of a forged host, let nobody in', () => {
    const value = ingressKey.createCookie();
    const at = (host: string, name: string) => () => {
      const headers = ['x-forwarded-proto', 'http', 'x-forwarded-host', host];
      headers.push('cookie', `${name}=${value}`);
      demandKey(exchangeOf({ headers }, 'ingress', { ingressKey, bareOrigins: [LAN] }));
    };
    expect(at('192.168.1.5:8787', 'wingman-ingress-8787')).not.toThrow();
    expect(at('192.168.1.5:8787', 'wingman-ingress-8788')).toThrow(Refusal);
    expect(at('evil.example:8787', 'wingman-ingress-8787')).toThrow(Refusal);
  });

  test('a link leads on where the ingress is open', async () => {
    const link = entryLink(LAN, 'none', '/cart');
    const exchange = exchangeOf({ target: link.replace(LAN, '') }, 'ingress');
    await answerOwnPage(exchange);
    const { headers, status } = exchange.answer;
    expect([status, headerValue(headers, 'location')]).toEqual([303, '/cart']);
    expect(headerValue(headers, 'set-cookie')).toBeUndefined();
  });

  test('is none of a viewer’s pages', async () => {
    const exchange = exchangeOf({ method: 'POST', target: TARGET }, 'viewer');
    await expect(answerOwnPage(exchange)).rejects.toBeInstanceOf(Refusal);
  });
});
