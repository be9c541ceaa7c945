import type { IncomingMessage, ServerResponse } from 'node:http';
import { setMaxListeners } from 'node:events';
import { expect, jest, test } from '@jest/globals';
import {
  headerValue,
  openWebSocket,
  request,
  type WebSocketRejected,
  type HttpResponse,
} from '@wingman/protocol';
import { HOST_LIMITS } from '../src/limits.js';
import { LocalApp } from '../src/exchange/local-app.js';
import { cleanups } from './support/cleanups.js';
import { FakeClock } from './support/fake-clock.js';
import { listen, type TestServer } from './support/servers.js';
import {
  openTunnel,
  requestHead,
  SESSION_ORIGIN,
  textOf,
  webSocketOpen,
} from './support/tunnel.js';
import { until } from './support/until.js';

// Hundreds of requests, and waits with deadlines of their own.
jest.setTimeout(120_000);

const HALF = HOST_LIMITS.localRequests / 2;
/** An app that holds `/held` for ever, streams `/events`, and answers everything else. */
async function startApp(): Promise<TestServer & { held: Set<IncomingMessage> }> {
  const held = new Set<IncomingMessage>();
  const handle = (incoming: IncomingMessage, response: ServerResponse): void => {
    if (incoming.url === '/held') {
      held.add(incoming);
      response.once('close', () => held.delete(incoming));
    } else if (incoming.url === '/events') {
      response.setHeader('content-type', 'text/event-stream');
      response.write('data: 1\n\n');
    } else {
      response.end('served');
    }
  };
  const server = await listen(handle);
  cleanups.push(() => server.close());
  return Object.assign(server, { held });
}

/** One host with the ingress and two viewers, on a clock of the test's. */
async function startHost() {
  const server = await startApp();
  const clock = new FakeClock();
  const app = new LocalApp(server.port, () => SESSION_ORIGIN, { clock });
  const join = (via: 'ingress' | 'viewer') => {
    const tunnel = openTunnel(server.port, via, app);
    cleanups.push(() => tunnel.close());
    return tunnel.mux;
  };
  return { server, clock, ingress: join('ingress'), viewer: join('viewer'), other: join('viewer') };
}

type Mux = Parameters<typeof request>[0];

async function expectServed(mux: Mux): Promise<void> {
  expect(await textOf((await request(mux, requestHead({}))).body)).toBe('served');
}

/** An upload that stops after its first byte. */
async function* stalled(signal: AbortSignal): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(1);
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  yield new Uint8Array();
}

const codeOf = ({ head }: HttpResponse): [number, string | undefined] => [
  head.status,
  headerValue(head.headers, 'wingman-error'),
];

test.each(['long polls', 'uploads that stop'])(
  'two hundred %s by the ingress keep no viewer waiting, and those in line are refused in time',
  async (kind) => {
    const { server, clock, ingress, viewer, other } = await startHost();
    const abort = new AbortController();
    const { signal } = abort;
    setMaxListeners(0, signal);
    const refused: [number, string | undefined][] = [];
    const open = (): Promise<unknown> => {
      const hasBody = kind !== 'long polls';
      const head = requestHead({ method: hasBody ? 'POST' : 'GET', target: '/held', hasBody });
      const body = hasBody ? { body: stalled(signal) } : {};
      return request(ingress, head, { signal, ...body }).then(
        (response) => refused.push(codeOf(response)),
        () => undefined,
      );
    };
    const attack = Array.from({ length: 200 }, open);
    await until(() => server.held.size === HALF, 'the ingress has what it may have');
    for (let round = 0; round < 10; round++) {
      await expectServed(viewer);
      await expectServed(other);
    }
    expect(server.held.size).toBe(HALF);
    clock.advance(HOST_LIMITS.localWaitMs);
    await until(() => refused.length === 200 - HALF, 'those in line are refused');
    expect(refused.every(([status, code]) => status === 503 && code === 'LIMIT_EXCEEDED')).toBe(
      true,
    );
    abort.abort();
    await Promise.all(attack);
    await until(() => server.held.size === 0, 'the places are free');
    await expectServed(ingress);
  },
);

test('a tab with two hundred event streams keeps nobody waiting, itself neither', async () => {
  const { server, viewer, other } = await startHost();
  const abort = new AbortController();
  setMaxListeners(0, abort.signal);
  const streams = await Promise.all(
    Array.from({ length: 200 }, () =>
      request(viewer, requestHead({ target: '/events' }), { signal: abort.signal }),
    ),
  );
  expect(streams.map(({ head }) => head.status)).toEqual(Array(200).fill(200));
  await expectServed(viewer);
  await expectServed(other);
  abort.abort();
  await until(() => server.sockets.size < 10, 'the connections are closed');
});

test('upgrades that are answered with a stream of events keep nobody waiting', async () => {
  const { server, ingress, viewer } = await startHost();
  const abort = new AbortController();
  setMaxListeners(0, abort.signal);
  const refused = Array.from({ length: 2 * HALF }, () => {
    const { signal } = abort;
    return openWebSocket(ingress, webSocketOpen({ target: '/events' }), { signal }).accepted;
  });
  const ended = Promise.allSettled(refused);
  await until(() => server.sockets.size >= 2 * HALF, 'all have been answered');
  await expectServed(ingress);
  await expectServed(viewer);
  abort.abort();
  await ended;
  await until(() => server.sockets.size < 10, 'the connections are closed');
});

test('a WebSocket that finds no place is refused with the same code', async () => {
  const { server, clock, ingress } = await startHost();
  const abort = new AbortController();
  setMaxListeners(0, abort.signal);
  const polls = Array.from({ length: HALF }, () =>
    request(ingress, requestHead({ target: '/held' }), { signal: abort.signal }).catch(() => null),
  );
  await until(() => server.held.size === HALF, 'the ingress has what it may have');
  const socket = openWebSocket(ingress, webSocketOpen({}));
  const refusal = socket.accepted.catch((error: unknown) => error);
  await until(() => clock.pending.length > 0, 'it waits');
  clock.advance(HOST_LIMITS.localWaitMs);
  const { head } = (await refusal) as WebSocketRejected;
  expect([head.status, headerValue(head.headers, 'wingman-error')]).toEqual([
    503,
    'LIMIT_EXCEEDED',
  ]);
  abort.abort();
  await Promise.all(polls);
});
