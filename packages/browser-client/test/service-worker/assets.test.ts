import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Assets } from '../../src/service-worker/assets.js';
import { shellPage } from '../../src/service-worker/assets.js';
import { HeldPosts } from '../../src/service-worker/held-posts.js';
import { Isolation } from '../../src/service-worker/isolation.js';
import { SERVICE_WORKER_LIMITS } from '../../src/shared/limits.js';
import { FakeCaches } from '../support/fake-caches.js';
import { asked, ORIGIN } from '../support/tunnelled-tab.js';

const SHELL = '<!doctype html><html><head><title>x</title></head></html>';
const FILES = ['emulation.js', 'shell', 'shim.js', 'sw-app-workers.js'].map(
  (name) => `/__wingman/${name}`,
);

/** Requests take paths in a service worker, and whole URLs in Node. */
class OwnRequest extends Request {
  constructor(url: string | URL | Request, init?: RequestInit) {
    super(typeof url === 'string' ? new URL(url, ORIGIN) : url, init);
  }
}

/** The server's answer; undefined while it can't be reached. */
let server: ((path: string) => Response) | undefined;
const { Request: realRequest } = globalThis;

beforeEach(() => {
  server = (path) => new Response(path === '/__wingman/shell' ? SHELL : `file ${path}`);
  Object.assign(globalThis, { Request: OwnRequest });
  jest.spyOn(globalThis, 'fetch').mockImplementation((input) => {
    const url = input instanceof Request ? input.url : String(input);
    if (server === undefined) return Promise.reject(new TypeError('no network'));
    return Promise.resolve(server(new URL(url, ORIGIN).pathname));
  });
});

afterEach(() => {
  jest.restoreAllMocks();
  Object.assign(globalThis, { Request: realRequest });
});

function setUp() {
  const caches = new FakeCaches();
  caches.network = (path) => server?.(path);
  return { caches, assets: new Assets('1', caches.asCaches) };
}

describe('the tunnel’s own files', () => {
  test('come from the server, and from the cache when the server can’t be reached', async () => {
    const { assets } = setUp();
    await assets.warm();
    server = (path) => new Response(`new ${path}`);
    const file = new Request('/__wingman/emulation.js');
    expect(await (await assets.asset(file)).text()).toBe('new /__wingman/emulation.js');
    server = undefined;
    expect(await (await assets.asset(file)).text()).toBe('file /__wingman/emulation.js');
    const other = await assets.asset(new Request('/__wingman/other.js'));
    expect(other.type).toBe('error');
  });

  test('come from the server when the disk fails', async () => {
    const { assets, caches } = setUp();
    caches.match = () => Promise.reject(new Error('broken'));
    expect(await assets.shim()).toBe(`file ${FILES[2]}`);
  });

  test('are kept all, but for those that can’t be had', async () => {
    const { assets, caches } = setUp();
    await assets.warm();
    expect(caches.pathsIn('wingman-1').sort()).toEqual(FILES);
    server = (path) => new Response('x', { status: path.endsWith('shell') ? 502 : 200 });
    caches.network = (path) => (path.endsWith('shim.js') ? undefined : new Response('x'));
    await new Assets('2', caches.asCaches).warm();
    expect(caches.pathsIn('wingman-2').sort()).toEqual(
      FILES.filter((path) => !/shell|shim/.test(path)),
    );
  });

  test('of other versions go, and caches of the app and of its worker stay', async () => {
    const { assets, caches } = setUp();
    for (const name of ['wingman-1', 'wingman-0', 'wingman-app-x', 'of the app']) {
      await caches.open(name);
    }
    await assets.dropOld();
    expect(await caches.keys()).toEqual(['wingman-1', 'wingman-app-x', 'of the app']);
  });

  test('that are scripts can be read as text, or are not there', async () => {
    const { assets } = setUp();
    expect(await assets.shim()).toBe('file /__wingman/shim.js');
    expect(await assets.emulation()).toBe('file /__wingman/emulation.js');
    server = () => new Response('sorry', { status: 502 });
    expect(await assets.emulation()).toBeUndefined();
    expect(await setUp().assets.shim()).toBeUndefined();
    server = undefined;
    expect(await setUp().assets.shim()).toBeUndefined();
  });
});

