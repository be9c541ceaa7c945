import { describe, expect, test } from '@jest/globals';
import { headerValue, PUSH_LIMITS, TransferCoding } from '@wingman/protocol';
import { gunzipSync } from 'node:zlib';
import { HOST_LIMITS } from '../src/limits.js';
import {
  FAR_MS,
  fields,
  files,
  heard,
  hosted,
  paths,
  tabOf,
  targets,
} from './support/pushed-tab.js';
import { SESSION_ORIGIN } from './support/tunnel.js';
import { until } from './support/until.js';

describe('a push stream', () => {
  test('is counted, and what the viewer has dropped of it, no more than there was', async () => {
    files['/a.js'] = "import './b.js'; import './c.js'; import './d.js'";
    for (const path of ['/b.js', '/c.js', '/d.js']) files[path] = 'export {}';
    const host = await hosted();
    const tab = await tabOf(host);
    await tab.get('/a.js');
    await until(() => tab.pushed.length === 3, 'three pushes');
    const { pushes } = host.app.commons;
    expect(pushes).toEqual({ sent: 3, unclaimed: 0 });
    expect(await tab.drop('2')).toBe(200);
    expect(pushes).toEqual({ sent: 3, unclaimed: 2 });
    for (const told of ['-1', '1e3', '', '0x2', 'two']) expect(await tab.drop(told)).toBe(200);
    expect(pushes).toEqual({ sent: 3, unclaimed: 2 });
    await tab.drop('999');
    expect(pushes).toEqual({ sent: 3, unclaimed: 3 });
  });

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
    Object.assign(fields, more);
    files['/e.js'] = "import './f.js'";
    files['/f.js'] = 'export {}';
    await get('/e.js');
    await until(() => paths().includes('/f.js'), 'the import');
    expect((await get('/f.js'))[0]).toBe(200);
    expect(targets(pushed)).toEqual(['/b.js', '/c.js']);
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
