import { describe, expect, test } from '@jest/globals';
import { createLinkKey, encodeLinkKey } from '@wingman/protocol';
import {
  appUrl,
  findKey,
  keepKey,
  parseFragment,
  readKey,
  shareableUrl,
  storageOf,
  withoutHash,
} from '../../src/shell/link-key.js';
import { forbiddenStorage } from '../support/dom.js';

const KEY = createLinkKey();
const TEXT = encodeLinkKey(KEY);

const at = (href: string): Location => new URL(href) as unknown as Location;

describe('a fragment', () => {
  test.each(['#k=', '#k=too-short', `#k=${TEXT}x`, '#k=ä', '#K=x', '# k=x'])(
    'holds no key: %s',
    (hash) => {
      expect(parseFragment(hash).key).toBeNull();
    },
  );

  test.each(['#', '##', '#/a#/b', '#k', `#x${TEXT}`])('without a key is the app’s: %s', (hash) => {
    expect(parseFragment(hash)).toEqual({ key: null, appHash: hash });
  });

  test('may hold an app’s fragment with further signs of its kind', () => {
    expect(parseFragment(`#k=${TEXT}#a#b`).appHash).toBe('#a#b');
    expect(parseFragment(`#k=${TEXT}#`).appHash).toBe('#');
  });
});

describe('where the browser keeps nothing', () => {
  test('the key comes from the address bar alone', () => {
    expect(findKey(`#k=${TEXT}`, forbiddenStorage)).toEqual({ key: KEY, appHash: '' });
    expect(findKey('#x', forbiddenStorage)).toEqual({ key: null, appHash: '#x' });
    expect(() => keepKey(KEY, forbiddenStorage)).not.toThrow();
  });

  test('there may be no storage at all', () => {
    const window = {
      get localStorage(): Storage {
        throw new DOMException('The operation is insecure.', 'SecurityError');
      },
    };
    expect(storageOf(window)).toBeUndefined();
    expect(readKey(undefined)).toBeNull();
  });
});

describe('what was kept', () => {
  test('is no key when something else has written there', () => {
    const storage = { getItem: () => 'garbage' } as unknown as Storage;
    expect(readKey(storage)).toBeNull();
    expect(storageOf({ localStorage: storage })).toBe(storage);
  });
});

describe('URLs', () => {
  test('of the app have its own fragment: the present one, or the one of the link', () => {
    expect(appUrl(at('https://s.example/a?b#now'), '#then')).toBe('https://s.example/a?b#now');
    expect(appUrl(at('https://s.example/a?b'), '#then')).toBe('https://s.example/a?b#then');
    expect(appUrl(at('https://s.example/'), '')).toBe('https://s.example/');
  });

  test('for other people hold the key, then the app’s fragment', () => {
    const url = shareableUrl(at('https://s.example/a?b#now'), KEY);
    expect(url).toBe(`https://s.example/a?b#k=${TEXT}#now`);
    expect(parseFragment(new URL(url).hash)).toEqual({ key: KEY, appHash: '#now' });
    expect(shareableUrl(at('https://s.example/a#now'), null)).toBe('https://s.example/a#now');
  });

  test('of requests have no fragment', () => {
    expect(withoutHash('https://s.example/a?b#c#d')).toBe('https://s.example/a?b');
    expect(withoutHash('https://s.example/a?b')).toBe('https://s.example/a?b');
  });
});
