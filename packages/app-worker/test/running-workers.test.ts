import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { AppScripts } from '../src/service-worker/app-scripts.js';
import { describeRequest } from '../src/service-worker/describe-request.js';
import { RunningWorkers } from '../src/service-worker/running-workers.js';
import { newRegistration, newVersion } from '../src/service-worker/versions.js';
import { WhileBusy } from '../src/service-worker/while-busy.js';
const REQUEST_ID = 'wingman-request-id';

/** A tab whose shell has been asked for a worker, and what the worker would hold: the other end of its port. */
function tab() {
  const ports: MessagePort[] = [];
  let isGone = false;
  const shell = { tab: 'tab', clientId: 'shell', port: null, isIsolated: false };
  // The two that starting takes of it.
  const scripts = { expect: jest.fn(), expectNoMore: jest.fn() } as unknown as AppScripts;
  const workers = new RunningWorkers(scripts, {
    shellOf: () => Promise.resolve(isGone ? undefined : shell),
    toShell: (_, __, transfer) => Promise.resolve(void ports.push(...(transfer as MessagePort[]))),
    ask: () => Promise.resolve(null),
    viewer: { keepBody: () => Promise.resolve(null), requestIdHeader: 'x-number' },
    keepRedirect: () => '',
    toClient: () => undefined,
  });
  const version = newVersion('https://session.example/sw.js', 'classic');
  const close = (): void => {
    isGone = true;
    ports.forEach((port) => port.close());
  };
  return {
    ...{ ports, close, workers },
    started: workers.get(version, newRegistration('https://session.example/'), 'tab'),
    again: () => workers.get(version, newRegistration('https://session.example/'), 'tab'),
  };
}

beforeEach(
  () => void jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick'] }),
);
afterEach(() => void jest.useRealTimers());

const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a worker whose tab goes', () => {
  test('while it starts has failed', async () => {
    const { close, started, workers } = tab();
    const outcome = expect(started).rejects.toThrow('has ended');
    await turns();
    close();
    await workers.sweep();
    await outcome;
  });

  test('has failed in what it was about to do, and in what comes after', async () => {
    const { again, close, ports, started, workers } = tab();
    await turns();
    ports[0]?.postMessage({ kind: 'loaded', handlesFetch: true });
    const worker = await started;
    const installed = worker.lifecycle('install');
    await workers.sweep();
    expect(await again()).toBe(worker);
    close();
    await workers.sweep();
    expect([await installed, await worker.lifecycle('activate')]).toEqual([false, false]);
    await expect(again()).rejects.toThrow('no tab');
  });
});

test('what is done while anything is under way ends with the last of it', async () => {
  const act = jest.fn();
  const busy = new WhileBusy(act, 10);
  const ends: (() => void)[] = [];
  const work = [1, 2].map((value) =>
    busy.during(new Promise<number>((resolve) => ends.push(() => resolve(value)))),
  );
  jest.advanceTimersByTime(25);
  ends[0]?.();
  expect(await work[0]).toBe(1);
  jest.advanceTimersByTime(10);
  expect(act).toHaveBeenCalledTimes(3);
  const failed = busy.during(Promise.reject(new Error('on purpose')));
  await expect(failed).rejects.toThrow('on purpose');
  ends[1]?.();
  expect(await work[1]).toBe(2);
  jest.advanceTimersByTime(100);
  expect(act).toHaveBeenCalledTimes(3);
});

test('the app’s worker does not see the number that the shim gives a request', () => {
  const headers = { [REQUEST_ID]: 'one', 'x-own': 'yes' };
  const { headers: seen } = describeRequest(
    new Request('https://session.example/', { headers }),
    REQUEST_ID,
  );
  expect(seen).toEqual([['x-own', 'yes']]);
});
