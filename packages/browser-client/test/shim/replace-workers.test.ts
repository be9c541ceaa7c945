import { describe, expect, test } from '@jest/globals';
import { TAB_NAME } from '../../src/shared/service-worker-messages.js';
import { replaceWorkers } from '../../src/shim/replace-workers.js';

const BASE = 'https://s.example/dir/page';

/** A window whose workers keep what they were made with, and whose blobs can be read as long as they have a URL. */
function setUp({ tab = 'tab-1', more = {} }: { tab?: string | null; more?: object } = {}) {
  const urls = new Map<string, Blob>();
  let made = 0;
  class OwnURL extends URL {
    static override createObjectURL(object: Blob): string {
      made += 1;
      urls.set(`blob:https://s.example/${made}`, object);
      return `blob:https://s.example/${made}`;
    }

    static override revokeObjectURL(url: string): void {
      urls.delete(url);
    }
  }
  class OwnWorker {
    /** The blob that the URL named when the worker was made. */
    readonly blob: Blob | undefined;
    readonly args: unknown[];

    constructor(...args: unknown[]) {
      const [url] = args;
      if (args.length === 0) throw new TypeError('1 argument required');
      if (url === 'refused:') throw new DOMException('refused', 'SecurityError');
      this.args = args;
      this.blob = urls.get(String(url));
    }
  }
  class OwnSharedWorker extends OwnWorker {}
  const announced: [url: string, isModule: boolean][] = [];
  const natives = { Worker: OwnWorker, SharedWorker: OwnSharedWorker };
  const realm = { URL: OwnURL, Blob, ...natives, ...more };
  replaceWorkers({
    realm: realm as unknown as Parameters<typeof replaceWorkers>[0]['realm'],
    baseUrl: () => BASE,
    inSession: (url) => (url === 'http://localhost:3000/w.js' ? `${BASE}w.js` : undefined),
    shim: 'shim()',
    tab,
    announce: (url, isModule) => announced.push([url, isModule]),
  });
  return { realm, natives, announced, urls };
}

describe('a worker of a script that is fetched', () => {
  test('and named by the app’s address on localhost is asked of the session', () => {
    const { realm, announced } = setUp();
    for (const Class of [realm.Worker, realm.SharedWorker]) {
      expect(new Class('http://localhost:3000/w.js').args[0]).toBe(`${BASE}w.js`);
    }
    expect(announced.map(([url]) => url)).toEqual([`${BASE}w.js`, `${BASE}w.js`]);
  });

  test('is announced before it starts, with its whole URL and whether it is a module', () => {
    const { realm, announced } = setUp();
    const worker = new realm.Worker('worker.js#part', { name: 'n' });
    new realm.SharedWorker(new URL('https://s.example/shared.js'), { type: 'module' });
    expect(announced).toEqual([
      ['https://s.example/dir/worker.js#part', false],
      ['https://s.example/shared.js', true],
    ]);
    expect(worker.args).toEqual(['worker.js#part', { name: 'n' }]);
  });

  test.each([undefined, null, 'a name', { type: 'classic' }])('with %j is no module', (init) => {
    const { realm, announced } = setUp();
    new realm.SharedWorker('worker.js', init);
    expect(announced).toEqual([['https://s.example/dir/worker.js', false]]);
  });

  test('of what is no URL is the browser’s to refuse', () => {
    const { realm, announced } = setUp();
    new realm.Worker('http://[');
    expect(announced).toEqual([]);
    expect(() => Reflect.construct(realm.Worker, [])).toThrow('1 argument required');
  });

  test('of a URL of another realm is announced like any other', () => {
    const { realm, announced } = setUp();
    const foreign = { [Symbol.toStringTag]: 'URL', toString: () => 'https://s.example/w.js' };
    new realm.Worker(foreign);
    expect(announced).toEqual([['https://s.example/w.js', false]]);
  });

  test('of a trusted type gets it as it is', () => {
    const { realm, announced } = setUp();
    const trusted = { toString: () => 'worker.js' };
    expect(new realm.Worker(trusted).args[0]).toBe(trusted);
    expect(announced).toEqual([]);
  });
});

