import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BROWSER_LIMITS } from '../../src/shared/limits.js';
import {
  ISOLATED_MARK,
  SHELL_API,
  type DocumentReport,
  type ShellApi,
} from '../../src/shared/shell-api.js';
import { NO_LINK, type Preference, type WingmanStatus } from '../../src/shared/status.js';
import { publish, type ShellParts } from '../../src/shell/window-api.js';
import { settle } from '../support/fake-clock.js';
import { closeTabs, openTab, type Tab } from '../support/dom.js';

const SOCKET = { target: '/ws', protocols: [], headers: [], hasCredentials: true };
const ADDRESSES = { appPort: undefined, pageOrigins: new Map<number, string>() };
const PAIR = { local: 'host 192.0.2.1:1 udp', remote: 'host 192.0.2.2:2 udp' };

let tab: Tab;
let calls: unknown[][];

beforeEach(() => {
  tab = openTab('https://s.example/page');
  calls = [];
});

afterEach(closeTabs);

/** Writes down what is called on it, and answers as it is told. */
function recorder<T>(answers: Record<string, unknown>): T {
  return new Proxy(answers, {
    get: (target, name) =>
      name in target && typeof target[String(name)] !== 'function'
        ? target[String(name)]
        : (...args: unknown[]): unknown => {
            calls.push([name, ...args]);
            const answer = target[String(name)];
            return typeof answer === 'function' ? (answer as () => unknown)() : undefined;
          },
  }) as T;
}

/** A shell with all its parts, or without some. */
function shell(more: Partial<ShellParts> = {}): ShellParts {
  return {
    tab: 'tab-1',
    frame: { url: 'https://s.example/app', addresses: ADDRESSES },
    firstPage: { pastOf: (url) => ({ referrer: url, state: null, scroll: null }) },
    tunnel: recorder({ status: () => Promise.resolve({ ...NO_LINK, mode: 'p2p', switches: 2 }) }),
    p2p: recorder({ candidatePair: () => Promise.resolve(PAIR), connectionCount: 1 }),
    lanes: { count: 2 },
    serviceWorker: recorder({
      has: () => Promise.resolve(true),
      expect: () => Promise.resolve(),
    }),
    reported: (report) => void calls.push(['reported', report]),
    ...more,
  };
}

interface Wingman {
  status(): Promise<WingmanStatus>;
  prefer(preference: Preference): void;
}

function published(parts: ShellParts): { api: ShellApi; wingman: Wingman } {
  publish(parts, tab);
  const { wingman, [SHELL_API]: api } = tab as unknown as { wingman: Wingman } & Record<
    symbol,
    ShellApi
  >;
  if (api === undefined) throw new Error('nothing was published');
  return { api, wingman };
}

describe('what the app’s documents find', () => {
  test('is the tab’s name, and whether there is a tunnel now', () => {
    const parts: { tunnel: unknown } & ShellParts = { ...shell(), tunnel: undefined };
    const { api } = published(parts);
    expect([api.tab, api.tunnels]).toEqual(['tab-1', false]);
    Object.assign(parts, { tunnel: recorder({}) });
    expect(api.tunnels).toBe(true);
  });

  test('leads to the tunnel, the shell and the past of the first page', () => {
    const { api } = published(shell());
    const { port1, port2 } = new MessageChannel();
    const report = { url: 'https://s.example/app' } as DocumentReport;
    api.openWebSocket(SOCKET, port1);
    api.cookiesChanged({ text: 'a=1', path: '/' });
    api.report(report);
    expect(calls).toEqual([
      ['openWebSocket', SOCKET, port1],
      ['updateCookies', { text: 'a=1', path: '/' }],
      ['reported', report],
    ]);
    expect(api.pastOf('https://s.example/app')?.referrer).toBe('https://s.example/app');
    port2.close();
  });

  test('does nothing where there is no tunnel', () => {
    const { api } = published(shell({ tunnel: undefined }));
    expect(() => api.cookiesChanged({ text: '', path: '/' })).not.toThrow();
    expect(calls).toEqual([]);
  });
});

