import { describe, expect, test } from '@jest/globals';
import { answer } from '@wingman/protocol/ports';
import { NO_LINK, type LinkStatus } from '../../src/shared/status.js';
import type { WorkerToShell } from '../../src/shared/worker-messages.js';
import type { SocketEvent, SocketRequest } from '../../src/shared/exchange-messages.js';
import { BROWSER_LIMITS } from '../../src/shared/limits.js';
import { TunnelClient } from '../../src/shell/tunnel-client.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { FakeWorker } from '../support/fake-worker.js';

const { maxWorkerRestarts, workerQuestionMs, workerRestartSpanMs, workerUnanswered } =
  BROWSER_LIMITS;
const HANG_MS = workerQuestionMs * (workerUnanswered + 1);
const UP: LinkStatus = { ...NO_LINK, mode: 'relay', rttMs: 12 };
const REQUEST: SocketRequest = { target: '/ws', protocols: [], headers: [], hasCredentials: true };

function setUp(early: WorkerToShell[] = []) {
  const workers = [new FakeWorker()];
  const heard: WorkerToShell[] = [];
  const lost: [why: string, isReplaced: boolean][] = [];
  const clock = new FakeClock();
  const startAnother = (): Worker => {
    const worker = new FakeWorker();
    workers.push(worker);
    return worker.asWorker;
  };
  const events = {
    onMessage: (message: WorkerToShell) => void heard.push(message),
    onLost: (why: string, isReplaced: boolean) => void lost.push([why, isReplaced]),
  };
  const latest = (): FakeWorker => workers.at(-1) ?? new FakeWorker();
  const start = { worker: latest().asWorker, messages: early, startAnother };
  const client = new TunnelClient(start, 'tab-1', events, clock);
  return { client, workers, latest, heard, lost, clock };
}

/** Lets time pass in which the worker answers every question. */
async function alive(clock: FakeClock, worker: FakeWorker, milliseconds: number): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed += workerQuestionMs) {
    await clock.advance(workerQuestionMs);
    worker.says({ kind: 'status', status: UP });
  }
}

describe('messages', () => {
  test('what the worker has said before is heard first, when the shell is complete', async () => {
    const { client, heard, latest } = setUp([
      { kind: 'link', id: 'a' },
      { kind: 'status', status: UP },
    ]);
    expect(heard).toEqual([]);
    await settle();
    expect(heard.map(({ kind }) => kind)).toEqual(['link', 'status']);
    expect(client.last).toEqual(UP);
    latest().says({ kind: 'connected' });
    expect(heard.at(-1)).toEqual({ kind: 'connected' });
  });

  test('the worker learns its tab at once, and what the shell asks of it as it comes', () => {
    const { client, latest } = setUp();
    const cookies = { text: 'a=1', path: '/' };
    client.updateCookies(cookies);
    client.announceDownload('/file', 'name');
    client.giveFingerprints(3, { local: 'l', remote: 'r' });
    client.endChannel(3);
    client.serviceWorkerAlive('i');
    client.prefer('relay');
    client.spareRelay(true);
    client.watched(false);
    client.wake();
    expect(latest().posted).toEqual([
      { kind: 'tab', tab: 'tab-1' },
      { kind: 'cookies', cookies },
      { kind: 'download', url: '/file', name: 'name' },
      { kind: 'p2p-fingerprints', attempt: 3, fingerprints: { local: 'l', remote: 'r' } },
      { kind: 'p2p-ended', attempt: 3 },
      { kind: 'service-worker-alive', instance: 'i' },
      { kind: 'prefer', preference: 'relay' },
      { kind: 'spare-relay', isSpared: true },
      { kind: 'watched', isWatched: false },
      { kind: 'wake' },
    ]);
  });

  test('ports go along with what they are for', () => {
    const { client, latest } = setUp();
    const { port1, port2 } = new MessageChannel();
    client.addServiceWorker('i', port1);
    client.openWebSocket(REQUEST, port2);
    expect(latest().kinds().slice(1)).toEqual(['service-worker', 'web-socket']);
    expect(latest().transferred.slice(1)).toEqual([[port1], [port2]]);
    port1.close();
  });
});

describe('a data channel', () => {
  const channel = () => ({ binaryType: 'blob', bufferedAmount: 0 }) as unknown as RTCDataChannel;

  test('is transferred where the engine can', () => {
    const { client, latest } = setUp();
    const given = channel();
    client.giveChannel(1, given);
    expect(latest().posted.at(-1)).toMatchObject({ attempt: 1, end: { kind: 'channel' } });
    expect(latest().transferred.at(-1)).toEqual([given]);
  });

  test('is pumped over a port where it can’t', () => {
    const { client, latest } = setUp();
    const given = channel();
    latest().refuses = (object) => (object as unknown) === given;
    client.giveChannel(2, given);
    expect(latest().posted.at(-1)).toMatchObject({ attempt: 2, end: { kind: 'port' } });
    expect(given.binaryType).toBe('arraybuffer');
    for (const port of latest().transferred.at(-1) ?? []) (port as MessagePort).close();
  });
});

describe('the status', () => {
  test('is the worker’s answer', async () => {
    const { client, latest } = setUp();
    const status = client.status();
    const question = latest().posted.at(-1);
    if (question?.kind === 'status') answer(question.reply, { ...UP, switches: 7 });
    expect((await status).switches).toBe(7);
  });

  test('is the last one heard when the worker does not answer in time', async () => {
    const { client, latest } = setUp();
    latest().says({ kind: 'status', status: { ...UP, switches: 4 } });
    expect((await client.status()).switches).toBe(4);
  });
});

