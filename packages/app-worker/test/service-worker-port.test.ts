import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { ServiceWorkerPort } from '../src/emulation/service-worker-port.js';
import { APP_WORKER_LIMITS } from '../src/limits.js';
import type { FromEmulation, ToEmulation } from '../src/messages.js';

/** The service worker's end of the port. */
class FarEnd {
  readonly heard: FromEmulation[] = [];
  readonly #channel = new MessageChannel();

  constructor(port: ServiceWorkerPort) {
    port.connect(this.#channel.port2, () => undefined);
    this.#channel.port1.onmessage = ({ data }: MessageEvent<FromEmulation>) => {
      this.heard.push(data);
    };
  }

  tell(message: ToEmulation): void {
    this.#channel.port1.postMessage(message);
  }

  close(): void {
    this.#channel.port1.close();
  }
}

const ends: FarEnd[] = [];
let port: ServiceWorkerPort;

function connect(): FarEnd {
  const end = new FarEnd(port);
  ends.push(end);
  return end;
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick'] });
  port = new ServiceWorkerPort('https://session.example/sw.js');
});

afterEach(() => {
  for (const end of ends.splice(0)) end.close();
  jest.useRealTimers();
});

test('an ask that a killed service worker has not answered is asked again of the next one', async () => {
  const first = connect();
  const asked = port.ask({ op: 'claim' });
  await turns();
  const second = connect();
  await turns();
  expect(second.heard).toEqual([{ kind: 'ask', id: 1, ask: { op: 'claim' } }]);
  expect(second.heard).toEqual(first.heard);
  second.tell({ kind: 'told', id: 1, value: 'done' });
  expect(await asked).toBe('done');
});

test('an ask without an answer ends, and is not asked again after that', async () => {
  connect();
  const asked = expect(port.ask({ op: 'update' })).rejects.toThrow('No answer came in time.');
  await jest.advanceTimersByTimeAsync(APP_WORKER_LIMITS.answerMs);
  await asked;
  const next = connect();
  await turns();
  expect(next.heard).toEqual([]);
});

test('the way to the network has as long as the app takes', async () => {
  const end = connect();
  const asked = port.ask({ op: 'network', event: 3 });
  await jest.advanceTimersByTimeAsync(10 * APP_WORKER_LIMITS.answerMs);
  end.tell({ kind: 'told', id: 1, value: 'late' });
  expect(await asked).toBe('late');
});
