import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { GIVEN_UP_CHANNEL, REQUEST_ID } from '../../src/shared/request-fields.js';
import { tellGivenUp } from '../../src/shim/give-up.js';
import { FakeProgressEvent, fakeXhrClass, type FakeXhr } from '../support/fake-xhr.js';

const ORIGIN = 'https://s.example';
const UUID = /^[0-9a-f]{8}-[0-9a-f-]{27}(?:\/\d+)?$/;

/** One call of the browser's own fetch, which the test answers. */
interface Fetched {
  input: unknown;
  init: RequestInit | undefined;
  answer: (response: Response) => void;
  fail: (error: unknown) => void;
}

/** What has been told on the channel. */
let told: unknown[] = [];

class FakeChannel {
  constructor(readonly name: string) {}

  postMessage(id: unknown): void {
    told.push([this.name, id]);
  }

  close(): void {
    told.push('closed');
  }
}

function setUp() {
  const fetched: Fetched[] = [];
  const realm = {
    // Each realm has a class of its own.
    ...{
      Request: class extends Request {},
      Headers,
      BroadcastChannel: FakeChannel,
      ProgressEvent: FakeProgressEvent,
    },
    ...{ XMLHttpRequest: fakeXhrClass() },
    location: { origin: ORIGIN },
    fetch(this: unknown, input: unknown, init?: RequestInit): Promise<Response> {
      return new Promise((answer, fail) => fetched.push({ input, init, answer, fail }));
    },
  };
  tellGivenUp(realm as unknown as typeof globalThis, () => `${ORIGIN}/dir/page`);
  return { realm, fetch: realm.fetch.bind(realm), fetched, Xhr: realm.XMLHttpRequest };
}

/** The id that a call has been given; undefined for none. */
function idOf(call: Fetched | undefined): string | undefined {
  return new Headers(call?.init?.headers).get(REQUEST_ID) ?? undefined;
}

beforeEach(() => void (told = []));
afterEach(() => void (told = []));

describe('a fetch with a signal', () => {
  test('is numbered, and its number is told when it is given up', () => {
    const { fetch, fetched } = setUp();
    const controller = new AbortController();
    void fetch('api', { signal: controller.signal, method: 'POST', body: 'x' });
    const id = idOf(fetched[0]);
    expect(id).toMatch(UUID);
    expect(fetched[0]).toMatchObject({ input: 'api', init: { method: 'POST', body: 'x' } });
    expect(told).toEqual([]);
    controller.abort();
    expect(told).toEqual([[GIVEN_UP_CHANNEL, id], 'closed']);
  });

  test('keeps its own header fields, of the call rather than of the request', () => {
    const { fetch, fetched } = setUp();
    const { signal } = new AbortController();
    void fetch('/', { signal, headers: { 'x-own': '1' } });
    expect(new Headers(fetched[0]?.init?.headers).get('x-own')).toBe('1');
    const request = new Request(`${ORIGIN}/`, { headers: { 'x-of': 'request' } });
    void fetch(request, { signal });
    expect(new Headers(fetched[1]?.init?.headers).get('x-of')).toBe('request');
    void fetch(request, { signal, headers: { 'x-of': 'call' } });
    expect(new Headers(fetched[2]?.init?.headers).get('x-of')).toBe('call');
  });

  test('keeps them when its Request is of another realm, as a frame’s is', () => {
    const { fetch, fetched } = setUp();
    const foreign = { url: `${ORIGIN}/`, headers: { 'x-of': 'request' } } as unknown as Request;
    void fetch(foreign, { signal: new AbortController().signal });
    expect(new Headers(fetched[0]?.init?.headers).get('x-of')).toBe('request');
    expect(fetched[0]?.input).toBe(foreign);
  });

  test('is told of once it has been aborted through its Request', () => {
    const { fetch, fetched } = setUp();
    const controller = new AbortController();
    void fetch(new Request(`${ORIGIN}/`, { signal: controller.signal }));
    controller.abort();
    expect(told[0]).toEqual([GIVEN_UP_CHANNEL, idOf(fetched[0])]);
  });

  test('keeps the referrer of its Request, which options would reset (Fetch section 5.4, step 13)', () => {
    const { fetch, fetched } = setUp();
    const { signal } = new AbortController();
    const plain = { referrer: 'about:client', referrerPolicy: 'origin' } as const;
    void fetch(new Request(`${ORIGIN}/`, { signal, ...plain }));
    expect(fetched[0]?.init).toMatchObject(plain);
    void fetch(new Request(`${ORIGIN}/`, plain), { signal, referrerPolicy: 'no-referrer' });
    expect(fetched[1]?.init).toMatchObject({ referrerPolicy: 'no-referrer' });
    void fetch('/', { signal });
    expect(fetched[2]?.init).not.toHaveProperty('referrer');
  });

  test('has ended when there is an answer: what is aborted then is the body', async () => {
    const { fetch, fetched } = setUp();
    const controller = new AbortController();
    const answer = fetch('/', { signal: controller.signal });
    const response = new Response('x');
    fetched[0]?.answer(response);
    expect(await answer).toBe(response);
    controller.abort();
    expect(told).toEqual([]);
  });

  test('has ended when it has failed', async () => {
    const { fetch, fetched } = setUp();
    const controller = new AbortController();
    const answer = fetch('/', { signal: controller.signal });
    fetched[0]?.fail(new TypeError('failed'));
    await expect(answer).rejects.toThrow('failed');
    // The word of an abort that made it fail has to come first.
    await Promise.resolve();
    controller.abort();
    expect(told).toEqual([]);
  });
});

