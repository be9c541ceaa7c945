import { expect, test } from '@jest/globals';
import { ConfigError } from '@wingman/node-kit';
import { createLinkKey, encodeLinkKey } from '@wingman/protocol';
import { signUrl } from '../src/cli/sign-url.js';
import { IngressKey } from '../src/exchange/ingress-key.js';

const SESSION = 'my-app-abcdefghijklmnop';
const ORIGIN = `https://${SESSION}.tunnel.example`;
const linkKey = createLinkKey();
const LINK = `${ORIGIN}/#k=${encodeLinkKey(linkKey)}`;

test('signs a URL that the host of the link lets in until it expires', async () => {
  const given = { label: 'webhook', expiresMs: '1h', path: '/hooks' };
  const url = new URL(await signUrl(LINK, given));
  expect(url.origin + url.pathname).toBe(`${ORIGIN}/hooks`);
  expect(url.search).toContain('=webhook.');
  const at = async (afterMs: number): Promise<boolean> => {
    const key = await IngressKey.create(linkKey, SESSION, () => Date.now() + afterMs);
    return key.isSigned(url.pathname + url.search);
  };
  expect([await at(0), await at(3_590_000), await at(3_600_000)]).toEqual([true, true, false]);
});

test('opens everything for a day unless it is told otherwise', async () => {
  const { pathname, search } = new URL(await signUrl(LINK, {}));
  const key = await IngressKey.create(linkKey, SESSION, () => Date.now() + 86_390_000);
  expect(key.isSigned(`/any/where${search}`)).toBe(true);
  expect(pathname).toBe('/');
});

test.each([
  ['no URL', 'my-app'],
  ['a link without its key', ORIGIN],
  ['a key that is cut short', LINK.slice(0, -1)],
  ['an address without a session', `http://127.0.0.1:8787/#k=${encodeLinkKey(linkKey)}`],
])('refuses %s', async (_, link) => {
  await expect(signUrl(link, {})).rejects.toThrow(/whole link/);
});

test.each(['hooks', '/a/../b', '/a//b', '/a?b', '/a#b', '/ä', '/%2e', '/a b', '/./a'])(
  'refuses the path %s',
  async (path) => {
    await expect(signUrl(LINK, { path })).rejects.toThrow(ConfigError);
  },
);

test.each(['', 'A', 'a.b', 'a'.repeat(41)])('refuses the label %j', async (label) => {
  await expect(signUrl(LINK, { label })).rejects.toThrow('--for');
});
