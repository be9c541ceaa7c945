import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createLinkKey, deriveGateKey, encodeLinkKey, importLinkKey } from '@wingman/protocol';
import { BROWSER_LIMITS } from '../../src/shared/limits.js';
import {
  appUrl,
  findKey,
  parseFragment,
  sessionOf,
  shareableUrl,
  storageOf,
  withoutHash,
} from '../../src/shell/link-key.js';
import { forbiddenStorage } from '../support/dom.js';
import { FakeKeyDatabase } from '../support/fake-key-database.js';

const KEY = createLinkKey();
const TEXT = encodeLinkKey(KEY);

const at = (href: string): Location => new URL(href) as unknown as Location;

/** What everything else is derived from: two forms of one key agree in this. */
async function gate(key: CryptoKey | Uint8Array | null): Promise<Uint8Array | null> {
  return key === null ? null : deriveGateKey(key);
}

describe('the name of a session', () => {
  test('is the same for both forms of its key, another for another key, and says nothing of it', async () => {
    const name = await sessionOf(KEY);
    expect(name).toMatch(/^[\w-]{16}$/);
    expect(await sessionOf(await importLinkKey(KEY))).toBe(name);
    expect(await sessionOf(createLinkKey())).not.toBe(name);
    expect(TEXT).not.toContain(name);
  });
});

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

describe('the search for the key', () => {
  let database: FakeKeyDatabase;
  let items: Map<string, string>;
  let localStorage: Storage;

  beforeEach(() => {
    database = new FakeKeyDatabase();
    items = new Map();
    localStorage = {
      getItem: (name: string) => items.get(name) ?? null,
      removeItem: (name: string) => items.delete(name),
    } as unknown as Storage;
  });

  afterEach(() => void jest.useRealTimers());

  const search = (hash: string, storage = localStorage) =>
    findKey({ location: { hash }, localStorage: storage, indexedDB: database.asFactory });

  test('finds it in the address bar, and keeps it in a form that no script can read', async () => {
    const { key, kept } = search(`#k=${TEXT}`);
    expect(await gate(await key)).toEqual(await deriveGateKey(KEY));
    await kept;
    const [record] = [...database.records.values()] as CryptoKey[];
    expect(record).toMatchObject({ extractable: false, usages: ['deriveBits'] });
    await expect(crypto.subtle.exportKey('raw', record as CryptoKey)).rejects.toThrow();
    expect(database.names).toEqual(['wingman.key']);
    expect(database.isOpen).toBe(false);
  });

  test('finds what was kept on a later load, and a new key replaces it', async () => {
    expect(await search('').key).toBeNull();
    await search(`#k=${TEXT}`).kept;
    expect(await gate(await search('#section').key)).toEqual(await deriveGateKey(KEY));
    const other = createLinkKey();
    await search(`#k=${encodeLinkKey(other)}`).kept;
    expect(await gate(await search('').key)).toEqual(await deriveGateKey(other));
  });

  test('takes the readable key of an earlier version over, and away', async () => {
    items.set('wingman.key', TEXT);
    await search('').kept;
    expect(items.size).toBe(0);
    expect(await gate(await search('').key)).toEqual(await deriveGateKey(KEY));
  });

  test('takes it away too when the address bar has the key', async () => {
    items.set('wingman.key', encodeLinkKey(createLinkKey()));
    const { key } = search(`#k=${TEXT}`);
    expect(items.size).toBe(0);
    expect(await gate(await key)).toEqual(await deriveGateKey(KEY));
  });

  test.each<FakeKeyDatabase['manner']>(['broken', 'forbidden'])(
    'has the address bar alone where the browser’s store is %s',
    async (manner) => {
      database.manner = manner;
      const { key, kept } = search(`#k=${TEXT}`, forbiddenStorage);
      expect(await gate(await key)).toEqual(await deriveGateKey(KEY));
      await kept;
      expect(await search('', forbiddenStorage).key).toBeNull();
      expect(database.isOpen).toBe(false);
    },
  );

  test('does not wait for ever for a store that says nothing', async () => {
    jest.useFakeTimers();
    database.manner = 'silent';
    const { key } = search('');
    await jest.advanceTimersByTimeAsync(BROWSER_LIMITS.keyStoreMs);
    expect(await key).toBeNull();
  });

  test.each([['text'], [{}], [null], [new Uint8Array(16)]])(
    'takes nothing else for a key that somebody has put there: %p',
    async (record) => {
      await search(`#k=${TEXT}`).kept;
      database.records.set('link', record);
      expect(await search('').key).toBeNull();
    },
  );

  test('takes no key of another kind', async () => {
    await search(`#k=${TEXT}`).kept;
    const aes = { name: 'AES-GCM', length: 256 };
    database.records.set('link', await crypto.subtle.generateKey(aes, false, ['encrypt']));
    expect(await search('').key).toBeNull();
    database.records.set('link', await importLinkKey(KEY));
    expect(await search('').key).not.toBeNull();
  });
});

test('there may be no storage at all', () => {
  const window = {
    get localStorage(): Storage {
      throw new DOMException('The operation is insecure.', 'SecurityError');
    },
  };
  expect(storageOf(window)).toBeUndefined();
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
  });

  test('of requests have no fragment', () => {
    expect(withoutHash('https://s.example/a?b#c#d')).toBe('https://s.example/a?b');
    expect(withoutHash('https://s.example/a?b')).toBe('https://s.example/a?b');
  });
});
