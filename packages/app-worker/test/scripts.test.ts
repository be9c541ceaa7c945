import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { APP_WORKER_LIMITS } from '../src/limits.js';
import { appScriptUrl } from '../src/messages.js';
import { Scripts } from '../src/service-worker/scripts.js';
import { newVersion, type Version } from '../src/service-worker/versions.js';
import { cacheStorageClass, type Kept } from './support/fake-caches.js';
import { requestOf } from './support/fake-worker.js';

const ORIGIN = 'https://session.example';
const SCRIPT = `${ORIGIN}/sw.js`;

let kept: Kept;
let asked: string[];
let answers: Map<string, () => Response>;
let scripts: Scripts;
let version: Version;
let shim: string | undefined;

beforeEach(() => {
  kept = new Map();
  asked = [];
  answers = new Map();
  shim = 'shim();';
  version = newVersion(SCRIPT, 'classic');
  scripts = new Scripts({
    ...{ origin: ORIGIN, caches: new (cacheStorageClass(ORIGIN, kept))() },
    ownRequest: (tab, url, { destination, headers }) => {
      asked.push(
        [tab, destination, url, headers['service-worker'], headers['cache-control']].join(' '),
      );
      return Promise.resolve((answers.get(url) ?? (() => new Response('', { status: 404 })))());
    },
    assets: {
      shim: () => Promise.resolve(shim),
      emulation: () => Promise.resolve('emulation();'),
      appWorkersPart: () => Promise.resolve(undefined),
    },
    isolating: { 'cross-origin-embedder-policy': 'require-corp' },
    workerPrefix: (text, tab) => `${tab}:${text}`,
  });
});
afterEach(() => void jest.restoreAllMocks());

const script =
  (body: string, headers: Record<string, string> = {}) =>
  (): Response =>
    new Response(body, { headers: { 'content-type': 'text/javascript', ...headers } });

const redirect = (location: string) => (): Response =>
  new Response(null, { status: 302, headers: { location } });

const ask = (url: string): Promise<Response | undefined> =>
  scripts.serve(new Request(new URL(appScriptUrl(version.id, 'tab', url), ORIGIN)));

describe('the script of a registration', () => {
  test('is asked for as browsers ask for it', async () => {
    answers.set(SCRIPT, script('one'));
    const fetched = await scripts.fetchMain(SCRIPT, `${ORIGIN}/`, 'tab');
    expect(asked).toEqual([`tab serviceworker ${SCRIPT} script no-cache`]);
    expect(await fetched.text()).toBe('one');
  });

  test('is kept with its type, and without what was true at one moment only', async () => {
    answers.set(SCRIPT, script('one', { 'set-cookie': 'a=b', 'x-trace': '1', etag: '"e"' }));
    const fetched = await scripts.fetchMain(SCRIPT, `${ORIGIN}/`, 'tab');
    expect([...fetched.headers.keys()]).toEqual(['content-type']);
  });

  test.each([
    'text/javascript',
    'application/javascript; charset=utf-8',
    'Application/X-JavaScript',
    'text/ecmascript',
  ])('may be of the type %s', async (type) => {
    answers.set(SCRIPT, script('one', { 'content-type': type }));
    expect((await scripts.fetchMain(SCRIPT, `${ORIGIN}/`, 'tab')).ok).toBe(true);
  });

  test.each(['text/plain', 'application/json', 'text/html', ''])(
    'may not be of the type "%s"',
    async (type) => {
      answers.set(SCRIPT, script('one', { 'content-type': type }));
      const outcome = scripts.fetchMain(SCRIPT, `${ORIGIN}/`, 'tab');
      await expect(outcome).rejects.toMatchObject({ name: 'SecurityError' });
    },
  );

  test('may not be larger than the cap', async () => {
    const large = 'x'.repeat(APP_WORKER_LIMITS.scriptBytes + 1);
    answers.set(SCRIPT, script(large));
    await expect(scripts.fetchMain(SCRIPT, `${ORIGIN}/`, 'tab')).rejects.toThrow('too large');
  });

  test.each([
    ['/deep/sw.js', '/deep/', undefined, true],
    ['/deep/sw.js', '/deep/er/', undefined, true],
    ['/deep/sw.js', '/', undefined, false],
    ['/deep/sw.js', '/deeper/', undefined, false],
    ['/deep/sw.js', '/', '/', true],
    ['/deep/sw.js', '/other/', '/other', true],
    ['/deep/sw.js', '/', 'https://other.example/', false],
  ])('at %s may control %s with the header %s: %s', async (path, scope, allowed, isAllowed) => {
    const headers: Record<string, string> =
      allowed === undefined ? {} : { 'service-worker-allowed': allowed };
    answers.set(ORIGIN + path, script('one', headers));
    const outcome = scripts.fetchMain(ORIGIN + path, ORIGIN + scope, 'tab').then(
      () => true,
      (error: Error) => error.name,
    );
    expect(await outcome).toBe(isAllowed ? true : 'SecurityError');
  });
});

