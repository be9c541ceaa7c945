import { describe, expect, test } from '@jest/globals';
import type { FakeHost } from './support/fake-host.js';
import { fetchWhole, type Answer } from './support/http.js';
import { startSession } from './support/server.js';

const TAB = { 'sec-fetch-dest': 'document', 'sec-fetch-site': 'cross-site', accept: 'text/html' };
const OWN_TAB = { ...TAB, 'sec-fetch-site': 'same-origin' };
const ACCEPTED = '__Host-wingman-notice=on';

type Ask = (path: string, headers: Record<string, string>) => Promise<Answer>;

async function setUp(notice = true): Promise<{ host: FakeHost; ask: Ask }> {
  const { host } = await startSession({}, { notice });
  return { host, ask: (path, headers) => fetchWhole(host.port, host.name, path, { headers }) };
}

const isNotice = ({ text }: Answer): boolean => text.includes('Somebody shares an app with you');
const isShell = ({ text }: Answer): boolean => text.includes('<title>shell</title>');
/** What the form of a notice would ask for. */
function formOf(path: string, { text }: Answer): string {
  const [, value = ''] =
    /<input type="hidden" name="wingman-notice" value="([^"]*)">/.exec(text) ?? [];
  return `${path}?wingman-notice=${value}`;
}

describe('the operator’s notice', () => {
  test('meets a tab that opens the session, with a strict policy and without a script', async () => {
    const { ask, host } = await setUp();
    const answer = await ask('/page?a=1', TAB);
    expect([answer.status, isNotice(answer), isShell(answer)]).toEqual([200, true, false]);
    expect(answer.text).toContain(host.name);
    expect(answer.text).not.toContain('<script');
    const { 'content-security-policy': policy, ...headers } = answer.headers;
    expect(policy).toMatch(/^default-src 'none'; /);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    });
    expect(headers['set-cookie']).toBeUndefined();
  });

  test.each(['/page?a=1&b=%20%22', '/page', '/?', '//evil.example/x?y', '/a?b?c=d/e'])(
    'lets whoever goes on see what was asked for, once and for all: %s',
    async (target) => {
      const { ask, host } = await setUp();
      const path = target.replace(/\?.*/, '');
      const gone = await ask(formOf(path, await ask(target, TAB)), OWN_TAB);
      expect([gone.status, gone.headers.location]).toEqual([303, `http://${host.name}${target}`]);
      const [line = ''] = gone.headers['set-cookie'] ?? [];
      expect(line).toMatch(/^__Host-wingman-notice=on; Path=\/; Secure; HttpOnly; SameSite=Lax; /);
      expect(isShell(await ask(target, { ...TAB, cookie: ACCEPTED }))).toBe(true);
    },
  );

  test('is not got past by the link of another site, nor by one without a site', async () => {
    const { ask } = await setUp();
    const form = formOf('/', await ask('/', TAB));
    for (const site of ['cross-site', 'same-site', 'none']) {
      const answer = await ask(form, { ...TAB, 'sec-fetch-site': site });
      expect([site, isNotice(answer), answer.headers['set-cookie']]).toEqual([
        site,
        true,
        undefined,
      ]);
    }
  });

  test.each([
    ['a fragment', Buffer.from('?a#k=b').toString('base64url')],
    ['a line break', Buffer.from('?a\r\nset-cookie: b').toString('base64url')],
    ['no query', Buffer.from('.evil.example').toString('base64url')],
    ['no base64url', '?'],
  ])('hands on nothing that is no query: %s', async (_, value) => {
    const { ask } = await setUp();
    expect(isNotice(await ask(`/?wingman-notice=${value}`, OWN_TAB))).toBe(true);
  });

  test.each([
    ['a script', { 'sec-fetch-dest': 'script' }],
    ['a frame', { 'sec-fetch-dest': 'iframe', accept: 'text/html' }],
    ['fetch', { 'sec-fetch-dest': 'empty' }],
    ['curl', {}],
    ['a program that accepts HTML', { accept: 'text/html' }],
  ])('meets nothing else: %s', async (_, headers) => {
    const { ask } = await setUp();
    expect((await ask('/', headers)).text).toBe('hello');
    expect((await ask('/__wingman/shim.js', headers)).text).toContain('shimmed');
  });

  test('is the operator’s choice', async () => {
    const { ask } = await setUp(false);
    expect(isShell(await ask('/', TAB))).toBe(true);
  });
});
