import { beforeEach, describe, expect, test } from '@jest/globals';
import { createIngressToken, createLinkKey } from '@wingman/protocol';
import { createHmac, hkdfSync } from 'node:crypto';
import { IngressKey, withoutPass } from '../src/exchange/ingress-key.js';
import { HOST_LIMITS } from '../src/limits.js';

const SESSION = 'abcdefghijklmnop';
const START_MS = 1_800_000_000_000;

let linkKey: Uint8Array;
let key: IngressKey;
let now: number;

beforeEach(async () => {
  linkKey = createLinkKey();
  now = START_MS;
  key = await IngressKey.create(linkKey, SESSION, () => now);
});

/** Keys that must not open what `key` has made: of another link key, and of another session with the same one. */
async function strangers(): Promise<IngressKey[]> {
  return [
    await IngressKey.create(createLinkKey(), SESSION, () => now),
    await IngressKey.create(linkKey, 'ponmlkjihgfedcba', () => now),
  ];
}

/** The text with its last character changed; the last of a MAC in base64url carries bits that count. */
function altered(text: string): string {
  return text.slice(0, -1) + (text.endsWith('A') ? 'E' : 'A');
}

describe('the token', () => {
  test('is what a page makes of the link key', async () => {
    expect(key.token).toBe(await createIngressToken(linkKey, SESSION));
    expect(key.token).toMatch(/^[\w-]{43}$/);
  });

  test('is taken from a bearer field alone', () => {
    expect(key.isToken(`Bearer ${key.token}`)).toBe(true);
    expect(key.isToken(`bearer ${key.token}`)).toBe(true);
    const others = ['', 'Bearer', 'Bearer ', key.token, `Basic ${key.token}`];
    others.push(`Bearer ${altered(key.token)}`, `Bearer ${key.token} x`, `Bearer  ${key.token}`);
    expect(others.filter((value) => key.isToken(value))).toEqual([]);
  });

  test('opens no other session and is of no other key', async () => {
    for (const stranger of await strangers()) {
      expect(stranger.isToken(`Bearer ${key.token}`)).toBe(false);
    }
  });
});

test('every proof is the MAC that SPEC section 4.6 names', () => {
  const ingressKey = Buffer.from(hkdfSync('sha256', linkKey, '', 'wingman v1 ingress', 32));
  const mac = (...parts: string[]): string =>
    createHmac('sha256', ingressKey).update(parts.join('\0')).digest('base64url');
  expect(key.token).toBe(mac('wingman-ingress-token-v1', SESSION));
  const expiry = String((START_MS + HOST_LIMITS.ingressCookieMs) / 1_000);
  const cookieMac = mac('wingman-ingress-cookie-v1', SESSION, expiry);
  expect(key.createCookie()).toBe(`${expiry}.${cookieMac}`);
  const terms = `webhook.${START_MS / 1_000}.${Buffer.from('/hooks').toString('base64url')}`;
  const urlMac = mac('wingman-ingress-url-v1', SESSION, terms);
  expect(key.signPath({ label: 'webhook', path: '/hooks', expiresAt: START_MS })).toBe(
    `/hooks?wingman-pass=${terms}.${urlMac}`,
  );
});

describe('the cookie', () => {
  test('holds for its time', () => {
    const cookie = key.createCookie();
    now += HOST_LIMITS.ingressCookieMs - 1;
    expect(key.isCookie(cookie)).toBe(true);
    now += 1;
    expect(key.isCookie(cookie)).toBe(false);
  });

  test('can be neither altered, prolonged nor taken elsewhere', async () => {
    const cookie = key.createCookie();
    const [expiry, mac] = cookie.split('.');
    const forged = ['', '.', altered(cookie), `${Number(expiry) + 1}.${mac}`, `${expiry}`];
    expect(forged.filter((value) => key.isCookie(value))).toEqual([]);
    for (const stranger of await strangers()) expect(stranger.isCookie(cookie)).toBe(false);
  });
});

describe('a signed URL', () => {
  const sign = (path: string, lifeMs = 60_000): string =>
    key.signPath({ label: 'webhook', path, expiresAt: START_MS + lifeMs });
  /** The signature of `/hooks`, on another path. */
  const moved = (path: string): string => sign('/hooks').replace('/hooks', path);

  test('opens its path and what is below, with any other query', () => {
    const signed = ['/hooks', '/hooks/', '/hooks/a/b', '/hooks/a%2Fb', '/hooks/./a'].map(moved);
    signed.push(`${sign('/hooks')}&event=push`, sign('/hooks').replace('?', '?event=push&'));
    expect(signed.filter((target) => !key.isSigned(target))).toEqual([]);
  });

  test.each([
    ...['/', '/hook', '/hooksy', '/other', '//hooks', '/a/hooks', '/HOOKS', '/hooks%2Fa'],
    ...['/hooks/..', '/hooks/../admin', '/hooks/%2e%2e/admin', '/hooks%2F..%2Fadmin'],
    ...['/hooks/..%5cadmin', '/hooks\\..\\admin', '/admin/../hooks'],
  ])('does not open %s', (path) => {
    expect(key.isSigned(moved(path))).toBe(false);
  });

  test('of the root opens everything', () => {
    const root = sign('/');
    expect(key.isSigned(root)).toBe(true);
    expect(key.isSigned(root.replace('/?', '/any/where?'))).toBe(true);
  });

  test('holds for its time', () => {
    const target = sign('/hooks', 5_000);
    now += 4_999;
    expect(key.isSigned(target)).toBe(true);
    now += 1;
    expect(key.isSigned(target)).toBe(false);
  });

  test('can be neither altered, prolonged, widened nor taken elsewhere', async () => {
    const target = sign('/hooks');
    const root = Buffer.from('/').toString('base64url');
    const hooks = Buffer.from('/hooks').toString('base64url');
    const forged = [
      altered(target),
      target.replace('webhook', 'webhoox'),
      target.replace(/\.(\d+)\./, (_, expiry) => `.${Number(expiry) + 60}.`),
      target.replace(hooks, root),
      target.replace('wingman-pass', 'wingman-pas'),
      '/hooks?wingman-pass=',
      '/hooks',
    ];
    expect(forged.filter((each) => key.isSigned(each))).toEqual([]);
    for (const stranger of await strangers()) expect(stranger.isSigned(target)).toBe(false);
  });

  test('the first pass counts, so that none can hide behind another', () => {
    const [, pass = ''] = sign('/hooks').split('?');
    expect(key.isSigned(`/hooks?wingman-pass=x&${pass}`)).toBe(false);
  });
});

describe('without its pass a target is what the app was asked', () => {
  test.each([
    ['/', '/'],
    ['/a?b=1', '/a?b=1'],
    ['/a?', '/a?'],
    ['/a?wingman-pass=x', '/a'],
    ['/a?wingman-pass=x&b=1&&c', '/a?b=1&&c'],
    ['/a?b=%20+1&wingman-pass=x', '/a?b=%20+1'],
    ['/a?b&wingman-pass=x&c&wingman-pass=y', '/a?b&c'],
    ['/a&wingman-pass=x', '/a&wingman-pass=x'],
    ['/a?xwingman-pass=x', '/a?xwingman-pass=x'],
    ['https://s.example/a?wingman-pass=x&b=/?c', 'https://s.example/a?b=/?c'],
  ])('%s', (target, asked) => {
    expect(withoutPass(target)).toBe(asked);
  });
});
