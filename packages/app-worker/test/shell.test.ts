import { describe, expect, jest, test } from '@jest/globals';
import { APP_WORKER_LIMITS } from '../src/limits.js';
import type { ToPage, ToShell, WorkerStart } from '../src/messages.js';
import { AppWorkerHost } from '../src/shell/app-worker-host.js';
import { stopClock } from './support/clock.js';

stopClock();

const START: WorkerStart = {
  ...{ version: 'one', scriptUrl: 'https://session.example/sw.js', type: 'classic', tab: 'tab' },
  registration: {
    ...{ id: 'r', scope: 'https://session.example/', updateViaCache: 'imports' },
    ...{ installing: null, waiting: null, active: null },
  },
};

class WorkerOfTest {
  onmessage: (() => void) | null = null;
  onerror: (() => void) | null = null;
  isTerminated = false;
  readonly heard: { data: unknown; ports: readonly unknown[] }[] = [];

  constructor(readonly url: string) {}

  postMessage(data: unknown, ports: unknown[]): void {
    this.heard.push({ data, ports });
  }

  terminate(): void {
    this.isTerminated = true;
  }
}

/** A port that keeps what is posted to it. */
class PortOfTest {
  readonly posted: unknown[] = [];

  postMessage(message: unknown): void {
    this.posted.push(message);
  }
}

function bench(isControlled = true) {
  const workers: WorkerOfTest[] = [];
  const container = Object.assign(new EventTarget(), { controller: isControlled ? {} : null });
  const start = (url: string): Worker => {
    const worker = new WorkerOfTest(url);
    workers.push(worker);
    // The parts of a Worker that the host uses.
    return worker as unknown as Worker;
  };
  const host = new AppWorkerHost(container as unknown as ServiceWorkerContainer, start);
  const hear = (
    data: ToShell | ToPage | { kind: string } | undefined,
    ports: unknown[] = [],
  ): boolean =>
    // The parts of a message event that the host looks at.
    host.heard({ data, ports } as unknown as MessageEvent);
  const want = (version = 'one'): PortOfTest => {
    const port = new PortOfTest();
    hear({ kind: 'wingman-app-worker-wanted', start: { ...START, version } }, [port]);
    return port;
  };
  return { host, hear, want, workers, container };
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Lets time pass. */
async function pass(milliseconds: number): Promise<void> {
  jest.advanceTimersByTime(milliseconds);
  await turns();
}

describe('a version that is wanted', () => {
  test('is started at the URL of its script, and connected when it is ready', async () => {
    const { want, workers } = bench();
    const port = want();
    await turns();
    expect(workers.map(({ url }) => url)).toEqual(['https://session.example/sw.js']);
    expect(workers[0]?.heard).toEqual([]);
    workers[0]?.onmessage?.();
    await turns();
    expect(workers[0]?.heard).toEqual([{ data: { start: START }, ports: [port] }]);
  });

  test('is found running when it is wanted again', async () => {
    const { want, workers } = bench();
    want();
    await turns();
    workers[0]?.onmessage?.();
    const again = want();
    await turns();
    expect(workers).toHaveLength(1);
    expect(workers[0]?.heard[1]?.ports).toEqual([again]);
  });

  test('has a worker of its own, beside other versions', async () => {
    const { want, workers } = bench();
    want('one');
    want('two');
    await turns();
    expect(workers).toHaveLength(2);
  });

  test.each([
    ['whose script fails', (worker: WorkerOfTest | undefined) => worker?.onerror?.(), 0],
    ['that says nothing in time', () => undefined, APP_WORKER_LIMITS.startMs],
  ])('and %s is ended, and the service worker told', async (_, act, after) => {
    const { want, workers } = bench();
    const port = want();
    await turns();
    act(workers[0]);
    await pass(after);
    expect(port.posted).toMatchObject([{ kind: 'failed', refusal: { name: 'TypeError' } }]);
    expect(workers[0]?.isTerminated).toBe(true);
    want();
    await turns();
    expect(workers).toHaveLength(2);
  });

  test('waits until a service worker controls the page: its script has to come from there', async () => {
    const { want, workers, container } = bench(false);
    want();
    await turns();
    expect(workers).toEqual([]);
    container.dispatchEvent(new Event('controllerchange'));
    await turns();
    expect(workers).toHaveLength(1);
  });

  test('is started without one after the deadline', async () => {
    const { want, workers } = bench(false);
    want();
    await pass(APP_WORKER_LIMITS.handOverMs - 1);
    expect(workers).toEqual([]);
    await pass(1);
    expect(workers).toHaveLength(1);
  });

  test('without a port is not started', async () => {
    const { hear, workers } = bench();
    expect(hear({ kind: 'wingman-app-worker-wanted', start: START })).toBe(true);
    await turns();
    expect(workers).toEqual([]);
  });
});

describe('a version that is over', () => {
  test('is ended, and the others go on', async () => {
    const { want, hear, workers } = bench();
    want('one');
    want('two');
    await turns();
    hear({ kind: 'wingman-app-worker-over', version: 'one' });
    hear({ kind: 'wingman-app-worker-over', version: 'unknown' });
    expect(workers.map(({ isTerminated }) => isTerminated)).toEqual([true, false]);
  });
});

describe('the end of the session', () => {
  test('ends all versions, and waits for the service worker’s word', async () => {
    const { host, want, hear, workers } = bench();
    want('one');
    want('two');
    await turns();
    const told: unknown[] = [];
    let isOver = false;
    void host
      .end({ postMessage: (message: unknown) => told.push(message) })
      .then(() => (isOver = true));
    await turns();
    expect(workers.every(({ isTerminated }) => isTerminated)).toBe(true);
    expect(told).toEqual([{ kind: 'app-worker-ask', id: 0, ask: { op: 'end' } }]);
    expect(isOver).toBe(false);
    const snapshot = { registrations: [], controller: null };
    expect(hear({ kind: 'wingman-app-worker-state', snapshot, answers: 0, value: null })).toBe(
      true,
    );
    await turns();
    expect(isOver).toBe(true);
  });

  test('also when the service worker refuses', async () => {
    const { host, hear } = bench();
    const over = host.end({ postMessage: () => undefined });
    hear({
      kind: 'wingman-app-worker-refused',
      answers: 0,
      refusal: { name: 'Error', message: '' },
    });
    await expect(over).resolves.toBeUndefined();
  });

  test('also when it says nothing', async () => {
    const { host } = bench();
    const over = host.end({ postMessage: () => undefined });
    await pass(APP_WORKER_LIMITS.handOverMs);
    await expect(over).resolves.toBeUndefined();
  });

  test('also when there is none', async () => {
    await expect(bench().host.end(undefined)).resolves.toBeUndefined();
  });
});

describe('other messages', () => {
  test.each([undefined, { kind: 'wingman-complaint' }, { kind: 'wingman-port-wanted' }])(
    '%j is none of ours',
    (message) => {
      expect(bench().hear(message)).toBe(false);
    },
  );
});
