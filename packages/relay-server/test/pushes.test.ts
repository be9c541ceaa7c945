import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  decodeMessage,
  headerValue,
  PUSH_LIMITS,
  PUSHES_TARGET,
  PushedAnswer,
  RecordReader,
  request,
  TransferCoding,
  UNDONE_CODINGS,
} from '@wingman/protocol';
import { gunzipSync } from 'node:zlib';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { LocalApp } from '../src/exchange/local-app.js';
import { HOST_LIMITS } from '../src/limits.js';
import { cleanups } from './support/cleanups.js';
import { listen } from './support/servers.js';
import { openTunnel, requestHead, SESSION_ORIGIN, textOf } from './support/tunnel.js';
import { until } from './support/until.js';

/** One way; the round trip is above HOST_LIMITS.nearRoundTripMs. */
const FAR_MS = 15;

/** What the app has under each path; a module has its own text as validator. */
let files: Record<string, string>;
let heard: IncomingMessage[];
/** Fields beside those of every answer. */
let fields: Record<string, string>;

beforeEach(() => {
  files = {};
  heard = [];
  fields = {};
});

function answer(incoming: IncomingMessage, response: ServerResponse): void {
  heard.push(incoming);
  const { pathname } = new URL(incoming.url ?? '', 'http://app');
  const body = files[pathname];
  if (body === undefined) return void response.writeHead(404).end();
  const etag = `"${pathname}-${body.length}"`;
  const type = /\.(?:css|html)$/.exec(pathname)?.[0].replace('.', 'text/') ?? 'text/javascript';
  const headers = { etag, 'cache-control': 'no-cache', 'content-type': type, ...fields };
  if (incoming.headers['if-none-match'] === etag)
    return void response.writeHead(304, headers).end();
  response.writeHead(200, headers).end(body);
}

async function hosted(options: ConstructorParameters<typeof LocalApp>[2] = {}) {
  const server = await listen(answer);
  cleanups.push(() => server.close());
  const app = new LocalApp(server.port, () => SESSION_ORIGIN, options);
  cleanups.push(() => app.close());
  return { app, port: server.port };
}

type Hosted = Awaited<ReturnType<typeof hosted>>;

/** A tab of the browser `ann`, as far from the host as said. */
async function tabOf(
  { app, port }: Hosted,
  delayMs = FAR_MS,
  { reads = true, undoes = false } = {},
) {
  const { hostLink, mux } = openTunnel(port, 'viewer', app, 'ann', delayMs);
  cleanups.push(() => hostLink.close('LINK_CLOSED'));
  const ask = (target: string, headers: string[] = [], destination = 'script', mode = 'cors') =>
    request(mux, requestHead({ target, destination, mode, headers }));
  const pushed: PushedAnswer[] = [];
  const transferCodings = [...UNDONE_CODINGS];
  const headers = undoes ? ['accept-encoding', 'gzip'] : [];
  const opening = { target: PUSHES_TARGET, destination: 'empty', headers, transferCodings };
  const opened = await request(mux, requestHead(opening));
  const reader = new RecordReader(PUSH_LIMITS.recordBytes);
  void (async () => {
    if (!reads) return;
    for await (const chunk of opened.body)
      pushed.push(...reader.push(chunk).map((record) => decodeMessage(PushedAnswer, record)));
  })().catch(() => undefined);
  const get = async (...asked: Parameters<typeof ask>): Promise<[number, string]> => {
    const { body, head } = await ask(...asked);
    return [head.status, await textOf(body)];
  };
  const knowsRoundTrip = (): boolean => hostLink.pace.roundTripMs !== null;
  await until(() => delayMs === 0 || knowsRoundTrip(), 'the round trip');
  return { status: opened.head.status, pushed, get, knowsRoundTrip };
}

function paths(): (string | undefined)[] {
  return heard.map(({ url }) => url);
}

const targets = (pushed: readonly PushedAnswer[]): string[] =>
  pushed.map(({ target }) => target).sort();

