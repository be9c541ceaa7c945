import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  encodeMessage,
  encodeRecord,
  PUSH_LIMITS,
  PushedAnswer,
  PUSHES_TARGET,
  type IncomingRequest,
} from '@wingman/protocol';
import { appFetch } from '../../src/service-worker/app-fetch.js';
import { SERVICE_WORKER_LIMITS } from '../../src/shared/limits.js';
import { settle } from '../support/fake-clock.js';
import { eventually, head } from '../support/linked-host.js';
import { asked, FRAME, ORIGIN, reply, tunnelledTab } from '../support/tunnelled-tab.js';

const SCRIPT = { mode: 'cors', destination: 'script' };
const ETAG: [string, string][] = [['etag', '"1"']];

/** The push streams that the tab has opened. */
let streams: IncomingRequest[];
/** Requests of the page that the host has not answered yet. */
let waiting: IncomingRequest[];
let tab: ReturnType<typeof tunnelledTab>;

beforeEach(() => {
  streams = [];
  waiting = [];
  tab = tabWith((incoming) => {
    incoming.respond(head(200, []));
    streams.push(incoming);
  });
});

afterEach(() => tab.close());

/** A tab whose host does this with a push stream that is asked for. */
function tabWith(pushes: (incoming: IncomingRequest) => void): ReturnType<typeof tunnelledTab> {
  const answer = (incoming: IncomingRequest): void => {
    const { target } = incoming.head;
    if (target.startsWith('/slow')) waiting.push(incoming);
    else reply(incoming, 200, ETAG, `asked ${target}`);
  };
  return tunnelledTab(answer, {}, undefined, pushes);
}

const get = async (target: string, init = {}): Promise<string> =>
  (await appFetch(asked(ORIGIN + target, { ...SCRIPT, ...init }), tab.tools)).text();

/** What the app was asked for, marks apart. */
const requests = (): string[] =>
  tab.received.map(({ target }) => target).filter((target) => /^\/[a-z]+\.js/.test(target));

async function push(target: string, more: { status?: number; etag?: string; text?: string } = {}) {
  const { status = 200, etag = '', text = `pushed ${target}` } = more;
  const record = { target, destination: 'script', head: head(status, ETAG), etag };
  const body = status === 304 ? new Uint8Array() : Buffer.from(text);
  const bytes = encodeRecord(encodeMessage(PushedAnswer, { ...record, body }));
  await streams.at(-1)?.write(bytes);
}

let marks = 0;

/** Pushes, and resolves when the service worker has it: it has what was pushed after it. */
async function pushed(...args: Parameters<typeof push>): Promise<void> {
  await push(...args);
  const mark = `/slow/mark-${++marks}.js`;
  const answer = get(mark);
  await push(mark);
  await answer;
}

/** Has the tab ask for a first script, which opens the stream. */
async function opened(): Promise<void> {
  const before = streams.length;
  await get('/first.js');
  await eventually(() => streams.length === before + 1);
}

describe('a tab’s first document', () => {
  test('opens the stream, so that what it names may come before the page asks', async () => {
    await loadDocument();
    await eventually(() => streams.length === 1);
    await pushed('/a.js');
    expect(await get('/a.js')).toBe('pushed /a.js');
    expect(requests()).toEqual([]);
  });
});