describe('the shim, which each first page waits for', () => {
  const shim = new OwnRequest('/__wingman/shim.js');

  test('is fetched once, ahead of being asked for, and can be read by many', async () => {
    const { assets } = setUp();
    assets.prepare();
    expect(fetch).toHaveBeenCalledTimes(1);
    expect(await (await assets.asset(shim)).text()).toBe('file /__wingman/shim.js');
    expect(await (await assets.asset(shim)).text()).toBe('file /__wingman/shim.js');
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  test('is fetched with a deadline, since all documents share the answer', async () => {
    setUp().assets.prepare();
    expect(fetch).toHaveBeenCalledWith('/__wingman/shim.js', { signal: expect.any(AbortSignal) });
  });

  test('comes from the cache of this version once that has it', async () => {
    const { assets } = setUp();
    await assets.warm();
    server = undefined;
    assets.prepare();
    expect(await (await assets.asset(shim)).text()).toBe('file /__wingman/shim.js');
  });

  test('is asked for again when the server could not be reached, or refused it', async () => {
    const { assets } = setUp();
    const working = server;
    server = undefined;
    assets.prepare();
    expect((await assets.asset(shim)).type).toBe('error');
    server = () => new Response('sorry', { status: 502 });
    expect((await assets.asset(shim)).status).toBe(502);
    server = working;
    expect(await (await assets.asset(shim)).text()).toBe('file /__wingman/shim.js');
  });
});

describe('when the browser’s disk does not answer', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick'] });
  });
  afterEach(() => void jest.useRealTimers());

  function setUpStuck() {
    const { assets, caches } = setUp();
    const never = (): Promise<never> => new Promise(() => undefined);
    Object.assign(caches, { match: never });
    return assets;
  }

  async function inTime<T>(promise: Promise<T>): Promise<T> {
    await jest.advanceTimersByTimeAsync(SERVICE_WORKER_LIMITS.keptAnswerMs);
    return promise;
  }

  test('the shim and the shell come from the server', async () => {
    const assets = setUpStuck();
    expect(await (await inTime(assets.asset(new OwnRequest('/__wingman/shim.js')))).text()).toBe(
      'file /__wingman/shim.js',
    );
    expect(await (await inTime(assets.shell({}))).text()).toBe(SHELL);
  });

  test('a file that neither has is an error', async () => {
    server = undefined;
    const file = new Request('/__wingman/emulation.js');
    expect((await inTime(setUpStuck().asset(file))).type).toBe('error');
  });
});

describe('the part for apps with a service worker', () => {
  test('comes from the cache without a word to the server', async () => {
    const { assets } = setUp();
    await assets.warm();
    server = undefined;
    expect(await assets.appWorkersPart()).toBe('file /__wingman/sw-app-workers.js');
  });

  test('comes from the server when it is not kept yet, with a deadline', async () => {
    expect(await setUp().assets.appWorkersPart()).toBe('file /__wingman/sw-app-workers.js');
    expect(fetch).toHaveBeenCalledWith('/__wingman/sw-app-workers.js', {
      signal: expect.any(AbortSignal),
    });
  });

  test('is not there when the server refuses it or can’t be reached', async () => {
    const { assets } = setUp();
    server = () => new Response('', { status: 502 });
    expect(await assets.appWorkersPart()).toBeUndefined();
    server = undefined;
    expect(await assets.appWorkersPart()).toBeUndefined();
  });
});

