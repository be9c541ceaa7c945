import { beforeAll, expect, test } from '@jest/globals';
import { besideLocalhost, expectSame, ONE_PATH, type Sides } from '../support/beside-localhost.js';
import { page, send, type Route } from '../support/page-app.js';
import { eventually } from '../support/processes.js';

/** What the server was asked for and has answered, as `status path`. */
const log: string[] = [];

/** The source of the module that a developer edits. */
let source = says('main', 'as it was');

function answered(status: number, fields: Record<string, string>, body: () => string): Route {
  return (request, response, url) => {
    const etag = `"${body()}"`;
    const isKnown = request.headers['if-none-match'] === etag;
    const code = isKnown && status === 200 ? 304 : status;
    log.push(`${code} ${url.pathname}${url.search}`);
    const named = fields['cache-control'] === 'no-cache' ? { ...fields, etag } : fields;
    response.writeHead(code, { 'content-type': 'text/javascript', ...named });
    response.end(code === 304 ? undefined : body());
  };
}

function says(name: string, text: string): string {
  return `globalThis.${name} = '${text}';`;
}

const YEAR = { 'cache-control': 'max-age=31536000,immutable' };

const ROUTES: Record<string, Route> = {
  '/': (_, response) =>
    send(
      response,
      page(
        '<h1>front page</h1>',
        `<script type="module" src="/deps/react.js?v=1"></script>
        <script type="module" src="/src/main.js"></script><script src="/never.js"></script>
        <script>onload = () => document.body.append('loaded ' + dep + main + never)</script>`,
      ),
      { 'cache-control': 'no-cache' },
    ),
  '/deps/react.js': answered(200, YEAR, () => says('dep', 'dep'.padEnd(100_000, '-'))),
  '/src/main.js': answered(200, { 'cache-control': 'no-cache', vary: 'Origin' }, () => source),
  '/clear': (_, response) => send(response, '', { 'clear-site-data': '"cache"' }),
  '/never.js': answered(200, { 'cache-control': 'no-store' }, () => says('never', 'never')),
};

besideLocalhost({ routes: ROUTES }, (stage) => {
  let sides: Sides;

  beforeAll(async () => {
    sides = await stage.newSides(ONE_PATH);
    for (const side of sides) await side.open('/', 'loaded');
    await eventually('all that may be kept is kept', () => isKept(sides));
  });

  /** What the server hears while something is done. */
  async function heard(run: () => Promise<unknown>): Promise<string[]> {
    log.length = 0;
    await run();
    return [...log].sort();
  }

  test('a reload asks for what it asks for on localhost: nothing that is fresh, and no body twice', async () => {
    const asked = await expectSame(sides, (side) => heard(() => side.reload('loaded')));
    expect(asked).toEqual(['200 /never.js', '304 /src/main.js']);
  });

  test('a changed module is there at once', async () => {
    source = says('main', `changed in ${stage.name}`);
    const asked = await expectSame(sides, (side) => heard(() => side.reload('changed in')));
    expect(asked).toEqual(['200 /never.js', '200 /src/main.js']);
  });

  test.each<[RequestCache, string[]]>([
    ['default', []],
    ['force-cache', []],
    ['only-if-cached', []],
    ['no-cache', ['200 /deps/react.js?v=1']],
    ['reload', ['200 /deps/react.js?v=1']],
    ['no-store', ['200 /deps/react.js?v=1']],
  ])('cache: %s asks for what it asks for on localhost', async (cache, expected) => {
    const fetched = (mode: RequestCache): Promise<string> =>
      fetch('/deps/react.js?v=1', { cache: mode, mode: 'same-origin' }).then((it) => it.text());
    const asked = await expectSame(sides, (side) => heard(() => side.ask(fetched, cache)));
    expect(asked).toEqual(expected);
  });

  test('the app finds nothing of ours in its caches, and does it no harm', async () => {
    const left = await expectSame(sides, (side) =>
      side.ask(async () => {
        await Promise.all((await caches.keys()).map((name) => caches.delete(name)));
        return [await caches.keys(), (await caches.match('/deps/react.js?v=1')) ?? null];
      }),
    );
    expect(left).toEqual([[], null]);
    expect(await isKept(sides)).toBe(true);
  });

  test('Clear-Site-Data: "cache" empties it', async () => {
    const [, ...shared] = sides;
    for (const side of shared) {
      await side.ask(async () => void (await fetch('/clear')));
      expect(await heard(() => side.reload('loaded'))).toContain('200 /deps/react.js?v=1');
    }
  });
});

/** Nothing says when a browser has written what it keeps, but that it needs no answer any more. */
async function isKept([, ...shared]: Sides): Promise<boolean> {
  const names = await Promise.all(
    shared.map((side) =>
      side.tab.evaluate(async () => {
        const ours = (await caches.keys()).find((name) => name.includes('-http-'));
        return ours === undefined ? 0 : (await (await caches.open(ours)).keys()).length;
      }),
    ),
  );
  return names.every((count) => count === 2);
}
