import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  createLinkKey,
  deriveGateKey,
  encodeLinkKey,
  toBase64Url,
  type LinkKey,
} from '@wingman/protocol';
import { parseBoot, type Boot } from '../../src/shared/boot.js';
import { POSTED_MARK } from '../../src/shared/shell-api.js';
import type { ShellToWorker, StartOptions } from '../../src/shared/worker-messages.js';
import { startEarly } from '../../src/shell/early-start.js';
import { FakeKeyDatabase } from '../support/fake-key-database.js';
import { FakeWorker } from '../support/fake-worker.js';
import { closeTabs, openTab, setGlobal, type Tab } from '../support/dom.js';

const KEY = createLinkKey();
const URL_OF_PAGE = `https://s.example/folder/page?q#k=${encodeLinkKey(KEY)}`;
const PREKEY = Uint8Array.of(1, 2, 3);
const BOOT: Boot = { ...parseBoot('{}'), prekey: toBase64Url(PREKEY), linkGraceMs: 1234 };

let tab: Tab;
let database: FakeKeyDatabase;
let workers: FakeWorker[];
let scripts: Blob[];
let revoked: string[];
let registered: unknown[][];

beforeEach(() => {
  database = new FakeKeyDatabase();
  workers = [];
  scripts = [];
  revoked = [];
  registered = [];
  arrive(URL_OF_PAGE);
  setGlobal('Worker', function (this: unknown, url: string, options: WorkerOptions) {
    const worker = new FakeWorker();
    workers.push(worker);
    return Object.assign(worker, { url, options });
  });
  URL.revokeObjectURL = (url) => void revoked.push(url);
  URL.createObjectURL = (blob) => `blob:${scripts.push(blob as Blob)}`;
});

afterEach(closeTabs);

/** A tab with the worker's code in its page, in a browser that runs service workers unless told otherwise. */
function arrive(url: string, head = '', runsServiceWorkers = true): void {
  tab = openTab(url, '<script type="text/plain" id="wingman-worker">the code</script>');
  tab.document.head.innerHTML = head;
  Object.assign(tab, { indexedDB: database.asFactory });
  const register = (...args: unknown[]): Promise<void> => {
    registered.push(args);
    return Promise.reject(new Error('refused'));
  };
  const navigator = { languages: ['de', 'en'], userAgent: 'a browser' };
  setGlobal('navigator', {
    ...navigator,
    ...(runsServiceWorkers ? { serviceWorker: { register } } : {}),
  });
}

/** What a worker was started with: by a message, or by one that its own code ends with. */
async function options(index: number): Promise<StartOptions> {
  const [, own] = ((await scripts[index]?.text()) ?? '').split('\n');
  let [start] = workers[index]?.posted ?? [];
  class MessageEvent {
    constructor(
      readonly type: string,
      readonly init: { data: ShellToWorker },
    ) {}
  }
  const dispatchEvent = ({ init }: MessageEvent): void => void (start = init.data);
  if (own !== undefined) runInNewContext(own, { dispatchEvent, MessageEvent, Uint8Array });
  if (start?.kind !== 'start') throw new Error('it was not started');
  return start.options;
}

async function isTheKey(key: LinkKey): Promise<void> {
  expect(await deriveGateKey(key)).toEqual(await deriveGateKey(KEY));
}

/** The session's key, in the form that can't be read. */
async function expectKey(key: LinkKey | null): Promise<void> {
  if (!(key instanceof CryptoKey)) throw new Error('it can be read');
  await isTheKey(key);
}