describe('a script of a version that runs', () => {
  test('is the one with which the version was installed', async () => {
    await scripts.keepMain(version, script('as installed')());
    answers.set(SCRIPT, script('changed'));
    expect(await (await ask(SCRIPT))?.text()).toBe(`as installed\n//# sourceURL=${SCRIPT}\n`);
    expect(asked).toEqual([]);
  });

  test('that it imports is fetched once, and kept', async () => {
    const url = `${ORIGIN}/part.js`;
    answers.set(url, script('part'));
    for (let count = 0; count < 2; count += 1) {
      expect(await (await ask(url))?.text()).toBe(`part\n//# sourceURL=${url}\n`);
    }
    expect(asked).toEqual([`tab script ${url} script no-cache`]);
  });

  test('that is not there is asked for again the next time', async () => {
    const url = `${ORIGIN}/part.js`;
    expect((await ask(url))?.status).toBe(404);
    answers.set(url, script('there now'));
    expect(await (await ask(url))?.text()).toContain('there now');
  });

  test('of another version is another one', async () => {
    await scripts.keepMain(version, script('one')());
    version = newVersion(SCRIPT, 'classic');
    answers.set(SCRIPT, script('two'));
    expect(await (await ask(SCRIPT))?.text()).toContain('two');
  });

  test('goes with its version', async () => {
    await scripts.keepMain(version, script('one')());
    await scripts.drop(version);
    expect(kept.size).toBe(0);
  });

  test('behind redirects is followed', async () => {
    answers.set(`${ORIGIN}/a.js`, redirect('b.js'));
    answers.set(`${ORIGIN}/b.js`, redirect('/c.js'));
    answers.set(`${ORIGIN}/c.js`, script('at last'));
    expect(await (await ask(`${ORIGIN}/a.js`))?.text()).toContain('at last');
  });

  test('behind redirects without end is a network error', async () => {
    answers.set(`${ORIGIN}/a.js`, redirect('/a.js'));
    expect((await ask(`${ORIGIN}/a.js`))?.type).toBe('error');
    expect(asked).toHaveLength(21);
  });

  test.each([
    ['of another origin', 'https://cdn.example/lib.js'],
    ['behind a redirect to another origin', `${ORIGIN}/lib.js`],
  ])('%s comes from there, and not from the app', async (_, url) => {
    answers.set(`${ORIGIN}/lib.js`, redirect('https://cdn.example/lib.js'));
    const fetched = jest.spyOn(globalThis, 'fetch').mockResolvedValue(new Response('lib'));
    expect(await (await ask(url))?.text()).toContain('lib');
    expect(fetched).toHaveBeenCalledWith('https://cdn.example/lib.js', { mode: 'no-cors' });
    expect(asked.some((line) => line.includes('cdn'))).toBe(false);
  });

  test.each(['/__wingman/other', '/__wingman/app-script', '/__wingman/app-script?version=1&tab=2'])(
    '%s is none',
    async (path) => {
      expect(await scripts.serve(new Request(ORIGIN + path))).toBeUndefined();
    },
  );
});

describe('a version and what the server has now', () => {
  const isSame = async (fresh: string): Promise<boolean> =>
    scripts.isSame(version, script(fresh)(), 'tab');

  test.each([
    ['one', 'one', true],
    ['one', 'two', false],
    ['one', 'one ', false],
    ['', '', true],
  ])('%j and %j are the same: %s', async (before, now, same) => {
    await scripts.keepMain(version, script(before)());
    expect(await isSame(now)).toBe(same);
  });

  test('are different when nothing was kept', async () => {
    expect(await isSame('one')).toBe(false);
  });

  test('leave what is compared to be kept', async () => {
    await scripts.keepMain(version, script('one')());
    const fresh = script('two')();
    await scripts.isSame(version, fresh, 'tab');
    expect(await fresh.text()).toBe('two');
  });

  test('are compared without scripts of other origins, which nobody can read', async () => {
    jest.spyOn(globalThis, 'fetch').mockResolvedValue(new Response('lib'));
    await scripts.keepMain(version, script('one')());
    await ask('https://cdn.example/lib.js');
    jest.spyOn(globalThis, 'fetch').mockResolvedValue(new Response('changed'));
    expect(await isSame('one')).toBe(true);
  });
});

describe('a worker that a shell starts', () => {
  const start = (
    url = SCRIPT,
    mode: RequestMode = 'same-origin',
    destination = 'worker',
  ): Request => requestOf(url, { mode, destination });

  test('is told by the address that is expected, for as long as it is', () => {
    expect(scripts.expectedFor(start())).toBeUndefined();
    scripts.expect(SCRIPT, 'tab');
    expect(scripts.expectedFor(start())).toBe('tab');
    scripts.expectNoMore(SCRIPT);
    expect(scripts.expectedFor(start())).toBeUndefined();
  });

  test.each([
    ['another address', start(`${ORIGIN}/other.js`)],
    ['what a page fetches', start(SCRIPT, 'cors', '')],
    ['what a worker imports', start(SCRIPT, 'no-cors')],
  ])('is not taken for %s', (_, request) => {
    scripts.expect(SCRIPT, 'tab');
    expect(scripts.expectedFor(request)).toBeUndefined();
  });

  test('gets the shim of its tab, and the emulation', async () => {
    const response = await scripts.emulation('tab', false);
    expect(await response.text()).toBe('tab:shim();emulation();');
    expect([...response.headers]).toEqual([['content-type', 'text/javascript; charset=utf-8']]);
  });

  test('in an isolated tab gets what such a tab may load', async () => {
    const { headers } = await scripts.emulation('tab', true);
    expect(headers.get('cross-origin-embedder-policy')).toBe('require-corp');
  });

  test('gets a network error when our own scripts can’t be had', async () => {
    shim = undefined;
    expect((await scripts.emulation('tab', false)).type).toBe('error');
  });
});
