import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { SHELL_API, type ShellApi } from '../../src/shared/shell-api.js';
import { TAB_NAME } from '../../src/shared/service-worker-messages.js';
import { FakeChannel } from '../support/fake-channel.js';
import { fakeShellApi } from '../support/fake-shell-api.js';
import {
  dispatchAt,
  FakeElement,
  FakeMutationObserver,
  FakeWindow,
} from '../support/fake-window.js';
import { nativeWebSocketClass } from '../support/native-web-socket.js';

const HERE = 'https://s.example/page';

/** What both windows and workers have; each realm has classes of its own. */
function realmParts() {
  const { EventTarget, Event, CloseEvent, Blob, DOMException, Request, Headers } = globalThis;
  return {
    ...{ EventTarget, Event, CloseEvent, Blob, DOMException, Request, Headers },
    MessageEvent: class extends MessageEvent<unknown> {
      override get source(): null {
        return null;
      }
    },
    URL: class extends URL {},
    Worker: class {},
    WebSocket: nativeWebSocketClass(),
    fetch: () => new Promise(() => undefined),
    location: new URL(HERE),
  };
}

type Parts = ReturnType<typeof realmParts>;

let removed = 0;

/** The shim's script element. */
function scriptWith(dataset: Record<string, string>): {
  dataset: Record<string, string>;
  remove(): void;
} {
  return { dataset, remove: () => void (removed += 1) };
}

class OwnDocument extends EventTarget {
  readonly location = new URL(HERE);
  readonly baseURI = HERE;
  readonly head = {};
  currentScript: { dataset: Record<string, string>; remove(): void } | null = scriptWith({});
  referrer = '';
  title = 'Title';

  get cookie(): string {
    return '';
  }

  querySelectorAll(): object[] {
    return [];
  }
}

/** Elements that hold no window yet. */
function emptyFrameClass(): object {
  return class {
    get contentWindow(): null {
      return null;
    }

    get contentDocument(): null {
      return null;
    }
  };
}

interface Frame {
  window: FakeWindow & Parts & Record<string, unknown>;
  document: OwnDocument;
  stopped: () => number;
}

/** A window in a frame of `top`; its parent is the top unless another is given. */
function frameIn(top: unknown, parent: unknown = top): Frame {
  // A class of its own: what is hooked there is hooked once.
  class FrameDocument extends OwnDocument {
    override get cookie(): string {
      return 'a=1';
    }
  }
  const document = new FrameDocument();
  let stops = 0;
  const window = Object.assign(new FakeWindow(), realmParts(), {
    ...{ document, top, parent, length: 0, Element: FakeElement },
    ...{ Document: FrameDocument, HTMLIFrameElement: emptyFrameClass() },
    ...{ history: { pushState: () => undefined, replaceState: () => undefined, state: null } },
    performance: { getEntriesByType: () => [] },
    PerformanceResourceTiming: class {
      get nextHopProtocol(): string {
        return '';
      }
    },
    ...{ MutationObserver: FakeMutationObserver, setTimeout, stop: () => (stops += 1) },
  });
  return { window: window as unknown as Frame['window'], document, stopped: () => stops };
}

/** A top-level window with a shell, which the tab's members are found on. */
function shellWindow(more: Partial<ShellApi> = {}) {
  const { shell, calls } = fakeShellApi(more);
  const nothing = (): void => undefined;
  const members = { close: nothing, moveBy: nothing, moveTo: nothing };
  const top = { ...members, resizeBy: nothing, resizeTo: nothing, name: 'tab', opener: null };
  const window = { ...top, parent: null as unknown, [SHELL_API]: shell };
  window.parent = window;
  return { top: window, calls };
}

/** The service worker has been told this. */
const told: { kind?: string }[] = [];
const changed = new Map<string, PropertyDescriptor | undefined>();

function define(globals: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(globals)) {
    const before = Object.getOwnPropertyDescriptor(globalThis, name);
    if (!changed.has(name)) changed.set(name, before);
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
}

function ownNavigator(): object {
  const controller = { postMessage: (message: { kind?: string }) => void told.push(message) };
  const serviceWorker = {
    ...{ controller, startMessages: () => undefined, addEventListener: () => undefined },
  };
  const locks = { request: () => new Promise(() => undefined) };
  return Object.create({ serviceWorker, locks, userAgent: 'agent', languages: [] }) as object;
}