describe('the early start', () => {
  test('starts the worker with the session’s key, the way to the relay and the page’s cookies', async () => {
    tab.document.cookie = 'a=1';
    await startEarly(BOOT, tab.document).tunnel;
    expect(workers).toHaveLength(1);
    expect((await scripts[0]?.text())?.split('\n')[0]).toBe('the code');
    expect(await options(0)).toMatchObject({
      ...{ relayUrl: 'wss://s.example/__wingman/relay', linkGraceMs: 1234 },
      ...{ prekey: PREKEY, cookies: { text: 'a=1', path: '/folder/page' } },
    });
    await isTheKey((await options(0)).key);
  });

  test('waits for nothing when the address has the key', () => {
    startEarly(BOOT, tab.document);
    // A message would be delivered when the page's own code has run.
    expect(workers[0]?.posted).toEqual([]);
    expect(scripts).toHaveLength(1);
  });

  test('leaves nothing in the page by which the app’s scripts could read the key', async () => {
    const early = startEarly(BOOT, tab.document);
    expect(Object.keys(early).sort()).toEqual(['kept', 'key', 'tunnel']);
    await expectKey(await early.key);
  });

  test.each(['says', 'breaks'] as const)('takes the worker’s code away when it %s', (how) => {
    startEarly(BOOT, tab.document);
    expect(revoked).toEqual([]);
    if (how === 'says') workers[0]?.says({ kind: 'link', id: 'a' });
    else workers[0]?.breaks();
    expect(revoked).toEqual(['blob:1']);
  });

  test('asks for the page itself in the first flight, as the frame will', async () => {
    await startEarly(BOOT, tab.document).tunnel;
    const { preload } = await options(0);
    expect(preload).toMatchObject({
      ...{ method: 'GET', target: '/folder/page?q', destination: 'iframe', mode: 'navigate' },
      ...{ hasBody: false, hasCredentials: true },
    });
    const fields = new Map(preload?.headers);
    expect(fields.get('user-agent')).toBe('a browser');
    expect(fields.get('accept-language')).toBe('de,en;q=0.9');
    expect(fields.has('referer')).toBe(false);
  });

  test('says in the first flight where the tab has come from', async () => {
    arrive(URL_OF_PAGE, '<meta name="wingman-referrer" content="https://chat.example/">');
    await startEarly(BOOT, tab.document).tunnel;
    const fields = new Map((await options(0)).preload?.headers);
    expect(fields.get('referer')).toBe('https://chat.example/');
  });

  test('asks for no page that a form has opened: that is not a GET', async () => {
    arrive(URL_OF_PAGE, `<meta name="${POSTED_MARK}">`);
    await startEarly(BOOT, tab.document).tunnel;
    expect((await options(0)).preload).toBeNull();
  });

  test('asks the host for no page about diagnostics, which is the server’s', async () => {
    arrive(URL_OF_PAGE.replace('/folder/page?q', '/__wingman/diagnostics'));
    await startEarly(BOOT, tab.document).tunnel;
    expect((await options(0)).preload).toBeNull();
  });

  test.each([null, '***'])('has no first flight without the host’s hello: %s', async (prekey) => {
    await startEarly({ ...BOOT, prekey }, tab.document).tunnel;
    expect((await options(0)).prekey).toBeNull();
  });

  test('begins with the registration of the service worker, whose failure others look at', async () => {
    await startEarly(BOOT, tab.document).tunnel;
    expect(registered).toEqual([['/__wingman/sw.js', { scope: '/', updateViaCache: 'none' }]]);
  });

  test('keeps what the worker says until the page’s own code is there', async () => {
    const tunnel = await startEarly(BOOT, tab.document).tunnel;
    workers[0]?.says({ kind: 'link', id: 'a' });
    workers[0]?.says({ kind: 'connected' });
    expect(tunnel?.messages.map(({ kind }) => kind)).toEqual(['link', 'connected']);
  });

  test('finds the key that the browser has kept, and starts the worker’s thread meanwhile', async () => {
    await startEarly(BOOT, tab.document).kept;
    arrive('https://s.example/page');
    const before = workers.length;
    const { tunnel } = startEarly(BOOT, tab.document);
    expect(workers).toHaveLength(before + 1);
    expect(workers[before]?.posted).toEqual([]);
    await tunnel;
    await expectKey((await options(before)).key);
  });

  test('is none without a key', async () => {
    database.records.clear();
    arrive('https://s.example/');
    const { key, tunnel } = startEarly(BOOT, tab.document);
    expect(await key).toBeNull();
    expect(await tunnel).toBeUndefined();
    expect(workers.map(({ isTerminated }) => isTerminated)).toEqual([true]);
    expect(registered).toEqual([]);
  });

  test('is no tunnel in a browser without service workers, where the key is known all the same', async () => {
    arrive(URL_OF_PAGE, '', false);
    const { key, tunnel } = startEarly(BOOT, tab.document);
    expect(await tunnel).toBeUndefined();
    await expectKey(await key);
    expect(workers).toHaveLength(0);
  });
});

describe('another worker for the same session', () => {
  test('starts without a first flight, and with the cookies of now', async () => {
    const tunnel = await startEarly(BOOT, tab.document).tunnel;
    tab.document.cookie = 'later=1';
    tunnel?.startAnother();
    expect(workers).toHaveLength(2);
    expect(await options(1)).toMatchObject({
      ...{ relayUrl: 'wss://s.example/__wingman/relay', linkGraceMs: 1234 },
      ...{ prekey: null, preload: null, cookies: { text: 'later=1' } },
    });
    await expectKey((await options(1)).key);
  });

  test('is heard by nobody but whoever has asked for it', async () => {
    const tunnel = await startEarly(BOOT, tab.document).tunnel;
    tunnel?.startAnother();
    workers[1]?.says({ kind: 'connected' });
    expect(tunnel?.messages).toEqual([]);
  });
});
