import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Scripts } from '../src/service-worker/scripts.js';
import { RunningWorkers } from '../src/service-worker/running-workers.js';
import { newRegistration, newVersion } from '../src/service-worker/versions.js';
import type { ToShell } from '../src/messages.js';
import { APP_WORKER_LIMITS } from '../src/limits.js';
import { sendStream } from '@wingman/protocol/ports';
import { besideWorkers } from './support/beside-workers.js';

const opened: (() => void)[] = [];

/** The app's worker answers one request with this stream: its answer, and the shell's list of who is over. */
async function answering(stream: ReadableStream<Uint8Array>) {
  const ports: MessagePort[] = [];
  const bodies: MessagePort[] = [];
  const over: string[] = [];
  const shell = { tab: 'tab', clientId: 'shell', port: null, isIsolated: false };
  const hear = (message: ToShell, transfer: Transferable[]): void => {
    ports.push(...(transfer as MessagePort[]));
    if (message.kind === 'wingman-app-worker-over') over.push(message.version);
  };
  // The two that starting takes of it.
  const scripts = { expect: jest.fn(), expectNoMore: jest.fn() } as unknown as Scripts;
  const workers = new RunningWorkers(scripts, {
    ...besideWorkers(),
    shellOf: () => Promise.resolve(shell),
    toShell: (_, message, transfer) => Promise.resolve(hear(message, transfer)),
  });
  const version = newVersion('https://session.example/sw.js', 'classic');
  const started = workers.get(version, newRegistration('https://session.example/'), 'tab');
  await turns();
  const [port] = ports;
  if (port === undefined) throw new Error('no worker was asked for');
  port.postMessage({ kind: 'loaded', handlesFetch: true });
  const worker = await started;
  port.onmessage = ({ data }: MessageEvent<{ kind: string; id: number }>) => {
    if (data.kind !== 'fetch') return;
    const body = sendStream(stream);
    if (body !== null) bodies.push(body);
    const head = { status: 200, statusText: '', headers: [] };
    port.postMessage({ kind: 'answer', id: data.id, head, body }, body === null ? [] : [body]);
  };
  const request = new Request('https://session.example/');
  // What the worker takes of a FetchEvent, a type that tests don't have.
  const event = { request, clientId: '', resultingClientId: '' } as never;
  const network = (): Promise<Response> => Promise.reject(new Error('not asked for'));
  const answer = await worker.fetch(event, network, new AbortController().signal);
  if (answer?.body === undefined || answer.body === null) throw new Error('no body');
  const reader = answer.body.getReader();
  opened.push(() => {
    // By either end, also when a test has failed: an open port keeps the process alive.
    reader.cancel().catch(() => undefined);
    for (const each of [...ports, ...bodies]) each.close();
  });
  return { body: reader, over, version, worker, workers };
}

/** A stream that ends by hand. */
function byHand() {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  void writer.write(new TextEncoder().encode('first')).catch(() => undefined);
  return { stream: readable, end: () => writer.close() };
}

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** What has become of a promise; a test must not wait for one that never settles. */
function outcomeOf(promise: Promise<unknown>): Promise<string> {
  const settled = promise.then(
    () => 'fulfilled',
    (error: unknown) => String(error),
  );
  return Promise.race([settled, turns().then(() => 'pending')]);
}

beforeEach(
  () => void jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick'] }),
);
afterEach(() => {
  jest.useRealTimers();
  opened.splice(0).forEach((close) => close());
});

describe('a body that the app’s worker is sending', () => {
  test('breaks off when the worker is ended, and never looks like a whole one', async () => {
    const { body, worker } = await answering(byHand().stream);
    expect(text((await body.read()).value)).toBe('first');
    const next = body.read();
    worker.end();
    expect(await outcomeOf(next)).toContain('has ended');
  });

  test('stays whole when the worker is ended after it', async () => {
    const { body, worker } = await answering(new Blob(['whole']).stream());
    expect(text((await body.read()).value)).toBe('whole');
    const next = body.read();
    await turns();
    worker.end();
    expect((await next).done).toBe(true);
  });

  test('is waited for when the worker is replaced', async () => {
    const { stream, end } = byHand();
    const { body, over, version, workers } = await answering(stream);
    const retired = workers.retire(version);
    await turns();
    expect(over).toEqual([]);
    expect(text((await body.read()).value)).toBe('first');
    const next = body.read();
    await end();
    expect((await next).done).toBe(true);
    await retired;
    expect(over).toEqual([version.id]);
  });

  test('that its reader gives up is waited for no longer', async () => {
    const { body, over, version, workers } = await answering(byHand().stream);
    const retired = workers.retire(version);
    await turns();
    await body.cancel();
    await retired;
    expect(over).toEqual([version.id]);
  });

  test('holds a replaced worker up no longer than the deadline, and breaks off then', async () => {
    const { body, over, version, workers } = await answering(byHand().stream);
    await body.read();
    const next = body.read();
    next.catch(() => undefined);
    const retired = workers.retire(version);
    await turns();
    jest.advanceTimersByTime(APP_WORKER_LIMITS.retireMs - 1);
    await turns();
    expect(over).toEqual([]);
    jest.advanceTimersByTime(1);
    await retired;
    expect(await outcomeOf(next)).toContain('has ended');
    expect(over).toEqual([version.id]);
  });
});
