import { beforeAll, beforeEach, expect, test } from '@jest/globals';
import { besideLocalhost, expectSame, ONE_PATH, type Sides } from '../support/beside-localhost.js';
import { page, send, type Route } from '../support/page-app.js';

// Node writes each character as a byte.
const POLICIES = [
  "script-src 'none'; img-src é",
  "é; script-src 'none'",
  "script-src 'none' é",
  "img-src é, script-src 'none'",
  "default-src 'none'; script-src é",
];

const SCRIPT = '<script>document.documentElement.dataset.ran = "inline"</script>';

const ROUTES: Record<string, Route> = {
  '/': (_, response) => send(response, page('<h1>front page</h1>')),
  '/with': (_, response, { searchParams }) =>
    send(response, page(`<h1>policy page</h1>${SCRIPT}`), {
      [searchParams.get('name') ?? '']: searchParams.get('value') ?? '',
    }),
  '/to': (_, response) => response.writeHead(302, { location: '/place?Ã¼' }).end(),
  '/place': (_, response, { search }) => send(response, page(`<h1>place ${search}</h1>`)),
};

besideLocalhost({ routes: ROUTES }, (stage) => {
  let sides: Sides;

  beforeAll(async () => {
    sides = await stage.newSides(ONE_PATH);
    for (const side of sides) await side.open('/', 'front page');
  });

  beforeEach(async () => {
    for (const side of sides) await side.go('/', 'front page');
  });

  const withField = (name: string, value: string): string =>
    `/with?${new URLSearchParams({ name, value })}`;

  test.each(POLICIES)(
    'a policy with bytes beyond ASCII does what it does on localhost: %s',
    async (policy) => {
      await expectSame(sides, async (side) => {
        const target = withField('content-security-policy', policy);
        const status = await side.ask(async (url) => (await fetch(url)).status, target);
        await side.go(target, 'policy page');
        return [status, await side.ask(() => document.documentElement.dataset['ran'] ?? 'nothing')];
      });
    },
  );

  test.each(['content-security-policy-report-only', 'timing-allow-origin', 'x-frame-options'])(
    'an answer with such bytes in %s is one',
    async (name) => {
      const local = await expectSame(sides, async (side) =>
        side.ask(async (url) => (await fetch(url)).status, withField(name, 'é')),
      );
      expect(local).toBe(200);
    },
  );

  test('a redirect leads where its bytes say', async () => {
    const local = await expectSame(sides, async (side) => {
      const found = await side.ask(async () => (await (await fetch('/to')).text()).slice(-40));
      await side.go('/to', 'place ?%C3%BC');
      return [found, await side.ask(() => location.search)];
    });
    expect(local).toContain('?%C3%BC');
  });
});
