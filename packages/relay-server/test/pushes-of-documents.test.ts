import { describe, expect, test } from '@jest/globals';
import { fields, files, heard, hosted, paths, tabOf, targets } from './support/pushed-tab.js';
import { until } from './support/until.js';

describe('of a document', () => {
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
    Object.assign(fields, more);
    const { get, pushed } = await tabOf(await hosted());
    await get('/p.html', asked, 'iframe', 'navigate');
    await get('/c.js', [], 'script', 'no-cors');
    expect(pushed).toEqual([]);
    expect(paths()).toEqual(['/p.html', '/c.js']);
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

  test('a viewer nearby is sent what its first page needs until that asks, and no more', async () => {
    files['/p.html'] = '<script type=module src=/a.js></script>';
    files['/a.js'] = "import './b.js'";
    files['/b.js'] = files['/d.js'] = files['/e.js'] = 'export {}';
    files['/c.js'] = "import './d.js'";
    const { get, pushed, untilNear } = await tabOf(await hosted(), 0);
    await untilNear();
    await get('/p.html', [], 'iframe', 'navigate');
    await until(() => pushed.length === 2, 'two pushes');
    expect(targets(pushed)).toEqual(['/a.js', '/b.js']);
    await get('/c.js');
    await get('/e.js');
    expect(paths()).toEqual(['/p.html', '/a.js', '/b.js', '/c.js', '/e.js']);
    await get('/p.html', [], 'iframe', 'navigate');
    heard.length = 0;
    for (const path of ['/a.js', '/b.js']) await get(path);
    expect(paths()).toEqual(['/a.js', '/b.js']);
    expect(pushed).toHaveLength(2);
  });
});

describe('on a second visit', () => {
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

  test('what a browser may use unasked is not pushed again, but what it imports is', async () => {
    files['/a.js'] = "import './deps.js'";
    files['/deps.js'] = "import './b.js'";
    files['/b.js'] = 'export {}';
    const host = await hosted();
    Object.assign(fields, { 'cache-control': 'max-age=600' });
    const first = await tabOf(host);
    await first.get('/a.js');
    await until(() => first.pushed.length === 2, 'two pushes');
    heard.length = 0;
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
});