describe('a body', () => {
  const post = { method: 'POST', body: 'zwölf' };

  test('has its length said with the number of the fetch, which needs no signal for it', async () => {
    const { fetch, fetched } = setUp();
    const answer = fetch('api', post);
    expect([idOf(fetched[0])?.split('/')[1], fetched[0]?.init]).toEqual([
      '6',
      { ...post, headers: expect.anything() },
    ]);
    fetched[0]?.answer(new Response('x'));
    expect(await (await answer).text()).toBe('x');
    expect(told).toEqual([]);
  });

  test('has it said where a Request brings it', () => {
    const { realm, fetch, fetched } = setUp();
    const headers = { 'x-of': 'request' };
    void fetch(new realm.Request(`${ORIGIN}/api`, { ...post, headers }));
    expect(idOf(fetched[0])?.split('/')[1]).toBe('6');
    expect(new Headers(fetched[0]?.init?.headers).get('x-of')).toBe('request');
  });

  test('for another site, and a stream, are left alone', () => {
    const { fetch, fetched } = setUp();
    void fetch('https://x.example/', post);
    void fetch('api', { ...post, body: new ReadableStream() });
    expect(fetched.map(idOf)).toEqual([undefined, undefined]);
  });
});

describe('a fetch is left alone', () => {
  const { signal } = new AbortController();

  test.each<[string, [RequestInfo | URL, RequestInit?]]>([
    ['without a signal', ['/']],
    ['with one that has been aborted already', ['/', { signal: AbortSignal.abort() }]],
    ['for another site, where the field would need permission', ['https://x.example/', { signal }]],
    ['for another port', [new URL('https://s.example:8443/'), { signal }]],
    ['for what is no URL, which it says itself', ['http://[', { signal }]],
    ['with header fields it can’t take', ['/', { signal, headers: { 'a b': '1' } }]],
  ])('%s', (_, args) => {
    const { fetch, fetched } = setUp();
    void fetch(...args);
    expect([fetched[0]?.input, fetched[0]?.init]).toEqual([args[0], args[1]]);
    expect(fetched[0]?.init).toBe(args[1]);
  });

  test('a signal that the call takes back does not count (Fetch section 5.4, step 28)', () => {
    const { fetch, fetched } = setUp();
    const controller = new AbortController();
    void fetch(new Request(`${ORIGIN}/`, { signal: controller.signal }), { signal: null });
    expect(idOf(fetched[0])).toBeUndefined();
    controller.abort();
    expect(told).toEqual([]);
  });

  test.each<[string, unknown[]]>([
    ['nothing', []],
    ['null', [null]],
    ['null for its options', ['/', null]],
    ['what throws when it is read', [Object.create(null), { signal }]],
  ])('called with %s it leaves the error to the browser', (_, args) => {
    const { fetch, fetched } = setUp();
    expect(() => Reflect.apply(fetch, undefined, args) as unknown).not.toThrow();
    expect(fetched[0]?.input).toBe(args[0]);
    expect(fetched[0]?.init).toBe(args[1]);
  });

  test('it is called on what it was called on, and looks as it did', () => {
    const { realm } = setUp();
    expect([realm.fetch.name, realm.fetch.length]).toEqual(['fetch', 2]);
  });
});

describe('an XMLHttpRequest', () => {
  const send = (Xhr: typeof FakeXhr, ...args: unknown[]): FakeXhr => {
    const xhr = new Xhr();
    xhr.open('GET', ...args);
    xhr.send('body');
    return xhr;
  };

  test.each<[string, (xhr: FakeXhr) => void]>([
    ['it is given up', (xhr) => xhr.abort()],
    ['its time is over', (xhr) => xhr.fire('timeout')],
  ])('is numbered, and its number is told when %s', (_, end) => {
    const { Xhr } = setUp();
    const xhr = send(Xhr, 'api');
    const id = xhr.headers.get(REQUEST_ID);
    expect(id).toMatch(UUID);
    expect([xhr.opened, xhr.sent]).toEqual([['GET', 'api'], [['body']]]);
    end(xhr);
    expect(told).toEqual([[GIVEN_UP_CHANNEL, id], 'closed']);
    end(xhr);
    expect(told).toHaveLength(2);
  });

  test('that has ended by itself is told of no more than one that has failed', () => {
    const { Xhr } = setUp();
    const xhr = send(Xhr, 'api');
    for (const type of ['load', 'error', 'loadend']) xhr.fire(type);
    expect(told).toEqual([]);
  });

  test.each([
    ['for another site', ['https://x.example/']],
    ['that blocks its page', ['api', false]],
  ])('%s is left alone', (_, args) => {
    const { Xhr } = setUp();
    expect(send(Xhr, ...args).headers.size).toBe(0);
  });

  test('is numbered anew each time it is sent', () => {
    const { Xhr } = setUp();
    const xhr = send(Xhr, 'api');
    const first = xhr.headers.get(REQUEST_ID);
    xhr.open('GET', 'api', true);
    xhr.send();
    expect(xhr.headers.get(REQUEST_ID)).not.toBe(first);
  });

  test('that is sent without being open, or twice, is the browser’s to refuse', () => {
    const { Xhr } = setUp();
    const unopened = new Xhr();
    unopened.send();
    const twice = send(Xhr, 'api');
    twice.headers.clear();
    twice.send();
    const changed = new Xhr();
    changed.open('GET', 'api');
    changed.readyState = 2;
    changed.send();
    expect([unopened, twice, changed].map(({ headers }) => headers.size)).toEqual([0, 0, 0]);
  });

  test('is not looked for in workers that have none', () => {
    const realm = {
      Request: class extends Request {},
      fetch: () => undefined,
      location: { origin: ORIGIN },
    };
    const worker = realm as unknown as typeof globalThis;
    expect(() => tellGivenUp(worker, () => ORIGIN)).not.toThrow();
  });
});