/** Runs the shim as the first script of a document. */
async function runIn({ window, document }: Frame, more: Record<string, unknown> = {}) {
  const navigator = ownNavigator();
  Object.assign(window, { navigator });
  define({ window, document, navigator, location: window.location, ...more });
  await import('../../src/shim/main.js');
}

const announced = () => told.filter(({ kind }) => kind === 'document' || kind === 'worker');

beforeEach(() => {
  told.length = 0;
  jest.resetModules();
  const wingman = (): void => undefined;
  define({ MutationObserver: FakeMutationObserver, BroadcastChannel: FakeChannel });
  define({ crossOriginIsolated: false, wingman });
});

afterEach(() => {
  for (const [name, descriptor] of changed) {
    if (descriptor === undefined) Reflect.deleteProperty(globalThis, name);
    else Object.defineProperty(globalThis, name, descriptor);
  }
  changed.clear();
});

describe('the shim in the app’s main document', () => {
  test('tells the service worker and the shell of it, and makes it the top-level page', async () => {
    const { top, calls } = shellWindow();
    const frame = frameIn(top);
    await runIn(frame);
    expect(announced()).toEqual([{ kind: 'document', tab: 'tab-1', isInner: false }]);
    const reports = calls.filter(([name]) => name === 'report');
    expect(reports).toMatchObject([['report', { url: HERE, title: 'Title' }]]);
    expect(calls).toContainEqual(['cookiesChanged', { text: 'a=1', path: '/page' }]);
    expect([frame.window['parent'] === frame.window, frame.window['name']]).toEqual([true, 'tab']);
  });

  test('puts its sockets and workers into the tunnel, and numbers its requests', async () => {
    const { top, calls } = shellWindow();
    const frame = frameIn(top);
    const { fetch: nativeFetch } = frame.window;
    await runIn(frame);
    expect(frame.window.fetch).not.toBe(nativeFetch);
    new frame.window.WebSocket('/chat');
    expect(calls.at(-1)).toMatchObject(['openWebSocket', { target: '/chat' }, {}]);
    (calls.at(-1)?.[2] as MessagePort).close();
    Reflect.construct(frame.window.Worker, ['worker.js', { type: 'module' }]);
    const worker = { kind: 'worker', url: 'https://s.example/worker.js', isModule: true };
    expect(announced()).toContainEqual(worker);
  });

  test('gives it what a browser has kept for it', async () => {
    const past = { referrer: 'https://from.example/', state: null, scroll: null };
    const asked: string[] = [];
    const { top } = shellWindow({ pastOf: (url) => (asked.push(url), past) });
    const frame = frameIn(top);
    await runIn(frame);
    expect([frame.document.referrer, asked]).toEqual(['https://from.example/', [HERE]]);
  });

  test('does for it what browsers do for a top-level page only', async () => {
    const { top, calls } = shellWindow();
    const frame = frameIn(top);
    const done: string[] = [];
    const field = { focus: () => void done.push('focused') };
    const querySelector = (selector: string) => (selector === ':target' ? null : field);
    Object.assign(frame.document, { querySelector, activeElement: null });
    Object.assign(frame.window, { print: () => void done.push('printed') });
    Object.assign(frame.window, { navigation: new EventTarget() });
    await runIn(frame);
    frame.document.dispatchEvent(new Event('DOMContentLoaded'));
    frame.window.dispatchEvent(Object.assign(new Event('keydown'), { key: 'p', ctrlKey: true }));
    expect(done).toEqual(['focused', 'printed']);
    const link = new FakeElement('a', { href: 'https://other.example/' });
    dispatchAt(frame.window, link, new Event('click'));
    expect(link.target).toBe('_top');
    const saved = { destination: { url: 'https://s.example/f' }, downloadRequest: 'f' };
    const event = Object.assign(new Event('navigate', { cancelable: true }), saved);
    (frame.window['navigation'] as EventTarget).dispatchEvent(event);
    expect(calls.at(-1)).toEqual(['download', 'https://s.example/f', 'f']);
  });

  test('stops a page that asks for isolation when its tab has to be loaded again for it', async () => {
    const asked: boolean[] = [];
    const { top, calls } = shellWindow({ isolate: (isOn) => asked.push(isOn) > 0 });
    const frame = frameIn(top);
    frame.document.currentScript = scriptWith({ isolated: '' });
    await runIn(frame);
    expect([asked, frame.stopped(), announced(), calls]).toEqual([[true], 1, [], []]);
  });

  test('goes on when the tab is isolated, or isolation would change nothing', async () => {
    for (const crossOriginIsolated of [true, false]) {
      jest.resetModules();
      const { top } = shellWindow();
      const frame = frameIn(top);
      frame.document.currentScript = scriptWith({ isolated: '' });
      await runIn(frame, { crossOriginIsolated });
      expect(frame.stopped()).toBe(0);
    }
    expect(announced()).toHaveLength(2);
  });
});

