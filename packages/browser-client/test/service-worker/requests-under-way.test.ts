import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { SERVICE_WORKER_LIMITS } from '../../src/shared/limits.js';
import { REQUEST_ID } from '../../src/shared/request-fields.js';
import { Exchanges, ownerOf } from '../../src/service-worker/exchanges.js';
import { GivenUp, nobodyWaits } from '../../src/service-worker/given-up.js';
import { HeldPosts } from '../../src/service-worker/held-posts.js';
import type { TunnelFetch } from '../../src/service-worker/tunnel-fetch.js';
import { ORIGIN } from '../support/tunnelled-tab.js';

describe('held forms', () => {
  const form = (): Request => new Request(`${ORIGIN}/submit`, { method: 'POST', body: 'a=1' });

  beforeEach(() => void jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask'] }));
  afterEach(() => void jest.useRealTimers());

  test('are awaited from the moment a shell says so until its frame has asked', async () => {
    const posts = new HeldPosts();
    await posts.hold('shell', form());
    expect(posts.isAwaited(`${ORIGIN}/submit`)).toBe(false);
    posts.announce('shell', `${ORIGIN}/submit`);
    expect(posts.isAwaited(`${ORIGIN}/submit`)).toBe(true);
    expect(posts.isAwaited(`${ORIGIN}/other`)).toBe(false);
    posts.take('shell', `${ORIGIN}/submit`);
    expect(posts.isAwaited(`${ORIGIN}/submit`)).toBe(false);
  });

  test('of one tab follow each other: the time of the first does not end the second', async () => {
    const posts = new HeldPosts();
    await posts.hold('shell', form());
    jest.advanceTimersByTime(SERVICE_WORKER_LIMITS.heldPostMs - 1);
    const second = form();
    await posts.hold('shell', second);
    jest.advanceTimersByTime(1);
    posts.announce('shell', second.url);
    expect(posts.take('shell', second.url)).toMatchObject({ request: second });
  });

  test('that are too large are not held', async () => {
    const posts = new HeldPosts();
    const large = form();
    const blob = { size: SERVICE_WORKER_LIMITS.heldPostBytes + 1 };
    Object.defineProperty(large, 'blob', { value: () => Promise.resolve(blob) });
    expect(await posts.hold('shell', large)).toBe(false);
    posts.announce('shell', large.url);
    expect(posts.take('shell', large.url)).toBe('lost');
  });
});

/** An exchange that the test ends. */
function exchange() {
  const aborted: string[] = [];
  let finish: () => void = () => undefined;
  const done = new Promise<void>((resolve) => (finish = resolve));
  const fake = { abort: ({ code }: { code: string }) => void aborted.push(code), done };
  return { fake: fake as unknown as TunnelFetch, aborted, finish };
}

describe('requests that were given up', () => {
  const numbered = (id: string) => ({ headers: new Headers({ [REQUEST_ID]: id }) });

  test('are remembered up to a number: an old one counts as a new one', () => {
    const givenUp = new GivenUp();
    givenUp.giveUp('old');
    for (let index = 1; index < SERVICE_WORKER_LIMITS.maxGivenUp; index += 1) {
      givenUp.giveUp(`id-${index}`);
    }
    expect(givenUp.has(numbered('old'))).toBe(true);
    givenUp.giveUp('one more');
    expect(givenUp.has(numbered('old'))).toBe(false);
    expect(givenUp.has({ headers: new Headers() })).toBe(false);
  });

  test('are no business of what has ended before, also when it ended with an error', async () => {
    const givenUp = new GivenUp();
    const failing = givenUp.during(numbered('one'), () => Promise.reject(new Error('failed')));
    await expect(failing).rejects.toThrow('failed');
    const { fake, aborted } = exchange();
    givenUp.giveUp('one');
    givenUp.add(numbered('two'), fake);
    givenUp.giveUp('one');
    expect(aborted).toEqual([]);
  });

  test('are answered with nothing', () => {
    expect([nobodyWaits().status, nobodyWaits().body]).toEqual([204, null]);
  });
});

describe('exchanges under way', () => {
  test('end with the tab that carries them, and those of other tabs go on', async () => {
    const gone = new Set<string>();
    const exchanges = new Exchanges(
      (tab) => Promise.resolve(gone.has(tab)),
      () => Promise.resolve(false),
    );
    const [one, two] = [exchange(), exchange()];
    exchanges.add('one', one.fake);
    exchanges.add('two', two.fake);
    await exchanges.sweep();
    expect(one.aborted).toEqual([]);
    gone.add('one');
    await exchanges.sweep();
    expect([one.aborted, two.aborted]).toEqual([['LINK_LOST'], []]);
    one.finish();
    two.finish();
  });

  test('are looked after for as long as there are any, and not after', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask'] });
    let looks = 0;
    const exchanges = new Exchanges(
      () => Promise.resolve((looks += 1) < 0),
      () => Promise.resolve(false),
    );
    const [one, two] = [exchange(), exchange()];
    exchanges.add('tab', one.fake);
    exchanges.add('tab', two.fake);
    await jest.advanceTimersByTimeAsync(SERVICE_WORKER_LIMITS.keepAliveMs);
    expect(looks).toBe(1);
    one.finish();
    await jest.advanceTimersByTimeAsync(SERVICE_WORKER_LIMITS.keepAliveMs);
    expect(looks).toBe(2);
    two.finish();
    await jest.advanceTimersByTimeAsync(2 * SERVICE_WORKER_LIMITS.keepAliveMs);
    expect([looks, jest.getTimerCount()]).toEqual([2, 0]);
    jest.useRealTimers();
  });

  test('belong to what has asked, but for navigations, beacons and the unknown', () => {
    const plain = new Request(ORIGIN);
    expect(ownerOf(plain, 'page')).toBe('page');
    expect(ownerOf(plain, '')).toBeUndefined();
    expect(ownerOf(new Request(ORIGIN, { keepalive: true }), 'page')).toBeUndefined();
    const navigation = Object.defineProperty(new Request(ORIGIN), 'mode', { value: 'navigate' });
    expect(ownerOf(navigation, 'page')).toBeUndefined();
  });
});
