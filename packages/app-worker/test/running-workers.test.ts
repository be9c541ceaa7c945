import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Scripts } from '../src/service-worker/scripts.js';
import { RunningWorkers } from '../src/service-worker/running-workers.js';
import { newRegistration, newVersion } from '../src/service-worker/versions.js';
import { besideWorkers } from './support/beside-workers.js';

/** A tab whose shell has been asked for a worker, and what the worker would hold: the other end of its port. */
function tab() {
  const ports: MessagePort[] = [];
  let isGone = false;
  const shell = { tab: 'tab', clientId: 'shell', port: null, isIsolated: false };
  // The two that starting takes of it.
  const scripts = { expect: jest.fn(), expectNoMore: jest.fn() } as unknown as Scripts;
  const workers = new RunningWorkers(scripts, {
    ...besideWorkers(),
    shellOf: () => Promise.resolve(isGone ? undefined : shell),
    toShell: (_, __, transfer) => Promise.resolve(void ports.push(...(transfer as MessagePort[]))),
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
