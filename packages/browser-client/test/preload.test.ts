import { describe, expect, test } from '@jest/globals';
import { WingmanError, type HttpResponse } from '@wingman/protocol';
import type { FetchHead } from '../src/shared/exchange-messages.js';
import { BROWSER_LIMITS } from '../src/shared/limits.js';
import { Preload } from '../src/worker/preload.js';
import { FakeClock, settle } from './support/fake-clock.js';

const HEAD: FetchHead = {
  method: 'GET',
  target: '/a',
  headers: [],
  destination: 'iframe',
  mode: 'navigate',
  hasBody: false,
  hasCredentials: true,
};

function sent(answer: Promise<HttpResponse> = new Promise(() => undefined)) {
  const clock = new FakeClock();
  const preload = new Preload(HEAD, clock);
  let signal: AbortSignal | undefined;
  preload.send((_, given) => {
    signal = given;
    return answer;
  });
  return { clock, preload, isAborted: () => signal?.aborted === true };
}

describe('Preload', () => {
  test('is claimed once, by the navigation it was for', async () => {
    const { preload, clock, isAborted } = sent();
    expect(await preload.claim({ ...HEAD, target: '/b' })).toBeUndefined();
    expect(await preload.claim({ ...HEAD, mode: 'cors' })).toBeUndefined();
    expect(await preload.claim({ ...HEAD, method: 'POST' })).toBeUndefined();
    expect(await preload.claim({ ...HEAD, destination: 'frame' })).toBeUndefined();
    expect(await preload.claim(HEAD)).toBeDefined();
    expect(await preload.claim(HEAD)).toBeUndefined();
    await clock.advance(60_000);
    expect(isAborted()).toBe(false);
    expect(clock.timers).toBe(0);
  });

  test('is given up when nobody claims it, and then not asked for a second time', async () => {
    const { preload, clock, isAborted } = sent();
    await clock.advance(BROWSER_LIMITS.preloadUnclaimedMs - 1);
    expect(isAborted()).toBe(false);
    await clock.advance(1);
    expect(isAborted()).toBe(true);
    const claim = await preload.claim(HEAD);
    await expect(claim?.response).rejects.toMatchObject({ code: 'LINK_LOST' });
    // A person reloads: that is another request.
    expect(await preload.claim(HEAD)).toBeUndefined();
  });

  test('a failure is the claimer’s, who must not send it again', async () => {
    const { preload } = sent(Promise.reject(new WingmanError('LINK_LOST', 'gone')));
    await settle();
    const claim = await preload.claim(HEAD);
    await expect(claim?.response).rejects.toMatchObject({ code: 'LINK_LOST' });
  });

  test('the claimer can give it up', async () => {
    const { preload, isAborted } = sent();
    (await preload.claim(HEAD))?.abort();
    expect(isAborted()).toBe(true);
  });

  test('a claim that comes early waits until it was sent', async () => {
    const preload = new Preload(HEAD, new FakeClock());
    let isClaimed = false;
    const claim = preload.claim(HEAD).then((given) => (isClaimed = given !== undefined));
    await settle();
    expect(isClaimed).toBe(false);
    preload.send(() => new Promise(() => undefined));
    expect(await claim).toBe(true);
  });

  test('once the first flight has failed it is neither claimed nor sent', async () => {
    const preload = new Preload(HEAD, new FakeClock());
    const claim = preload.claim(HEAD);
    preload.cancelUnsent();
    expect(await claim).toBeUndefined();
    let isSent = false;
    preload.send(() => {
      isSent = true;
      return new Promise(() => undefined);
    });
    expect(isSent).toBe(false);
  });

  test('a failure later does not touch what was sent', () => {
    const { preload, isAborted } = sent();
    preload.cancelUnsent();
    expect([isAborted(), preload.state]).toEqual([false, 'unclaimed']);
  });
});