describe('window.wingman', () => {
  test('tells the status of tunnel and direct path in one', async () => {
    const { wingman } = published(shell());
    expect(await wingman.status()).toEqual({
      ...{ mode: 'p2p', rttMs: null, link: NO_LINK.link, bytes: NO_LINK.bytes },
      ...{ candidatePair: PAIR, switches: 2, webrtcConnections: 3 },
      ...{ relayConnected: false, directConnected: false },
    });
  });

  test('is offline without a tunnel', async () => {
    const { wingman } = published(shell({ tunnel: undefined, p2p: undefined, lanes: undefined }));
    const { mode, candidatePair, webrtcConnections } = await wingman.status();
    expect([mode, candidatePair, webrtcConnections]).toEqual(['offline', null, 0]);
  });

  test('prefers a path, and tries at once for a direct one unless the relay is wanted', () => {
    const { wingman } = published(shell());
    wingman.prefer('relay');
    expect(calls).toEqual([['prefer', 'relay']]);
    wingman.prefer('p2p');
    wingman.prefer('auto');
    expect(calls.slice(1)).toEqual([
      ...[['prefer', 'p2p'], ['retryNow']],
      ...[['prefer', 'auto'], ['retryNow']],
    ]);
  });
});

describe('a download', () => {
  const frames = (): HTMLIFrameElement[] => [...tab.document.querySelectorAll('iframe')];

  test('is announced to both workers before its hidden frame begins', async () => {
    const { api } = published(shell());
    api.download('https://s.example/file', 'name.txt');
    expect(calls).toEqual([
      ['announceDownload', 'https://s.example/file', 'name.txt'],
      ['expect', 'https://s.example/file'],
    ]);
    expect(frames()).toHaveLength(0);
    await settle();
    const [frame] = frames();
    expect([frame?.src, frame?.hidden]).toEqual(['https://s.example/file', true]);
  });

  test('has a frame of its own, up to so many: the oldest goes', async () => {
    const { api } = published(shell({ tunnel: undefined, serviceWorker: undefined }));
    for (let number = 0; number <= BROWSER_LIMITS.maxDownloads; number += 1) {
      api.download(`about:blank#${number}`, '');
    }
    await settle();
    expect(frames()).toHaveLength(BROWSER_LIMITS.maxDownloads);
    expect(frames()[0]?.src).toBe('about:blank#1');
  });
});

describe('cross-origin isolation', () => {
  let reloads: number;

  beforeEach(() => {
    reloads = 0;
    tab.location.reload = () => void (reloads += 1);
  });

  test('is had by loading the tab anew where the app is', async () => {
    const { api } = published(shell());
    expect(api.isolate(true)).toBe(true);
    await settle();
    expect(calls).toEqual([['has', { kind: 'isolation', isOn: true }]]);
    expect([reloads, tab.location.href]).toEqual([1, 'https://s.example/app']);
  });

  test('is not asked for twice: a browser that did not isolate will not do so the next time', () => {
    tab.document.head.innerHTML = `<meta name="${ISOLATED_MARK}">`;
    const { api } = published(shell());
    expect(api.isolate(true)).toBe(false);
    expect(api.isolate(false)).toBe(true);
  });

  test('can’t be had without a service worker, nor for another site’s document', () => {
    expect(published(shell({ serviceWorker: undefined })).api.isolate(true)).toBe(false);
    expect(
      published(shell({ frame: { url: undefined, addresses: ADDRESSES } })).api.isolate(true),
    ).toBe(false);
  });

  test('leaves the tab as it is when the service worker has not heard', async () => {
    const deaf = recorder<ShellParts['serviceWorker']>({ has: () => Promise.resolve(false) });
    published(shell({ serviceWorker: deaf })).api.isolate(true);
    await settle();
    expect([reloads, tab.location.href]).toEqual([0, 'https://s.example/page']);
  });
});

describe('messages to the opener', () => {
  test('are posted as the tab, with all that the app gives', () => {
    const posted: unknown[][] = [];
    const opener = { postMessage: (...args: unknown[]) => posted.push(args) };
    Object.defineProperty(tab, 'opener', { value: opener, configurable: true });
    published(shell()).api.postToOpener('hello', 'https://other.example', []);
    expect(posted).toEqual([['hello', 'https://other.example', []]]);
  });

  test('go nowhere in a tab that nobody has opened', () => {
    Object.defineProperty(tab, 'opener', { value: null, configurable: true });
    expect(() => published(shell()).api.postToOpener('hello')).not.toThrow();
  });
});
