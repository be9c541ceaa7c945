import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { createConnection, type Socket } from 'node:net';
import { startFixtureApp, type FixtureApp } from '../../support/fixture-app.js';
import { get } from '../../support/http.js';
import { peakBytes, resetPeak, residentBytes } from '../../support/memory.js';
import { eventually, Share, startServer, type Program } from '../../support/processes.js';
import { RelayViewer } from '../../support/relay-viewer.js';
import { timed } from '../../support/scheduling.js';

// Clients that read nothing fill the server's memory, and idle ones its sockets. A session that runs goes on.

const MIB = 1024 * 1024;
const MAX_HELD_MIB = 8;
const MAX_SOCKETS = 60;
/** Each may make the server hold a window of 2 MiB. */
const SLOW_READERS = 20;
/** What is held, what is on its way, and what the collector has not taken yet; without the budget it is 32 MiB a session. */
const MAX_GROWTH_BYTES = 120 * MIB;
const SLOWEST_MS = 5_000;

let app: FixtureApp;
let server: { program: Program; url: string; port: number };
let attacked: Share;
let running: Share;
let viewer: RelayViewer;

beforeAll(async () => {
  app = await startFixtureApp();
  const limits = ['--max-held', String(MAX_HELD_MIB), '--max-sockets', String(MAX_SOCKETS)];
  server = await startServer(limits);
  const args = ['--server', server.url, '--no-p2p', '--ingress', 'open'];
  attacked = await Share.start(app.port, args);
  running = await Share.start(app.port, args);
  viewer = await RelayViewer.join(running);
});

afterAll(async () => {
  viewer.close();
  await Promise.all([attacked.stop(), running.stop()]);
  await server.program.stop();
  await app.close();
});

const attackers: Socket[] = [];
const disconnect = (): void => attackers.splice(0).forEach((socket) => socket.destroy());

afterEach(disconnect);

const metric = (name: string): Promise<number> => running.metric(`wingman_${name}`);

async function refusals(limit: string): Promise<number> {
  const { body } = await get(server.url, '/metrics');
  const sample = `wingman_limits_exceeded_total{limit="${limit}"} `;
  const line = body.split('\n').find((text) => text.startsWith(sample));
  return Number(line?.slice(sample.length));
}

/** Runs an attack while the viewer's requests go on over its link; resolves with how many were made. */
async function withViewer(attack: () => Promise<void>): Promise<number> {
  let isOver = false;
  let requests = 0;
  const visits = (async () => {
    while (!isOver) {
      const pids = [server.program.pid, running.pid];
      const { milliseconds, result } = await timed(pids, () => viewer.get('/'));
      const { status } = result;
      if (status !== 200 || milliseconds > SLOWEST_MS) {
        throw new Error(`the viewer got ${status} after ${Math.round(milliseconds)} ms`);
      }
      requests += 1;
    }
  })();
  try {
    await attack();
  } finally {
    isOver = true;
    await visits;
  }
  return requests;
}

/** A connection of the attacker, by an address of its own: the hosts come from another. */
function attack(): Socket {
  const attacker = { host: '127.0.0.1', port: server.port, localAddress: '127.0.0.2' };
  const socket = createConnection(attacker).on('error', () => undefined);
  attackers.push(socket);
  return socket;
}

function slowReader(): void {
  const socket = attack();
  const { host } = new URL(attacked.origin);
  socket.write(`GET /bytes?n=${64 * MIB} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  socket.pause();
}

test('clients that read nothing are cut off at the budget, and new ones are refused', async () => {
  const { pid } = server.program;
  const before = residentBytes(pid);
  resetPeak(pid);
  const requests = await withViewer(async () => {
    for (let index = 0; index < SLOW_READERS; index += 1) slowReader();
    await eventually(
      'the attacked session is cut',
      async () => (await refusals('memory-shed')) > 0,
    );
    for (let index = 0; index < SLOW_READERS; index += 1) slowReader();
    await eventually('a new request is refused', async () => {
      slowReader();
      return (await get(running.origin, '/')).status === 503;
    });
  });
  disconnect();
  expect(requests).toBeGreaterThan(0);
  expect(await refusals('memory')).toBeGreaterThan(0);
  expect(peakBytes(pid) - before).toBeLessThan(MAX_GROWTH_BYTES);
  await eventually('memory comes back', async () => (await metric('held_bytes')) < MIB);
  expect((await get(running.origin, '/')).status).toBe(200);
});

test('idle connections of one address take half of the places, and another address gets in', async () => {
  const requests = await withViewer(async () => {
    for (let index = 0; index < MAX_SOCKETS; index += 1) {
      attack();
    }
    await eventually('a connection is refused', async () => (await refusals('sockets')) > 0);
  });
  const { body, status } = await get(running.origin, '/');
  disconnect();
  expect([status, body.length > 0]).toEqual([200, true]);
  expect(requests).toBeGreaterThan(0);
});