describe('a worker of a blob', () => {
  test('gets the shim first, on the line where its script begins, and the blob’s type', async () => {
    const { realm, announced } = setUp();
    const url = realm.URL.createObjectURL(new Blob(['script()'], { type: 'text/javascript' }));
    const { blob } = new realm.Worker(url);
    expect(await blob?.text()).toBe(`self.${TAB_NAME}="tab-1";shim();script()`);
    expect(blob?.type).toBe('text/javascript');
    expect(announced).toEqual([]);
  });

  test('of a document without a tab says that it has none', async () => {
    const { realm } = setUp({ tab: null });
    const { blob } = new realm.Worker(realm.URL.createObjectURL(new Blob(['script()'])));
    expect(await blob?.text()).toBe(`self.${TAB_NAME}=null;shim();script()`);
  });

  test('leaves no URL behind, also when the browser refuses it', () => {
    const { realm, urls } = setUp();
    const url = realm.URL.createObjectURL(new Blob(['script()']));
    new realm.Worker(url);
    expect([...urls.keys()]).toEqual([url]);
    const refusing = setUp({
      more: {
        Worker: class {
          constructor() {
            throw new DOMException('refused', 'SecurityError');
          }
        },
      },
    });
    const other = refusing.realm.URL.createObjectURL(new Blob(['script()']));
    expect(() => new refusing.realm.Worker(other)).toThrow('refused');
    expect([...refusing.urls.keys()]).toEqual([other]);
  });

  test('whose URL has been revoked is the browser’s to refuse', () => {
    const { realm } = setUp();
    const url = realm.URL.createObjectURL(new Blob(['script()']));
    realm.URL.revokeObjectURL(url);
    const worker = new realm.Worker(url);
    expect([worker.args[0], worker.blob]).toEqual([url, undefined]);
  });

  test('that is shared has the same URL each time, until the page revokes it', () => {
    const { realm, urls } = setUp();
    const url = realm.URL.createObjectURL(new Blob(['script()']));
    const own = (): unknown => new realm.SharedWorker(url).args[0];
    const first = own();
    expect(first).not.toBe(url);
    expect(own()).toBe(first);
    realm.URL.revokeObjectURL(url);
    expect(own()).toBe(url);
    // The browser keeps no blob for a URL that nobody can know any more.
    expect(urls.size).toBe(0);
  });

  test('may be of another realm: a frame’s blob in a page’s worker', async () => {
    const { realm } = setUp();
    const foreign = new Blob(['script()']);
    Object.setPrototypeOf(
      foreign,
      Object.create(null, Object.getOwnPropertyDescriptors(Blob.prototype)) as object,
    );
    expect(foreign).not.toBeInstanceOf(Blob);
    const worker = new realm.Worker(realm.URL.createObjectURL(foreign));
    expect(await worker.blob?.text()).toContain(';shim();script()');
  });

  test('is known by blobs only: a MediaSource has URLs, too', () => {
    const { realm, urls } = setUp();
    const url = realm.URL.createObjectURL({} as Blob);
    expect(new realm.Worker(url).args[0]).toBe(url);
    expect(urls.has(url)).toBe(true);
  });
});

describe('the classes', () => {
  test('are the browser’s own to instanceof, subclasses and constructor', () => {
    const { realm, natives } = setUp();
    class Own extends realm.Worker {}
    const own = new Own('worker.js');
    expect([own instanceof Own, own instanceof natives.Worker]).toEqual([true, true]);
    expect(new natives.Worker('x').constructor).toBe(realm.Worker);
    expect(realm.Worker.name).toBe('OwnWorker');
  });

  test('are missing where the browser has none', () => {
    const { realm } = setUp({ more: { SharedWorker: undefined } });
    expect(realm.SharedWorker).toBeUndefined();
    expect(new realm.Worker('worker.js').args).toEqual(['worker.js']);
  });
});
