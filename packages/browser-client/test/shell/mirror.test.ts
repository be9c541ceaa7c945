import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { deferred, type Deferred } from '@wingman/protocol';
import type { DocumentReport } from '../../src/shared/shell-api.js';
import type { AppFrame } from '../../src/shell/app-frame.js';
import { Mirror } from '../../src/shell/mirror.js';
import { closeTabs, openTab, setGlobal, type Tab } from '../support/dom.js';
import { eventually } from '../support/linked-host.js';

const HERE = 'https://s.example/page';
const PNG = 'image/png';

/** What of a Response is read; its body is of the tab's own class. */
type Answer = Pick<Response, 'ok' | 'blob'>;

let tab: Tab;
let mirror: Mirror;
let painted: Deferred<void>;
/** What the app's origin has, by URL, and what was asked for. */
let served: Map<string, () => Promise<Answer>>;
let asked: string[];

beforeEach(() => {
  tab = openTab(HERE);
  tab.document.head.innerHTML = '<meta name="viewport" content="width=device-width">';
  served = new Map();
  asked = [];
  setGlobal('fetch', (url: string) => {
    asked.push(url);
    return served.get(url)?.() ?? Promise.resolve(answer('', 'text/html', false));
  });
  painted = deferred();
  painted.resolve();
  mirror = newMirror();
});

afterEach(closeTabs);

function newMirror(): Mirror {
  return new Mirror(
    tab.document,
    tab,
    { tunnel: undefined, serviceWorker: undefined },
    painted.promise,
  );
}

function report(more: Partial<DocumentReport> = {}): DocumentReport {
  const nothing = { icon: undefined, themeColor: null, viewport: undefined };
  return { url: HERE, title: '', ...nothing, ...more };
}

function answer(body: string, type: string, ok = true): Answer {
  return { ok, blob: () => Promise.resolve(new tab.Blob([body], { type })) };
}

function serve(url: string, body: string, type: string): void {
  served.set(url, () => Promise.resolve(answer(body, type)));
}

const content = (name: string): string | undefined =>
  tab.document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content;
const icon = (): string | undefined =>
  tab.document.querySelector<HTMLLinkElement>('link[rel="icon"]')?.href;