describe('a push stream', () => {
  test('brings what a module imports, and what that imports, with the fields of the page’s own requests', async () => {
    files['/a.js'] =
      "import './b.js?x=1'; import('./lazy.js'); import 'bare'; import 'https://other.example/x.js';";
    files['/b.js'] = "export * from '/c.js'; import './a.js'; import '/__wingman/ports';";
    files['/c.js'] = 'export {}';
    const { get, pushed } = await tabOf(await hosted());
    const asked = ['referer', `${SESSION_ORIGIN}/`, 'user-agent', 'browser', 'cookie', 'a=1'];
    await get('/a.js', [...asked, 'accept', '*/*']);
    await until(() => pushed.length === 2, 'two pushes');
    expect(targets(pushed)).toEqual(['/b.js?x=1', '/c.js']);
    expect(pushed[0]?.head?.status).toBe(200);
    expect(Buffer.from(pushed[1]?.body ?? []).toString()).toBe('export {}');
    expect(paths()).toEqual(['/a.js', '/b.js?x=1', '/c.js']);
    const own = `http://localhost:${heard[1]?.socket.localPort}`;
    expect(heard[1]?.headers).toMatchObject({
      ...{ referer: `${own}/a.js`, 'user-agent': 'browser', cookie: 'a=1', accept: '*/*' },
      ...{ 'sec-fetch-dest': 'script', 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' },
    });
  });

  test('brings the imports of style sheets, and none that stand behind a rule', async () => {
    files['/a.css'] =
      '@charset "utf-8"; /* b */ @import url("b.css") screen; @import \'/c.css\'; p{} @import "d.css";';
    files['/b.css'] = files['/c.css'] = 'p {}';
    const { get, pushed } = await tabOf(await hosted());
    await get('/a.css', [], 'style', 'no-cors');
    await until(() => pushed.length === 2, 'two pushes');
    expect(targets(pushed)).toEqual(['/b.css', '/c.css']);
  });

  test('brings the scripts and style sheets of a document, as its page would ask for them', async () => {
    files['/a/p.html'] =
      `<!doctype html><script type="importmap">{}</script><link rel="stylesheet" href="s.css">
      <link rel="alternate stylesheet" href="alt.css"><link rel="icon" href="i.css"><script src=c.js></script>
      <script src="/old.js" nomodule></script><script type="text/template" src="/t.js"></script>
      <template><script src="/in.js"></script></template><noscript><link rel=stylesheet href=/no.css></noscript>
      <script type=module crossorigin src="/m.js?a&amp;b"></script><script src="https://other.example/o.js"></script>
      <base href="/else/"><script src="after.js"></script>`;
    files['/a/s.css'] = '@import "/t.css"; p {}';
    files['/t.css'] = 'p {}';
    files['/a/c.js'] = 'var c = 1';
    files['/m.js'] = 'export {}';
    const { get, pushed } = await tabOf(await hosted());
    const fields = ['accept', 'text/html', 'user-agent', 'browser', 'cache-control', 'max-age=0'];
    await get('/a/p.html', fields, 'iframe', 'navigate');
    await until(() => pushed.length === 4, 'four pushes');
    expect(targets(pushed)).toEqual(['/a/c.js', '/a/s.css', '/m.js?a&b', '/t.css']);
    expect(heard.map(({ url }) => url).sort()).toEqual([
      '/a/c.js',
      '/a/p.html',
      '/a/s.css',
      '/m.js?a&b',
      '/t.css',
    ]);
    const sheet = heard.find(({ url }) => url === '/a/s.css');
    const own = `http://localhost:${sheet?.socket.localPort}`;
    expect(sheet?.headers).toMatchObject({
      ...{ accept: 'text/css,*/*;q=0.1', 'user-agent': 'browser', referer: `${own}/a/p.html` },
      ...{
        'sec-fetch-dest': 'style',
        'sec-fetch-mode': 'no-cors',
        'sec-fetch-site': 'same-origin',
      },
    });
    expect(sheet?.headers['cache-control']).toBeUndefined();
    expect(heard.find(({ url }) => url === '/m.js?a&b')?.headers['sec-fetch-mode']).toBe('cors');
    expect(await get('/a/c.js', [], 'script', 'no-cors')).toEqual([200, 'var c = 1']);
    expect(heard).toHaveLength(5);
  });

  test.each([
    ['is loaded past the caches', ['cache-control', 'no-cache'], {}],
    ['has a policy for what its requests name', [], { 'referrer-policy': 'no-referrer' }],
    ['says so in its own text', [], {}, '<meta name=referrer content=no-referrer>'],
  ])('brings nothing of a document that %s', async (_, asked, more, text = '') => {
    files['/p.html'] = `${text}<script src="/c.js"></script>`;
    files['/c.js'] = 'export {}';
    fields = more;
    const { get, pushed } = await tabOf(await hosted());
    await get('/p.html', asked, 'iframe', 'navigate');
    await get('/c.js', [], 'script', 'no-cors');
    expect(pushed).toEqual([]);
    expect(paths()).toEqual(['/p.html', '/c.js']);
  });

  test('what is pushed, or about to be, is not asked of the app again', async () => {
    files['/a.js'] = "import './b.js'; import './c.js'";
    files['/b.js'] = 'export {}';
    files['/c.js'] = 'x'.repeat(PUSH_LIMITS.bodyBytes + 1);
    const { get, pushed } = await tabOf(await hosted());
    await get('/a.js');
    expect(await get('/b.js')).toEqual([200, 'export {}']);
    await until(() => paths().includes('/c.js'), 'the large one');
    expect((await get('/c.js'))[1]).toHaveLength(PUSH_LIMITS.bodyBytes + 1);
    expect(paths().sort()).toEqual(['/a.js', '/b.js', '/c.js']);
    expect(targets(pushed)).not.toContain('/c.js');
  });

  test('a second visit is told what still holds, without bodies; what has changed comes whole', async () => {
    files['/a.js'] = "import './b.js'; import './c.js'";
    files['/b.js'] = "import './d.js'";
    files['/c.js'] = files['/d.js'] = 'export {}';
    const host = await hosted();
    const first = await tabOf(host);
    await first.get('/a.js');
    await until(() => first.pushed.length === 3, 'three pushes');
    files['/c.js'] = 'export default 1';
    const second = await tabOf(host);
    expect((await second.get('/a.js', ['if-none-match', '"/a.js-32"']))[0]).toBe(304);
    await until(() => second.pushed.length === 3, 'three pushes');
    const told = second.pushed.map(({ target, head, etag, body }) => [
      ...[target, head?.status, etag, body.byteLength],
    ]);
    expect(told.sort()).toEqual([
      ['/b.js', 304, '"/b.js-15"', 0],
      ['/c.js', 200, '', 16],
      ['/d.js', 304, '"/d.js-9"', 0],
    ]);
  });

  test('a second visit is not sent what the browser may have: its document has more than the host knows of', async () => {
    files['/p.html'] = '<script type=module src=/a.js></script>';
    files['/a.js'] = 'export {}';
    const host = await hosted();
    const first = await tabOf(host);
    await first.get('/p.html', [], 'iframe', 'navigate');
    await until(() => first.pushed.length === 1, 'a push');
    files['/p.html'] += '<script type=module src=/new.js></script>';
    files['/new.js'] = 'export {}';
    const second = await tabOf(host);
    await second.get('/p.html', [], 'iframe', 'navigate');
    await until(() => second.pushed.length === 1, 'a push');
    await second.get('/new.js');
    expect(second.pushed.map(({ target, head }) => [target, head?.status])).toEqual([
      ['/a.js', 304],
    ]);
    await second.get('/p.html', [], 'iframe', 'navigate');
    await until(() => second.pushed.length === 3, 'pushes for the next document');
  });

  test('what a browser may use unasked is not pushed again, but what it imports is', async () => {
    files['/a.js'] = "import './deps.js'";
    files['/deps.js'] = "import './b.js'";
    files['/b.js'] = 'export {}';
    const host = await hosted();
    fields = { 'cache-control': 'max-age=600' };
    const first = await tabOf(host);
    await first.get('/a.js');
    await until(() => first.pushed.length === 2, 'two pushes');
    heard = [];
    const second = await tabOf(host);
    expect((await second.get('/a.js', ['if-none-match', '"/a.js-18"']))[0]).toBe(304);
    expect((await second.get('/b.js', ['if-none-match', '"/b.js-9"']))[0]).toBe(304);
    expect(second.pushed).toEqual([]);
    expect(paths()).toEqual(['/a.js', '/b.js']);
  });

  test('a browser that the host does not know yet is not sent what it may have', async () => {
    files['/a.js'] = "import './b.js'";
    files['/b.js'] = 'export {}';
    const { get, pushed } = await tabOf(await hosted());
    expect((await get('/a.js', ['if-none-match', '"older"']))[0]).toBe(200);
    expect((await get('/b.js', ['if-none-match', '"/b.js-9"']))[0]).toBe(304);
    expect(pushed).toEqual([]);
  });

  test.each<[string, Record<string, string>]>([
    ['sets a cookie', { 'set-cookie': 'a=1' }],
    ['varies by what the page alone knows', { vary: 'Origin, X-Own' }],
    ['varies by cookies', { vary: 'Cookie' }],
  ])('an answer that %s waits for the page’s own request', async (_, more) => {
    files['/a.js'] = "import './b.js'";
    files['/b.js'] = "import './c.js'";
    files['/c.js'] = 'export {}';
    const { get, pushed } = await tabOf(await hosted());
    await get('/a.js');
    await until(() => pushed.length === 2, 'two pushes');
    fields = more;
    files['/e.js'] = "import './f.js'";
    files['/f.js'] = 'export {}';
    await get('/e.js');
    await until(() => paths().includes('/f.js'), 'the import');
    expect((await get('/f.js'))[0]).toBe(200);
    expect(targets(pushed)).toEqual(['/b.js', '/c.js']);
  });

  test('another document is not answered with what was pushed for the one before', async () => {
    files['/a.js'] = "import './b.js'";
    files['/b.js'] = 'export {}';
    files['/'] = '<p>page</p>';
    const { get, pushed } = await tabOf(await hosted());
    await get('/a.js');
    await until(() => pushed.length === 1, 'a push');
    files['/b.js'] = 'export default 2';
    await get('/', [], 'iframe', 'navigate');
    expect(await get('/b.js')).toEqual([200, 'export default 2']);
  });

  test('a browser with a service worker of the app is sent nothing: that worker may have it', async () => {
    files['/sw.js'] = 'self.onfetch = () => {}';
    files['/a.js'] = "import './b.js'";
    files['/b.js'] = 'export {}';
    const host = await hosted();
    const first = await tabOf(host);
    await first.get('/sw.js', [], 'serviceworker', 'same-origin');
    const second = await tabOf(host);
    await second.get('/a.js');
    await second.get('/b.js');
    expect([first.pushed, second.pushed]).toEqual([[], []]);
    expect(paths()).toEqual(['/sw.js', '/a.js', '/b.js']);
  });

  test('a request with cookies of another moment goes to the app', async () => {
    files['/a.js'] = "import './b.js'";
    files['/b.js'] = 'export {}';
    const { get, pushed } = await tabOf(await hosted());
    await get('/a.js');
    await until(() => pushed.length === 1, 'a push');
    await get('/b.js', ['cookie', 'b=2']);
    expect(heard.map(({ headers }) => headers.cookie)).toEqual([undefined, undefined, 'b=2']);
  });

  test.each([
    ['is compressed for a viewer that undoes it', true, TransferCoding.GZIP],
    ['travels as it is to a viewer of an older version', false, TransferCoding.UNSPECIFIED],
  ])('a large script %s, a small one as it is', async (_, undoes, coding) => {
    files['/a.js'] = "import './large.js'; import './small.js'";
    files['/small.js'] = 'export {}';
    const large = (files['/large.js'] = `export {};${' let a;'.repeat(8_000)}`);
    const { get, pushed } = await tabOf(await hosted(), FAR_MS, { undoes });
    await get('/a.js');
    await until(() => pushed.length === 2, 'two pushes');
    const of = (path: string) => pushed.find(({ target }) => target === path);
    expect(of('/small.js')?.head?.transferCoding).toBe(TransferCoding.UNSPECIFIED);
    expect(of('/large.js')?.head?.transferCoding).toBe(coding);
    const body = of('/large.js')?.body ?? new Uint8Array();
    expect((undoes ? gunzipSync(body) : Buffer.from(body)).toString()).toBe(large);
    expect(await get('/large.js')).toEqual([200, large]);
    expect(paths().filter((path) => path === '/large.js')).toHaveLength(1);
  });

  test('a viewer nearby is sent what its first document names, and no more', async () => {
    files['/p.html'] = '<script type=module src=/a.js></script>';
    files['/a.js'] = "import './b.js'";
    files['/b.js'] = 'export {}';
    const { get, pushed, knowsRoundTrip } = await tabOf(await hosted(), 0);
    await until(knowsRoundTrip, 'the round trip');
    await get('/p.html', [], 'iframe', 'navigate');
    await until(() => pushed.length === 1, 'a push');
    expect(targets(pushed)).toEqual(['/a.js']);
    heard = [];
    await get('/p.html', [], 'iframe', 'navigate');
    await get('/a.js');
    await get('/b.js');
    expect(paths()).toEqual(['/p.html', '/a.js', '/b.js']);
    expect(pushed).toHaveLength(1);
  });

  test('a viewer nearby is sent nothing else: its page asks as soon as the host could', async () => {
    files['/a.js'] = "import './b.js'";
    files['/b.js'] = 'export {}';
    const { get, pushed, knowsRoundTrip } = await tabOf(await hosted(), 0);
    await until(knowsRoundTrip, 'the round trip');
    await get('/a.js');
    await get('/b.js');
    expect(pushed).toEqual([]);
    expect(paths()).toEqual(['/a.js', '/b.js']);
  });

  test('a page that is wide is left to ask for most of it', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `/m${index}.js`);
    for (const name of names) files[name] = 'export {}';
    files['/a.js'] = names.map((name) => `import '.${name}';`).join('\n');
    const { get, pushed } = await tabOf(await hosted());
    await get('/a.js');
    await until(() => pushed.length === HOST_LIMITS.pushesAtOnce, 'as many as go at once');
    await Promise.all(names.map((name) => get(name)));
    expect(paths()).toHaveLength(101);
    expect(new Set(paths()).size).toBe(101);
    files['/b.js'] = "import './late.js'";
    files['/late.js'] = 'export {}';
    files['/p.html'] = '<p>page</p>';
    await get('/b.js');
    await get('/late.js');
    expect(targets(pushed)).not.toContain('/late.js');
    await get('/p.html', [], 'iframe', 'navigate');
    await get('/b.js');
    await until(() => targets(pushed).includes('/late.js'), 'a push for the next document');
  });

  test('holds no host up that stops', async () => {
    files['/a.js'] = 'export {}';
    const host = await hosted();
    const { get } = await tabOf(host);
    await get('/a.js');
    expect(host.app.activeExchanges).toBe(1);
    const from = performance.now();
    await host.app.drain();
    expect(host.app.activeExchanges).toBe(0);
    expect(performance.now() - from).toBeLessThan(HOST_LIMITS.pushIdleMs);
  });

  test('holds no more for a viewer that does not read than a bound', async () => {
    const count = (2 * HOST_LIMITS.pushWaitingBytes) / PUSH_LIMITS.bodyBytes + 64;
    const size = PUSH_LIMITS.bodyBytes - 64;
    for (let index = 0; index < count; index += 1)
      files[`/${index}.js`] = `import './${index + 1}.js';${' '.repeat(size)}`;
    const host = await hosted();
    const { get } = await tabOf(host, FAR_MS, { reads: false });
    await get('/0.js');
    const before = (): boolean => heard.length * size > HOST_LIMITS.pushWaitingBytes;
    await until(before, 'the bound');
    await until(() => host.app.activeExchanges === 1, 'the end of what is asked');
    // What the link and the stream's window hold is with the viewer already.
    expect(heard.length).toBeLessThan(count - 32);
    expect((await get(`/${heard.length}.js`))[0]).toBe(200);
  });

  test('is not there where the developer has turned pushes off', async () => {
    const { status } = await tabOf(await hosted({ pushes: false }), 0);
    expect(status).toBe(404);
  });

  test('a link to a path of the tunnel’s own, or to another site, is never followed', async () => {
    files['/a.js'] =
      "import '/__wingman/pushes'; import '/%5f_wingman/ports'; import '//other.example/'; import '/b.js'";
    files['/b.js'] = 'export {}';
    const { get, pushed } = await tabOf(await hosted());
    await get('/a.js');
    await until(() => pushed.length === 1, 'a push');
    expect(paths()).toEqual(['/a.js', '/b.js']);
  });

  test('code that is no module, and what the app refuses, end nothing', async () => {
    files['/a.js'] = "import './gone.js'; import './b.js'";
    files['/b.js'] = 'this is { no code';
    const { get, pushed } = await tabOf(await hosted());
    await get('/a.js');
    await until(() => pushed.length === 1, 'a push');
    expect((await get('/gone.js'))[0]).toBe(404);
    expect(headerValue(pushed[0]?.head?.headers ?? [], 'etag')).toBe('"/b.js-17"');
  });
});