describe('the shell page', () => {
  test('is the server’s, with what it is told in its head, as the value of an attribute', async () => {
    const { assets } = setUp();
    const response = await assets.shell({ 'a-mark': '', other: '"<&>"' });
    expect(await response.text()).toBe(
      SHELL.replace(
        '<head>',
        '<head><meta name="a-mark" content=""><meta name="other" content="&quot;<&amp;>&quot;">',
      ),
    );
  });

  test('has header fields where it is told anything', async () => {
    const { assets } = setUp();
    const { headers } = await assets.shell({ mark: '' }, { 'x-own': '1' });
    expect(headers.get('x-own')).toBe('1');
  });

  test('comes from the cache while the host still knows its prekey, and from the server after that', async () => {
    jest.useFakeTimers({
      now: 1_000_000,
      doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick'],
    });
    const { assets } = setUp();
    await assets.warm();
    server = () => new Response('a later one');
    const after = async (ms: number): Promise<string> => {
      jest.setSystemTime(1_000_000 + ms);
      return (await assets.shell({})).text();
    };
    // It says what it is.
    const kept = SHELL.replace('<head>', '<head><meta name="wingman-kept" content="">');
    expect(await after(SERVICE_WORKER_LIMITS.shellFreshMs - 1)).toBe(kept);
    expect(await after(SERVICE_WORKER_LIMITS.shellFreshMs)).toBe('a later one');
    // A clock that was set back says nothing.
    expect(await after(-1)).toBe('a later one');
    jest.useRealTimers();
  });

  test('is kept anew for the next page each time the app has come', async () => {
    const { assets } = setUp();
    await assets.warm();
    server = () => new Response('a later one');
    await assets.warm();
    server = undefined;
    expect(await (await assets.shell({})).text()).toBe('a later one');
  });

  test('is the server’s again once the kept one is forgotten', async () => {
    const { assets } = setUp();
    await assets.warm();
    server = () => new Response('a later one');
    await assets.forgetShell();
    expect(await (await assets.shell({})).text()).toBe('a later one');
  });

  test('comes from the cache without the server, marked all the same', async () => {
    const { assets } = setUp();
    await assets.warm();
    server = undefined;
    expect(await (await assets.shell({})).text()).toContain('<title>x</title>');
    expect(await (await assets.shell({ mark: '' })).text()).toContain('<meta name="mark"');
  });

  test('is an error when it is nowhere', async () => {
    server = undefined;
    expect((await setUp().assets.shell({})).type).toBe('error');
  });

  test('has no URL: it stands for the page that was asked for', async () => {
    expect((await setUp().assets.shell({})).url).toBe('');
  });
});

describe('a navigation of the tab', () => {
  function tools() {
    const { assets, caches } = setUp();
    const isolation = new Isolation('1', caches.asCaches);
    const leave = jest.fn(() => Promise.resolve(true));
    return { assets, isolation, posts: new HeldPosts(), leave };
  }

  const navigate = (init: RequestInit = {}, url = `${ORIGIN}/page`) =>
    asked(
      url,
      { ...init, mode: 'navigate', destination: 'document' },
      {
        resultingClientId: 'shell-1',
      },
    );

  const referred = (referrer: string) => {
    const event = navigate();
    Object.defineProperty(event.request, 'referrer', { value: referrer });
    return event;
  };

  test('gets the shell, with the page that it has come from', async () => {
    const plain = await shellPage(navigate(), tools());
    expect(await plain.text()).toBe(SHELL);
    const linked = await shellPage(referred('https://from.example/?a="b"'), tools());
    expect(await linked.text()).toContain(
      '<meta name="wingman-referrer" content="https://from.example/?a=&quot;b&quot;">',
    );
    const hidden = await shellPage(referred('about:client'), tools());
    expect(await hidden.text()).toBe(SHELL);
  });

  test.each([
    ['SESSION_ENDED', 1],
    ['HOST_OFFLINE', 0],
  ])('that the server answers with %s ends the service worker %p times', async (code, times) => {
    server = () => new Response(code, { status: 410, headers: { 'wingman-error': code } });
    const own = tools();
    expect(await (await shellPage(navigate(), own)).text()).toBe(code);
    expect(own.leave).toHaveBeenCalledTimes(times);
  });

  test('gets it isolated when the app is', async () => {
    const isolated = tools();
    await isolated.isolation.turn(true);
    const response = await shellPage(navigate(), isolated);
    expect(await response.text()).toContain('<meta name="wingman-isolated"');
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': expect.any(String) as unknown,
    });
  });

  test('by a POST gets it marked, and the form is held for its frame', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask'] });
    const held = tools();
    const response = await shellPage(navigate({ method: 'POST', body: 'a=1' }), held);
    expect(await response.text()).toContain('<meta name="wingman-posted"');
    held.posts.announce('shell-1', `${ORIGIN}/page`);
    const post = held.posts.take('shell-1', `${ORIGIN}/page`);
    jest.useRealTimers();
    expect(post).toMatchObject({ request: { method: 'POST' } });
  });

  test('by a POST that is too large to be held is a problem', async () => {
    const event = navigate({ method: 'POST', body: 'a=1' });
    const large = { size: SERVICE_WORKER_LIMITS.heldPostBytes + 1 };
    Object.defineProperty(event.request, 'blob', { value: () => Promise.resolve(large) });
    const response = await shellPage(event, tools());
    expect(response.headers.get('wingman-error')).toBe('LIMIT_EXCEEDED');
  });
});
