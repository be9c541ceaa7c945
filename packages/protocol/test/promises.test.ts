import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { deferred, within } from '../src/promises.js';

describe('a deferred', () => {
  test('resolves and rejects from outside, once', async () => {
    const good = deferred<number>();
    good.resolve(1);
    good.reject(new Error('too late'));
    expect(await good.promise).toBe(1);
    const bad = deferred<number>();
    bad.reject(new Error('no'));
    await expect(bad.promise).rejects.toThrow('no');
  });

  test('that is rejected while nobody looks is no unhandled rejection', async () => {
    const unhandled: unknown[] = [];
    const listener = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', listener);
    deferred<number>().reject(new Error('nobody looks'));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', listener);
    expect(unhandled).toEqual([]);
  });
});

describe('within', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  test('is the promise when it settles in time, and leaves no timer', async () => {
    expect(await within(Promise.resolve('done'), 1_000)).toBe('done');
    await expect(within(Promise.reject(new Error('no')), 1_000)).rejects.toThrow('no');
    expect(jest.getTimerCount()).toBe(0);
  });

  test('is undefined when the time is over', async () => {
    let result: unknown = 'waiting';
    const waiting = within(new Promise(() => undefined), 1_000).then((value) => (result = value));
    await jest.advanceTimersByTimeAsync(999);
    expect(result).toBe('waiting');
    await jest.advanceTimersByTimeAsync(1);
    await waiting;
    expect(result).toBeUndefined();
  });
});
