import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { repeatLoads } from '../../src/shim/repeat-loads.js';
import { settle } from '../support/fake-clock.js';
import { closeTabs, openTab, setGlobal, type Tab } from '../support/dom.js';

const APP = 'https://s.example';

let frame: Tab;
let asked: string[];
let warnings: string[];
let revoked: string[];
let controller: object | null;
let page: object;
let late: Promise<Response>;
let answerLate: (response: Response) => void;

beforeEach(() => {
  asked = [];
  revoked = [];
  warnings = [];
  controller = null;
  frame = openTab('about:blank');
  const serviceWorker = {
    get controller() {
      return controller;
    },
  };
  const navigator = Object.create({ serviceWorker }) as object;
  Object.defineProperty(frame, 'navigator', { value: navigator, configurable: true });
  setGlobal('MutationObserver', frame.MutationObserver);
  late = new Promise((resolve) => (answerLate = resolve));
  let copies = 0;
  jest.spyOn(URL, 'createObjectURL').mockImplementation(() => `blob:copy-${(copies += 1)}`);
  jest.spyOn(URL, 'revokeObjectURL').mockImplementation((url) => void revoked.push(url));
  page = {
    location: { origin: APP },
    console: { warn: (text: string) => void warnings.push(text) },
    fetch: (url: string) => {
      asked.push(url);
      if (url.endsWith('/late.js')) return late;
      if (url.endsWith('/offline')) return Promise.reject(new TypeError('Failed to fetch'));
      return Promise.resolve(new Response('body', { status: url.endsWith('/gone') ? 404 : 200 }));
    },
  };
  repeatLoads(frame, page as Tab);
});

afterEach(async () => {
  jest.restoreAllMocks();
  Reflect.deleteProperty(globalThis, 'MutationObserver');
  await closeTabs();
});

/** An element of the frame's document, of no kind that this DOM loads by itself, and the events that the app hears of. */
function element(name: string, attributes: Record<string, string>) {
  const made = frame.document.createElement(name);
  const heard: string[] = [];
  for (const type of ['load', 'error']) made.addEventListener(type, () => heard.push(type));
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  frame.document.body.appendChild(made);
  return { made, heard };
}

const script = (src: string, more = {}) =>
  element('script', { src: `${APP}${src}`, type: 'text/none', ...more });

function ends(target: Element | null | undefined, type: 'load' | 'error'): void {
  target?.dispatchEvent(new frame.Event(type));
}

/** The addresses of the scripts in the document, as they stand there. */
const scripts = () => [...frame.document.querySelectorAll('script')].map(({ src }) => src);

describe('what an uncontrolled frame could not load', () => {
  test.each([
    ['img', 'src'],
    ['link', 'href'],
  ])('comes as a copy of what the page has got: <%s>', async (name, attribute) => {
    const { made, heard } = element(name, { [attribute]: `${APP}/it`, srcset: 'other 2x' });
    ends(made, 'error');
    await settle();
    expect([asked, made.getAttribute(attribute), heard]).toEqual([
      [`${APP}/it`],
      'blob:copy-1',
      [],
    ]);
    expect(made.hasAttribute('srcset')).toBe(false);
    ends(made, 'load');
    expect([heard, revoked]).toEqual([['load'], ['blob:copy-1']]);
  });

  test('is an error of the app’s when the app does not have it either', async () => {
    for (const path of ['/gone', '/offline']) {
      const { made, heard } = element('img', { src: APP + path });
      ends(made, 'error');
      await settle();
      expect([made.getAttribute('src'), heard]).toEqual(['blob:', []]);
      ends(made, 'error');
      expect(heard).toEqual(['error']);
    }
    expect(asked).toHaveLength(2);
  });

  test('comes again when it is asked for again', async () => {
    const { made } = element('img', { src: `${APP}/clock` });
    for (const copy of ['blob:copy-1', 'blob:copy-2']) {
      made.setAttribute('src', `${APP}/clock`);
      ends(made, 'error');
      await settle();
      expect(made.getAttribute('src')).toBe(copy);
      ends(made, 'load');
    }
  });

  test('is run in the order of the document by elements like the first', async () => {
    const first = script('/late.js', { 'data-for': 'x', onload: 'count()', async: '' });
    const second = script('/second.js');
    ends(first.made, 'error');
    ends(second.made, 'error');
    await settle();
    expect(scripts()).toEqual([`${APP}/late.js`, `${APP}/second.js`]);
    answerLate(new Response('late'));
    await settle();
    expect(scripts()).toEqual([
      ...[`${APP}/late.js`, 'blob:copy-2', `${APP}/second.js`, 'blob:copy-1'],
    ]);
    const copy = first.made.nextElementSibling as HTMLScriptElement;
    expect([copy.dataset['for'], copy.hasAttribute('onload'), copy.async]).toEqual([
      ...['x', false, false],
    ]);
    ends(copy, 'load');
    expect([first.heard, copy.isConnected, revoked]).toEqual([['load'], false, ['blob:copy-2']]);
    ends(second.made.nextElementSibling, 'error');
    expect([second.heard, asked.length]).toEqual([['error'], 2]);
  });

  test('is an error where the page’s policy takes no address of a script', async () => {
    const { made, heard } = script('/it.js');
    jest.spyOn(frame.document, 'createElement').mockImplementation(() => {
      throw new TypeError('This document requires TrustedScriptURL');
    });
    ends(made, 'error');
    await settle();
    expect(heard).toEqual(['error']);
  });

  test('is told of once, with what cures it', async () => {
    jest.resetModules();
    const fresh = await import('../../src/shim/repeat-loads.js');
    const other = openTab('about:blank');
    Object.defineProperty(other, 'navigator', { value: Object.create({}), configurable: true });
    fresh.repeatLoads(other, page as Tab);
    for (const path of ['/1', '/2']) {
      const image = other.document.createElement('img');
      image.setAttribute('src', APP + path);
      other.document.body.appendChild(image);
      image.dispatchEvent(new other.Event('error'));
    }
    expect(warnings).toEqual([expect.stringContaining(`${APP}/1`)]);
    expect(warnings[0]).toContain("frame.srcdoc = ''");
  });

  test('is seen to in what is written into the document, which takes the listeners away', async () => {
    const listeners = jest.spyOn(frame, 'addEventListener');
    frame.document.appendChild(frame.document.createComment('written'));
    await settle();
    expect(listeners).toHaveBeenCalledWith('error', expect.any(Function), true);
  });
});

describe('left to the frame', () => {
  test('is what another site does not have', () => {
    const { made, heard } = element('img', { src: 'https://other.example/it' });
    ends(made, 'error');
    expect([asked, heard]).toEqual([[], ['error']]);
  });

  test('is what its own service worker has seen', () => {
    controller = {};
    const { made, heard } = element('img', { src: `${APP}/it` });
    ends(made, 'error');
    expect([asked, heard]).toEqual([[], ['error']]);
  });

  test('are errors of other elements, and of scripts that throw', () => {
    const { made, heard } = element('video', { src: `${APP}/it` });
    ends(made, 'error');
    frame.dispatchEvent(new frame.Event('error'));
    expect([asked, heard]).toEqual([[], ['error']]);
  });
});
