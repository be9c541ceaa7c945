import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { keepTopNavigations, type Navigable } from '../../src/shell/top-navigation.js';
import { closeTabs, openTab, type Tab } from '../support/dom.js';

const SHOWN = 'https://s.example/page';

let tab: Tab;
let navigation: EventTarget;
let calls: string[];

beforeEach(() => {
  tab = openTab('https://s.example/page');
  navigation = new EventTarget();
  Object.defineProperty(tab, 'navigation', { value: navigation, configurable: true });
  calls = [];
});

afterEach(closeTabs);

function frame(url: string | undefined = SHOWN): Navigable {
  return {
    url,
    addresses: { appPort: 3000, pageOrigins: new Map([[8080, 'https://s-8080.example']]) },
    setHash: (hash) => calls.push(`hash ${hash}`),
    go: (to, isReplacing) => calls.push(`${isReplacing ? 'replace' : 'go'} ${to}`),
    reload: () => calls.push('reload'),
  };
}

/** The app, or somebody at the address bar, sends the tab to a URL; whether the tab stayed. */
function navigate(url: string, more: Record<string, unknown> = {}): boolean {
  const event = new Event('navigate', { cancelable: true });
  const plain = { navigationType: 'push', userInitiated: false, formData: null };
  Object.assign(event, { ...plain, destination: { url, sameDocument: false }, ...more });
  return !navigation.dispatchEvent(event);
}

describe('a navigation of the tab', () => {
  test('within the app is the frame’s, with the entry that was asked for', () => {
    keepTopNavigations(tab, frame());
    expect(navigate('https://s.example/next')).toBe(true);
    expect(navigate('https://s.example/in-place', { navigationType: 'replace' })).toBe(true);
    expect(calls).toEqual(['go https://s.example/next', 'replace https://s.example/in-place']);
  });

  test('to the app’s address on localhost means the session', () => {
    keepTopNavigations(tab, frame());
    expect(navigate('http://localhost:3000/next?x')).toBe(true);
    expect(navigate('http://localhost:9999/next')).toBe(false);
    expect(calls).toEqual(['go https://s.example/next?x']);
  });

  test('to another port is the tab’s, at the origin of that port', () => {
    const gone: string[] = [];
    Object.assign(tab.location, { assign: (url: string) => gone.push(url) });
    keepTopNavigations(tab, frame());
    expect(navigate('http://localhost:8080/next#x')).toBe(true);
    expect([gone, calls]).toEqual([['https://s-8080.example/next#x'], []]);
  });

  test('to where the app is loads it again for a person, and never for a script', () => {
    keepTopNavigations(tab, frame());
    expect(navigate(SHOWN)).toBe(true);
    expect(calls).toEqual([]);
    expect(navigate(SHOWN, { userInitiated: true })).toBe(true);
    expect(calls).toEqual(['reload']);
  });

  test('elsewhere, or while nothing is shown, is the tab’s', () => {
    keepTopNavigations(tab, frame());
    expect(navigate('https://other.example/')).toBe(false);
    keepTopNavigations(tab, { ...frame(), url: undefined });
    expect(navigate('https://other.example/')).toBe(false);
    expect(calls).toEqual([]);
  });

  test('is the tab’s in an engine that can’t tell of it', () => {
    Object.defineProperty(tab, 'navigation', { value: undefined, configurable: true });
    expect(() => keepTopNavigations(tab, frame())).not.toThrow();
    expect(navigate('https://s.example/next')).toBe(false);
  });
});

describe('a new fragment in the address bar', () => {
  function type(hash: string): number {
    let reloads = 0;
    Object.defineProperty(tab, 'location', {
      value: { hash, reload: () => (reloads += 1) },
      configurable: true,
    });
    tab.dispatchEvent(new tab.Event('hashchange'));
    return reloads;
  }

  test('is the app’s', () => {
    keepTopNavigations(tab, frame());
    expect(type('#part')).toBe(0);
    expect(calls).toEqual(['hash #part']);
  });

  test('that holds a key is another link, and opened as one', () => {
    keepTopNavigations(tab, frame());
    expect(type('#k=abc')).toBe(1);
    expect(calls).toEqual([]);
  });
});
