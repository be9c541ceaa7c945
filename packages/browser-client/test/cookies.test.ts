import { describe, expect, test } from '@jest/globals';
import { isLinkId, VIEWER_COOKIE } from '@wingman/protocol';
import { BROWSER_LIMITS } from '../src/shared/limits.js';
import { fromHeaderBytes, readCookies, toHeaderBytes } from '../src/shared/page-cookies.js';
import { viewerId } from '../src/shell/viewer-id.js';
import { watchCookies } from '../src/shim/watch-cookies.js';
import { TabCookies } from '../src/worker/cookies.js';
import { toReplyHead, toRequestHead } from '../src/worker/messages.js';
import { head } from './support/linked-host.js';

const VIEWER = '0123456789abcdef0123456789abcdef';

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

class FakeStorage {
  readonly kept = new Map<string, string>();
  getItem = (name: string): string | null => this.kept.get(name) ?? null;
  setItem = (name: string, value: string): void => void this.kept.set(name, value);
}

const storage = (): FakeStorage & Storage => new FakeStorage() as FakeStorage & Storage;

describe('the viewer’s id', () => {
  test('is new on the first visit, and stays when the app clears one of its two places', () => {
    const page = new FakePage();
    const kept = storage();
    const id = viewerId(page, kept);
    expect(isLinkId(id)).toBe(true);
    expect(page.lines).toEqual([
      `${VIEWER_COOKIE}=${id}; Path=/; Secure; SameSite=Lax; Max-Age=34560000`,
    ]);
    kept.kept.clear();
    expect(viewerId(page, kept)).toBe(id);
    page.kept.clear();
    expect(viewerId(page, kept)).toBe(id);
    expect(page.kept.get(VIEWER_COOKIE)).toBe(id);
  });

  test('is never what somebody else has put there, and two browsers differ', () => {
    const page = new FakePage();
    page.cookie = `${VIEWER_COOKIE}=forged`;
    expect(isLinkId(viewerId(page, undefined))).toBe(true);
    expect(viewerId(new FakePage(), undefined)).not.toBe(viewerId(new FakePage(), undefined));
  });

  test('exists in a browser that keeps nothing', () => {
    const sealed = {
      get cookie(): string {
        throw new Error('no');
      },
      set cookie(_line: string) {
        throw new Error('no');
      },
    };
    expect(isLinkId(viewerId(sealed, undefined))).toBe(true);
  });
});

describe('the tab’s cookies', () => {
  const setUp = () => {
    const asked: { lines: string[]; reply: MessagePort }[] = [];
    const cookies = new TabCookies(VIEWER, { text: 'a=1', path: '/page' }, (lines, reply) =>
      asked.push({ lines, reply }),
    );
    return { cookies, asked };
  };

  test('go with each request, in bytes of UTF-8, behind the viewer’s id', () => {
    const { cookies } = setUp();
    cookies.update({ text: 'a=1; b=ü', path: '/other' });
    expect(cookies.headers()).toEqual([
      ['cookie', `${VIEWER_COOKIE}=${VIEWER}; a=1; b=Ã¼`],
      ['wingman-page-path', '/other'],
    ]);
    expect(fromHeaderBytes(toHeaderBytes('ü✓'))).toBe('ü✓');
  });

  test('an answer’s cookies are written before the answer goes on, and seen by what follows', async () => {
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
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isStored).toBe(false);
    expect(asked[0]?.lines).toEqual(['b=ü; Path=/']);
    asked[0]?.reply.postMessage({ text: 'a=1; b=2', path: '/page' });
    await stored;
    expect(cookies.headers()[0]?.[1]).toContain('a=1; b=2');
    asked[0]?.reply.close();
  });

  test('a blocked page is not waited for', async () => {
    const { cookies, asked } = setUp();
    const start = performance.now();
    await cookies.store(head(200, [['set-cookie', 'b=2']]));
    expect(performance.now() - start).toBeGreaterThan(BROWSER_LIMITS.cookieWriteMs - 50);
    asked[0]?.reply.close();
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
  test('tells of what scripts write, and hides the tunnel’s own cookie', async () => {
    class Page extends FakePage {}
    Object.defineProperty(
      Page.prototype,
      'cookie',
      Object.getOwnPropertyDescriptor(FakePage.prototype, 'cookie') ?? {},
    );
    const page = new Page();
    page.cookie = `${VIEWER_COOKIE}=${VIEWER}`;
    class CookieStore {
      set = undefined;
      async delete(name: string): Promise<void> {
        page.kept.delete(await Promise.resolve(name));
      }
    }
    const told: string[] = [];
    const realm = {
      document: page as unknown as Document,
      Document: Page as unknown as { prototype: Document },
      CookieStore,
    };
    watchCookies(realm, ({ text, path }) => told.push(`${path} ${text}`));
    page.cookie = 'a=1; Path=/';
    await new CookieStore().delete('a');
    expect(told).toEqual(['/page ', '/page a=1', '/page ']);
    expect(page.cookie).toBe('');
    expect(page.kept.has(VIEWER_COOKIE)).toBe(true);
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