describe('the shim in other documents', () => {
  test('of the app, within its main one, tunnels and leaves the window what it is', async () => {
    const { top, calls } = shellWindow();
    const main = frameIn(top);
    const inner = frameIn(top, main.window);
    await runIn(inner);
    expect(announced()).toEqual([{ kind: 'document', tab: 'tab-1', isInner: true }]);
    expect(inner.window['parent']).toBe(main.window);
    expect(calls.filter(([name]) => name === 'report')).toEqual([]);
    new inner.window.WebSocket('/chat');
    (calls.at(-1)?.[2] as MessagePort).close();
    expect(calls.at(-1)?.[0]).toBe('openWebSocket');
  });

  test('without a tunnel leaves sockets, workers and service workers to the browser', async () => {
    const { top, calls } = shellWindow({ tunnels: false });
    const frame = frameIn(top);
    const { WebSocket: native, Worker, fetch: nativeFetch } = frame.window;
    await runIn(frame);
    expect(frame.window).toMatchObject({ WebSocket: native, Worker, fetch: nativeFetch });
    expect(calls.map(([name]) => name)).toEqual(['report']);
  });

  test.each<[string, () => Frame]>([
    ['at the top', () => frameIn(null)],
    ['in a page of another site', () => frameIn(foreignTop())],
    ['in a page without a shell', () => frameIn({})],
  ])('%s does nothing', async (_, make) => {
    const frame = make();
    const { WebSocket: native } = frame.window;
    await runIn(frame);
    expect([frame.window.WebSocket, told]).toEqual([native, []]);
  });

  test('leaves no script element of its own behind, and keeps to the port that the host has named', async () => {
    removed = 0;
    const { top } = shellWindow();
    const frame = frameIn(top);
    frame.document.currentScript = scriptWith({ port: '3000' });
    Object.assign(frame.document, { addEventListener: () => undefined });
    Object.assign(frame.window, {
      HTMLFormElement: class {
        submit(): void {}
      },
      open: () => undefined,
    });
    await runIn(frame);
    expect([removed, top[SHELL_API].appPort]).toEqual([1, 3000]);
  });

  test('twice in one window, as a frame’s first document and its next are, wraps nothing twice', async () => {
    const { top } = shellWindow();
    const frame = frameIn(top);
    await runIn(frame);
    const { WebSocket: replaced, fetch: numbering } = frame.window;
    jest.resetModules();
    await runIn(frame);
    expect(frame.window).toMatchObject({ WebSocket: replaced, fetch: numbering });
  });
});

describe('the shim in a worker', () => {
  test('finds its tab, leaves no trace of it, and replaces what makes requests', async () => {
    const self = { ...realmParts(), origin: 'https://s.example', [TAB_NAME]: 'tab-1' };
    const { WebSocket: native, Worker, fetch: nativeFetch } = self;
    define({ self, navigator: ownNavigator() });
    await import('../../src/shim/main.js');
    expect(TAB_NAME in self).toBe(false);
    expect(self.WebSocket).not.toBe(native);
    expect(self.Worker).not.toBe(Worker);
    expect(self.fetch).not.toBe(nativeFetch);
    expect(told).toEqual([]);
  });
});

/** A window of another site, which says nothing of a shell. */
function foreignTop(): object {
  return {
    get [SHELL_API](): never {
      throw new DOMException('Blocked', 'SecurityError');
    },
  };
}
