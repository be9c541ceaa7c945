import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { answer, type ReplyPort } from '@wingman/protocol/ports';
import { BROWSER_LIMITS } from '../src/shared/limits.js';
import {
  fromHeaderBytes,
  readCookies,
  toHeaderBytes,
  type PageCookies,
} from '../src/shared/page-cookies.js';
import { watchCookies } from '../src/shim/watch-cookies.js';
import { TabCookies } from '../src/worker/cookies.js';
import { toReplyHead, toRequestHead } from '../src/worker/messages.js';
import { settle } from './support/fake-clock.js';
import { eventually, head } from './support/linked-host.js';

/** A page whose `document.cookie` keeps pairs and ignores attributes. */
class FakePage {
  readonly kept = new Map<string, string>();
  readonly lines: string[] = [];
  location = { pathname: '/page' };

  get cookie(): string {
    return [...this.kept].map((pair) => pair.join('=')).join('; ');
  }

  set cookie(line: string) {
    this.lines.push(line);
    const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=');
    this.kept.set(name, value);
  }
}

/** The shell says what the page sees now. */
function tell(asked: readonly { reply: ReplyPort<PageCookies> }[], text: string): void {
  const reply = asked.at(-1)?.reply;
  if (reply === undefined) throw new Error('nobody has asked');
  answer(reply, { text, path: '/page' });
}

describe('the tab’s cookies', () => {
  afterEach(() => void jest.useRealTimers());

  const setUp = () => {
    const asked: { lines: string[]; clears: boolean; reply: ReplyPort<PageCookies> }[] = [];
    const cookies = new TabCookies({ text: 'a=1', path: '/page' }, (change, reply) =>
      asked.push({ ...change, reply }),
    );
    return { cookies, asked };
  };

  test('go with each request, in bytes of UTF-8', () => {
    const { cookies } = setUp();
    cookies.update({ text: 'a=1; b=ü', path: '/other' });
    expect(cookies.headers()).toEqual([
      ['cookie', 'a=1; b=Ã¼'],
      ['wingman-page-path', '/other'],
    ]);
    expect(fromHeaderBytes(toHeaderBytes('\ufeffü✓'))).toBe('\ufeffü✓');
  });

  test('an answer’s cookies are written before the answer goes on, and seen by what follows', async () => {
    // The answer is held for half a second: here for as long as the page takes.
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick'] });
    const { cookies, asked } = setUp();
    let isStored = false;
    const stored = cookies
      .store(
        head(200, [
          ['set-cookie', 'b=Ã¼; Path=/'],
          ['x', '1'],
        ]),
      )
      .then(() => (isStored = true));
    await settle();
    expect(isStored).toBe(false);
    expect(asked[0]?.lines).toEqual(['b=ü; Path=/']);
    tell(asked, 'a=1; b=2');
    await stored;
    expect(cookies.headers()[0]?.[1]).toBe('a=1; b=2');
    asked[0]?.reply.close();
  });

  test('a blocked page is not waited for', async () => {
    const { cookies, asked } = setUp();
    const start = performance.now();
    await cookies.store(head(200, [['set-cookie', 'b=2']]));
    expect(performance.now() - start).toBeGreaterThan(BROWSER_LIMITS.cookieWriteMs - 50);
    // What it sees once it goes on counts all the same.
    tell(asked, 'b=2');
    await eventually(() => cookies.headers()[0]?.[1] === 'b=2');
    asked[0]?.reply.close();
  });

  test('storage is cleared where an answer of the app says so, and before it goes on', async () => {
    const { cookies, asked } = setUp();
    const clearing = (words: string) => head(200, [['clear-site-data', words]]);
    await cookies.store(clearing('"cookies", "cache"'));
    await cookies.store(clearing('"storage"'), false);
    expect(asked).toEqual([]);
    for (const words of ['"storage"', '"cache", "storage"', '"*"']) {
      const stored = cookies.store(clearing(words));
      expect(asked.at(-1)).toMatchObject({ lines: [], clears: true });
      tell(asked, '');
      await stored;
    }
    for (const { reply } of asked) reply.close();
  });

  test('an answer without any asks nobody', async () => {
    const { cookies, asked } = setUp();
    await cookies.store(head(200));
    expect(asked).toEqual([]);
  });

  test('are added to the page’s own fields, and never shown in an answer', () => {
    const fetchHead = {
      ...{ method: 'GET', target: '/', destination: '', mode: 'cors' },
      headers: [['x', '1']] as [string, string][],
      hasBody: false,
      hasCredentials: true,
    };
    const { headers } = toRequestHead(fetchHead, [['cookie', 'a=1']]);
    expect(headers.map(({ name }) => name)).toEqual(['x', 'cookie']);
    const reply = toReplyHead(
      head(200, [
        ['set-cookie', 'a=1'],
        ['x', '1'],
      ]),
    );
    expect(reply.headers).toEqual([['x', '1']]);
  });
});

describe('the shim', () => {
  test('tells of what scripts write', async () => {
    class Page extends FakePage {}
    Object.defineProperty(
      Page.prototype,
      'cookie',
      Object.getOwnPropertyDescriptor(FakePage.prototype, 'cookie') ?? {},
    );
    const page = new Page();
    class CookieStore {
      set = undefined;
      async delete(name: string): Promise<void> {
        page.kept.delete(await Promise.resolve(name));
      }
    }
    const told: string[] = [];
    const location = { protocol: 'https:', pathname: '/page' };
    const realm = {
      document: page as unknown as Document,
      Document: Page as unknown as { prototype: Document },
      ...{ CookieStore, location, parent: { location, parent: null } },
    };
    watchCookies(realm, ({ text, path }) => told.push(`${path} ${text}`));
    page.cookie = 'a=1; Path=/';
    await new CookieStore().delete('a');
    const noted = '__Host-wingman-scripted=.a';
    expect(told).toEqual(['/page ', `/page a=1; ${noted}`, `/page ${noted}`]);
    expect(page.cookie).toBe('');
  });

  test('a document without cookies has none', () => {
    const sandboxed = {
      location: { pathname: '/' },
      get cookie(): string {
        throw new Error('sandboxed');
      },
    };
    expect(readCookies(sandboxed)).toEqual({ text: '', path: '/' });
  });
});
