import { describe, expect, test } from '@jest/globals';
import { createLinkKey, encodeLinkKey } from '@wingman/protocol';
import { registerEarly, trustOwnScripts } from '../../src/shell/own-scripts.js';

describe('what the shell may start workers from', () => {
  const trusted = (): ((url: string) => string) => {
    let rules: { createScriptURL?: (url: string) => string } = {};
    const createPolicy = (name: string, given: typeof rules): void => {
      expect({ name, rules: Object.keys(given) }).toEqual({
        name: 'default',
        rules: ['createScriptURL'],
      });
      rules = given;
    };
    trustOwnScripts({ location: { origin: 'https://s.example' }, trustedTypes: { createPolicy } });
    return rules.createScriptURL ?? (() => 'no rule');
  };

  test.each(['/__wingman/sw.js', 'https://s.example/own-sw.js', 'blob:https://s.example/1-2-3'])(
    'is of its own origin: %s',
    (url) => {
      expect(trusted()(url)).toBe(url);
    },
  );

  test.each([
    'https://evil.example/sw.js',
    '//evil.example/x.js',
    'data:text/javascript,0',
    'blob:https://evil.example/1-2-3',
    'http://s.example/x.js',
  ])('is nothing else: %s', (url) => {
    expect(() => trusted()(url)).toThrow('is no script of this session');
  });

  test('is the browser’s affair where it knows no Trusted Types', () => {
    expect(() => trustOwnScripts({ location: { origin: 'https://s.example' } })).not.toThrow();
  });
});

describe('the service worker', () => {
  const KEY = encodeLinkKey(createLinkKey());

  /** What a page at this address registers before the rest of it has come. */
  function registeredAt(url: string): unknown[] {
    const registered: unknown[] = [];
    const register = (...args: unknown[]): Promise<never> => {
      registered.push(args);
      return Promise.reject(new Error('refused'));
    };
    const navigator = { serviceWorker: { register } } as unknown as Navigator;
    registerEarly({ navigator, location: new URL(url) as unknown as Location });
    return registered;
  }

  test.each(['', '#part'])(
    'is registered at once in a tab with a key, and “%s” behind it',
    (own) => {
      expect(registeredAt(`https://s.example/page#k=${KEY}${own}`)).toEqual([
        ['/__wingman/sw.js', { scope: '/', updateViaCache: 'none' }],
      ]);
    },
  );

  test.each([
    ['without a key', 'https://s.example/page#part'],
    ['whose key is cut short', `https://s.example/#k=${KEY.slice(1)}`],
    ['that only passes the door', `https://s.example/__wingman/door/3000#k=${KEY}`],
  ])('is not registered yet in a tab %s', (_, url) => {
    expect(registeredAt(url)).toEqual([]);
  });

  test('is nothing to a browser that has none', () => {
    const location = new URL(`https://s.example/#k=${KEY}`) as unknown as Location;
    expect(() => registerEarly({ navigator: {} as Navigator, location })).not.toThrow();
  });
});