/** Waits for an icon other than the one before. */
async function nextIcon(before: string | undefined): Promise<string | undefined> {
  for (let turn = 0; turn < 200 && icon() === before; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return icon();
}

describe('the address bar', () => {
  test('follows the app, and keeps the state of the tab', () => {
    tab.history.replaceState({ own: 1 }, '');
    mirror.show(report({ url: 'https://s.example/other?q#part' }));
    expect(tab.location.href).toBe('https://s.example/other?q#part');
    expect(tab.history.state).toEqual({ own: 1 });
    expect(tab.history.length).toBe(1);
  });

  test.each(['about:srcdoc', 'blob:https://s.example/x', 'https://other.example/page'])(
    'shows nothing of %s',
    (url) => {
      mirror.show(report({ url }));
      expect(tab.location.href).toBe(HERE);
    },
  );
});

describe('the title', () => {
  test('is the app’s', () => {
    mirror.show(report({ title: 'The app' }));
    expect(tab.document.title).toBe('The app');
    mirror.show(report({ title: '' }));
    expect(tab.document.title).toBe('');
  });
});

describe('the theme colour', () => {
  test('comes, changes and goes with the app’s', () => {
    mirror.show(report({ themeColor: '#123456' }));
    expect(content('theme-color')).toBe('#123456');
    mirror.show(report({ themeColor: 'red' }));
    expect(content('theme-color')).toBe('red');
    expect(tab.document.querySelectorAll('meta[name="theme-color"]')).toHaveLength(1);
    mirror.show(report());
    expect(content('theme-color')).toBeUndefined();
  });
});

describe('the viewport', () => {
  test('is the app’s, and that of a page without one where it says nothing', () => {
    mirror.show(report({ viewport: 'width=500' }));
    expect(content('viewport')).toBe('width=500');
    mirror.show(report({ viewport: null }));
    expect(content('viewport')).toBe('width=980');
  });

  test('stays while the document is still being read', () => {
    mirror.show(report({ viewport: 'width=500' }));
    mirror.show(report({ viewport: undefined }));
    expect(content('viewport')).toBe('width=500');
  });
});

describe('the icon', () => {
  test('is fetched through the tunnel and shown as data', async () => {
    serve('https://s.example/icon.png', 'pixels', PNG);
    mirror.show(report({ icon: 'https://s.example/icon.png' }));
    expect(await nextIcon(undefined)).toBe(`data:image/png;base64,${btoa('pixels')}`);
  });

  test('of another site is the browser’s to fetch', async () => {
    mirror.show(report({ icon: 'https://cdn.example/icon.png' }));
    expect(await nextIcon(undefined)).toBe('https://cdn.example/icon.png');
    expect(asked).toEqual([]);
  });

  test('on another port of the developer’s machine comes through the tunnel', async () => {
    serve('http://localhost:8080/icon.png', 'pixels', PNG);
    mirror.show(report({ icon: 'http://localhost:8080/icon.png' }));
    expect(await nextIcon(undefined)).toBe(`data:image/png;base64,${btoa('pixels')}`);
  });

  test('is the one at the usual place when the document names none', async () => {
    serve('/favicon.ico', 'ico', 'image/x-icon');
    mirror.show(report({ icon: null }));
    expect(await nextIcon(undefined)).toContain('data:image/x-icon');
  });

  test('is fetched once for as long as it stays the same', async () => {
    serve('/a.png', 'a', PNG);
    mirror.show(report({ icon: '/a.png' }));
    await nextIcon(undefined);
    mirror.show(report({ icon: '/a.png', title: 'another' }));
    mirror.show(report({ icon: undefined }));
    expect(asked).toEqual(['/a.png']);
  });

  test.each<[string, () => Promise<Answer>]>([
    ['is not there', () => Promise.resolve(answer('x', PNG, false))],
    ['is a page', () => Promise.resolve(answer('<p>', 'text/html'))],
    ['is too large', () => Promise.resolve(answer('x'.repeat(256 * 1024 + 1), PNG))],
    ['can’t be fetched', () => Promise.reject(new TypeError('failed'))],
  ])('is blank when it %s', async (_, answer) => {
    served.set('/bad', answer);
    mirror.show(report({ icon: '/bad' }));
    expect(await nextIcon(undefined)).toBe('data:,');
  });

  test('of a page that was left meanwhile does not replace the next one’s', async () => {
    let finish: (response: Answer) => void = () => undefined;
    served.set('/slow', () => new Promise((resolve) => (finish = resolve)));
    serve('/fast', 'fast', PNG);
    mirror.show(report({ icon: '/slow' }));
    mirror.show(report({ icon: '/fast' }));
    const fast = await nextIcon(undefined);
    finish(answer('slow', PNG));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(icon()).toBe(fast);
    expect(fast).toBe(`data:image/png;base64,${btoa('fast')}`);
  });
});

describe('a document that does not report', () => {
  const frame = (more: Partial<AppFrame> = {}): AppFrame =>
    ({
      document: { title: 'photo.png' } as Document,
      url: 'https://s.example/photo.png',
      showsProblem: false,
      ...more,
    }) as AppFrame;

  test('is shown by what can be seen from outside', () => {
    mirror.showLoaded(frame());
    expect(tab.location.href).toBe('https://s.example/photo.png');
    expect(tab.document.title).toBe('photo.png');
  });

  test.each<[string, Partial<AppFrame>]>([
    ['is another site’s', { document: undefined }],
    ['is blank', { url: undefined }],
    ['is a page of ours about a problem', { showsProblem: true }],
  ])('changes nothing when it %s', (_, more) => {
    mirror.showLoaded(frame(more));
    expect(tab.location.href).toBe(HERE);
    expect(tab.document.title).toBe('');
  });
});

describe('the icon of a tab with a tunnel', () => {
  const icon = (): string | undefined =>
    tab.document.querySelector<HTMLLinkElement>('link[rel="icon"]')?.href;

  async function shown(controls: boolean): Promise<void> {
    served.set('/icon.png', () => Promise.resolve(answer('png', PNG)));
    const serviceWorker = { controls: () => Promise.resolve(controls) };
    const shell = { tunnel: {}, serviceWorker } as unknown as ConstructorParameters<
      typeof Mirror
    >[2];
    new Mirror(tab.document, tab, shell, painted.promise).show(report({ icon: '/icon.png' }));
    await eventually(() => icon() !== undefined);
  }

  test('is asked for through the service worker', async () => {
    await shown(true);
    expect({ asked, icon: icon()?.slice(0, 15) }).toEqual({
      asked: ['/icon.png'],
      icon: 'data:image/png;',
    });
  });

  test('is not asked for past it', async () => {
    await shown(false);
    expect({ asked, icon: icon() }).toEqual({ asked: [], icon: 'data:,' });
  });
});