describe('a worker that lives', () => {
  test('is asked again and again, and stays', async () => {
    const { clock, latest, lost, workers } = setUp();
    await alive(clock, latest(), 10 * HANG_MS);
    expect(
      latest()
        .kinds()
        .filter((kind) => kind === 'ping').length,
    ).toBeGreaterThan(50);
    expect(lost).toEqual([]);
    expect(workers).toHaveLength(1);
  });

  test('may miss all questions but one', async () => {
    const { clock, latest, lost } = setUp();
    for (let round = 0; round < 5; round += 1) {
      await clock.advance(workerQuestionMs * workerUnanswered);
      latest().says({ kind: 'status', status: UP });
    }
    expect(lost).toEqual([]);
  });

  test('is not judged by questions from before a sleep', async () => {
    const { client, clock, latest, lost } = setUp();
    await clock.advance(workerQuestionMs * workerUnanswered);
    client.wake();
    await clock.advance(workerQuestionMs);
    latest().says({ kind: 'status', status: UP });
    expect(lost).toEqual([]);
  });

  test('is asked no more once it was terminated', async () => {
    const { client, clock, latest, lost } = setUp();
    client.terminate();
    await clock.advance(10 * HANG_MS);
    expect(latest().isTerminated).toBe(true);
    expect(latest().kinds()).toEqual(['tab']);
    expect(lost).toEqual([]);
    expect(clock.timers).toBe(0);
  });
});

describe('a worker that hangs', () => {
  test('is replaced after so many questions, and not before', async () => {
    const { clock, lost, workers } = setUp();
    await clock.advance(HANG_MS - 1);
    expect(lost).toEqual([]);
    await clock.advance(1);
    expect(lost).toEqual([['it does not answer', true]]);
    expect(workers.map(({ isTerminated }) => isTerminated)).toEqual([true, false]);
  });

  test('has a successor that serves the tab, by the path that was asked for, and is watched too', async () => {
    const { client, clock, latest, lost } = setUp();
    client.prefer('relay');
    client.watched(false);
    await clock.advance(HANG_MS);
    expect(latest().posted.slice(0, 3)).toEqual([
      { kind: 'tab', tab: 'tab-1' },
      { kind: 'prefer', preference: 'relay' },
      { kind: 'watched', isWatched: false },
    ]);
    await clock.advance(HANG_MS);
    expect(lost).toHaveLength(2);
  });

  test('is heard no more, whatever it still says', async () => {
    const { clock, heard, workers } = setUp();
    await clock.advance(HANG_MS);
    workers[0]?.says({ kind: 'connected' });
    workers[0]?.onerror?.({ message: 'late' });
    expect(heard).toEqual([]);
    expect(workers).toHaveLength(2);
  });

  test('leaves a status that says that a link was lost', async () => {
    const { client, clock, latest } = setUp();
    latest().says({ kind: 'status', status: UP });
    client.prefer('p2p');
    await clock.advance(HANG_MS);
    expect(client.last).toEqual({ ...NO_LINK, hasLost: true, preference: 'p2p' });
  });
});

describe('a worker that crashes', () => {
  test('is replaced at once, with what it said of the reason', () => {
    const { latest, lost, workers } = setUp();
    latest().onerror?.({ message: 'Error: injected' });
    expect(lost).toEqual([['Error: injected', true]]);
    expect(workers.map(({ isTerminated }) => isTerminated)).toEqual([true, false]);
  });

  test('is replaced when its code did not load, and when a message of it can’t be read', () => {
    const { latest, lost } = setUp();
    latest().onerror?.({});
    latest().onmessageerror?.();
    expect(lost).toEqual([
      ['its code failed', true],
      ['it sent what cannot be read', true],
    ]);
  });

  test('again and again is given up, and nothing runs any more', async () => {
    const { clock, latest, lost, workers } = setUp();
    for (let crash = 0; crash <= maxWorkerRestarts; crash += 1) latest().onerror?.({});
    expect(lost.map(([, isReplaced]) => isReplaced)).toEqual([
      ...new Array<boolean>(maxWorkerRestarts).fill(true),
      false,
    ]);
    expect(workers.every(({ isTerminated }) => isTerminated)).toBe(true);
    await clock.advance(10 * HANG_MS);
    expect(workers).toHaveLength(maxWorkerRestarts + 1);
  });

  test('now and then may go on for ever', async () => {
    const { clock, latest, lost } = setUp();
    for (let crash = 0; crash < 3 * maxWorkerRestarts; crash += 1) {
      latest().onerror?.({});
      await alive(clock, latest(), workerRestartSpanMs / maxWorkerRestarts);
    }
    expect(lost.every(([, isReplaced]) => isReplaced)).toBe(true);
  });

  test('for good ends the sockets that are opened later', async () => {
    const { client, latest } = setUp();
    for (let crash = 0; crash <= maxWorkerRestarts; crash += 1) latest().onerror?.({});
    const { port1, port2 } = new MessageChannel();
    const event = new Promise<SocketEvent>((resolve) => {
      port1.onmessage = ({ data }: MessageEvent<SocketEvent>) => resolve(data);
    });
    client.openWebSocket(REQUEST, port2);
    expect(await event).toMatchObject({ kind: 'closed', code: 1006, why: 'LINK_LOST' });
    port1.close();
  });
});