describe('a script', () => {
  test('that was pushed is not asked for', async () => {
    await opened();
    await pushed('/a.js?b');
    expect(await get('/a.js?b')).toBe('pushed /a.js?b');
    expect(requests()).toEqual(['/first.js']);
    // What is pushed answers one request.
    expect(await get('/a.js?b', { headers: { 'if-none-match': '"x"' } })).toBe('asked /a.js?b');
  });

  test('that is pushed while the host is being asked comes at once, and its request ends', async () => {
    await opened();
    const answer = get('/slow.js');
    await eventually(() => waiting.length === 1);
    await push('/slow.js');
    expect(await answer).toBe('pushed /slow.js');
    await eventually(() => waiting[0]?.signal.aborted === true);
  });

  test('that still holds comes from the cache, without a question', async () => {
    await opened();
    expect(await get('/a.js')).toBe('asked /a.js');
    await pushed('/a.js', { status: 304, etag: '"1"' });
    expect(await get('/a.js')).toBe('asked /a.js');
    expect(requests()).toEqual(['/first.js', '/a.js']);
  });

  test.each([
    ['has another validator', async () => pushed('/a.js', { status: 304, etag: '"2"' }), {}],
    ['came for a document before', async () => (await pushed('/a.js'), loadDocument()), {}],
    ['has come long ago', async () => (await pushed('/a.js'), late()), {}],
    ['is wanted from the app', async () => pushed('/a.js'), { cache: 'no-store' }],
    ['is wanted by a fetch', async () => pushed('/a.js'), { destination: '' }],
  ])('is asked for where what was pushed %s', async (_, meanwhile, init) => {
    await opened();
    await meanwhile();
    expect(await get('/a.js', init)).toBe('asked /a.js');
  });

  test('of another document opens a stream of its own, and the old one ends at the host', async () => {
    await opened();
    await loadDocument();
    await eventually(() => streams[0]?.signal.aborted === true);
    expect(streams).toHaveLength(1);
    await get('/b.js');
    await eventually(() => streams.length === 2);
  });

  test('of another document is pushed with the document, where anything was pushed before', async () => {
    await opened();
    await pushed('/a.js');
    await loadDocument();
    await eventually(() => streams.length === 2);
    await pushed('/a.js');
    expect(await get('/a.js')).toBe('pushed /a.js');
    expect(streams).toHaveLength(2);
  });

  test('goes to the app where the host pushes nothing, and the host is asked for that once', async () => {
    tab.close();
    tab = tabWith((incoming) => {
      streams.push(incoming);
      reply(incoming, 404);
    });
    expect(await get('/a.js')).toBe('asked /a.js');
    await settle();
    expect(await get('/b.js')).toBe('asked /b.js');
    expect(streams).toHaveLength(1);
  });

  test('that the page does not ask for holds up what comes after a bound', async () => {
    await opened();
    let sent = 0;
    const text = 'x'.repeat(PUSH_LIMITS.bodyBytes);
    const most = (PUSH_LIMITS.unclaimedBytes * 2) / text.length;
    void (async () => {
      for (; sent < most; sent += 1) await push(`/slow/${sent}.js`, { text });
    })().catch(() => undefined);
    await eventually(() => sent > PUSH_LIMITS.unclaimedBytes / text.length);
    for (let turn = 0; turn < 20; turn += 1) await settle();
    // Beside what the tab holds, the window of the stream is full.
    expect(sent).toBeLessThan(most);
    for (let index = 0; index < most; index += 1) {
      expect((await get(`/slow/${index}.js`)) === text).toBe(true);
    }
  });
});

describe('the host is told how many answers were dropped', () => {
  const told = (): string[] =>
    tab.received
      .map(({ method, target }) => `${method} ${target}`)
      .filter((line) => line.startsWith('POST'));

  test('when another document is loaded', async () => {
    await opened();
    for (const path of ['/a.js', '/b.js', '/c.js']) await pushed(path);
    expect(await get('/b.js')).toBe('pushed /b.js');
    await loadDocument();
    await eventually(() => told().length > 0);
    await loadDocument();
    expect(told()).toEqual([`POST ${PUSHES_TARGET}?unclaimed=2`]);
  });

  test('when no page has asked for them in time, or asked for something else', async () => {
    await opened();
    await pushed('/a.js');
    await pushed('/b.js', { status: 304, etag: '"2"' });
    expect(await get('/b.js')).toBe('asked /b.js');
    streams[0]?.end();
    await settle();
    await late();
    await eventually(() => told().length > 0);
    expect(told()).toEqual([`POST ${PUSHES_TARGET}?unclaimed=2`]);
  });

  test('and nothing where all were used', async () => {
    await opened();
    await pushed('/a.js');
    await get('/a.js');
    await loadDocument();
    await get('/b.js');
    expect(told()).toEqual([]);
  });
});

async function loadDocument(): Promise<void> {
  await appFetch(asked(`${ORIGIN}/page`, FRAME), tab.tools);
}

function late(): Promise<void> {
  return tab.clock.advance(SERVICE_WORKER_LIMITS.pushUnclaimedMs + 1);
}
