import { expect, test } from '@jest/globals';
import type { IncomingMessage } from 'node:http';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import { startTunnelServer, tunnelServerConfig, type TunnelServer } from '../src/index.js';
import { SERVER_LIMITS } from '../src/limits.js';
import { FakeClock } from './support/fake-clock.js';
import { ClientSocket } from './support/client-socket.js';
import { createKeys, FakeHost } from './support/fake-host.js';
import { startServer } from './support/server.js';
import { until } from './support/inbox.js';

// One client tries to keep every other host from registering.

const ATTACKER = { 'x-forwarded-for': '192.0.2.66' };
const HONEST = { 'x-forwarded-for': '198.51.100.7' };
const from = (number: number): typeof ATTACKER => ({
  'x-forwarded-for': `203.0.${number >> 8}.${number & 255}`,
});
const FORWARDED = { trustProxy: true };

const idle = (server: TunnelServer, headers = ATTACKER): Promise<ClientSocket> =>
  ClientSocket.open(server.port, 'localhost', '/__wingman/host', headers);

async function crowd(server: TunnelServer, count: number): Promise<ClientSocket[]> {
  return Promise.all(Array.from({ length: count }, () => idle(server)));
}

function refusals(server: TunnelServer, limit: string): Promise<number> {
  return server.metrics.value('wingman_limits_exceeded_total', { limit });
}

/** The code of the refusal, or undefined when the host is registered. */
async function register(host: FakeHost): Promise<string | undefined> {
  await host.register();
  const answer = await host.received.find(
    (message) => message?.$case === 'hostRegistered' || message?.$case === 'refusal',
  );
  return answer.$case === 'refusal' ? answer.value.code : undefined;
}

test('idle host sockets of one address displace each other, never the host of another', async () => {
  const server = await startServer(FORWARDED);
  const first = await crowd(server, SERVER_LIMITS.unprovedHosts);
  // It has been challenged and takes its time, while the flood goes on.
  const slow = await FakeHost.connect(server.port, { headers: HONEST });
  await crowd(server, SERVER_LIMITS.unprovedHosts);
  expect(await register(slow)).toBeUndefined();
  await Promise.all(first.map(({ closed }) => closed));
  expect(await refusals(server, 'unproved-hosts')).toBe(SERVER_LIMITS.unprovedHosts + 1);
});

test('an idle host socket that is displaced is told why', async () => {
  const server = await startServer(FORWARDED);
  const displaced = await FakeHost.connect(server.port, { headers: ATTACKER });
  await crowd(server, SERVER_LIMITS.unprovedHosts);
  const refusal = await displaced.received.find((message) => message?.$case === 'refusal');
  expect(refusal).toMatchObject({ value: { code: 'LIMIT_EXCEEDED' } });
});

test('in a crowd of many networks nobody half way is displaced: a newcomer is told when to come', async () => {
  const clock = new FakeClock();
  const server = await startServer(FORWARDED, clock);
  const first = await FakeHost.connect(server.port, { headers: from(0) });
  for (let number = 1; number < SERVER_LIMITS.unprovedHosts; number += 1) {
    await idle(server, from(number));
  }
  const turnedAway = await new Promise<IncomingMessage>((resolve, reject) => {
    const url = `ws://127.0.0.1:${server.port}/__wingman/host`;
    const socket = new WebSocket(url, { headers: { ...HONEST, host: 'localhost' } });
    socket.once('unexpected-response', (request, response) => {
      request.destroy();
      resolve(response);
    });
    socket.once('open', () => reject(new Error('it was let in')));
    socket.on('error', reject);
  });
  expect([turnedAway.statusCode, turnedAway.headers['retry-after']]).toEqual([429, '0']);
  expect([await refusals(server, 'host-turns'), await refusals(server, 'unproved-hosts')]).toEqual([
    1, 0,
  ]);
  expect(await register(first)).toBeUndefined();
  // Its place is free now; of those that only wait one gives way as soon as it has had its time.
  await idle(server, HONEST);
  clock.advance(SERVER_LIMITS.provingMs);
  expect(
    await register(await FakeHost.connect(server.port, { headers: from(600) })),
  ).toBeUndefined();
  expect(await refusals(server, 'unproved-hosts')).toBe(1);
});

test('who has proved a key is not displaced', async () => {
  const server = await startServer(FORWARDED);
  const host = await FakeHost.start(server.port, { headers: ATTACKER });
  await crowd(server, SERVER_LIMITS.unprovedHosts + 1);
  await until(async () => (await refusals(server, 'unproved-hosts')) === 1);
  expect(host.signaling.socket.readyState).toBe(host.signaling.socket.OPEN);
});

test('one address has its share of the sessions and no more', async () => {
  const server = await startServer({ ...FORWARDED, maxSessions: 4, maxSessionsPerAddress: 2 });
  const outcomes: (string | undefined)[] = [];
  for (let count = 0; count < 6; count += 1) {
    const host = await FakeHost.connect(server.port, { keys: createKeys(), headers: ATTACKER });
    outcomes.push(await register(host));
  }
  expect(outcomes.filter((code) => code === undefined)).toHaveLength(2);
  expect(new Set(outcomes.slice(2))).toEqual(new Set(['LIMIT_EXCEEDED']));
  expect(await refusals(server, 'sessions-per-address')).toBe(4);
  const honest = await FakeHost.connect(server.port, { headers: HONEST });
  expect(await register(honest)).toBeUndefined();
});

test('a host comes back to its session when the server is full', async () => {
  const server = await startServer({ ...FORWARDED, maxSessions: 1 });
  const { keys, signaling } = await FakeHost.start(server.port, { headers: HONEST });
  signaling.socket.terminate();
  const stranger = await FakeHost.connect(server.port, { headers: ATTACKER });
  expect(await register(stranger)).toBe('LIMIT_EXCEEDED');
  const back = await FakeHost.connect(server.port, { keys, headers: HONEST });
  expect(await register(back)).toBeUndefined();
});

test.each(['x-forwarded-for', 'forwarded'])(
  'that %s is not believed is said once',
  async (field) => {
    const lines: string[] = [];
    const logger = pino({ level: 'warn' }, { write: (line) => void lines.push(line) });
    const server = await startTunnelServer(tunnelServerConfig({ port: 0 }), { logger });
    try {
      for (let count = 0; count < 2; count += 1) {
        const { socket } = await ClientSocket.open(server.port, 'localhost', '/__wingman/host', {
          [field]: '192.0.2.1',
        });
        socket.terminate();
      }
    } finally {
      await server.close(50);
    }
    expect(lines.filter((line) => line.includes('TRUST_PROXY'))).toHaveLength(1);
  },
);

test('a proxy that is trusted is no surprise', async () => {
  const lines: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line) => void lines.push(line) });
  const config = tunnelServerConfig({ port: 0, ...FORWARDED });
  const server = await startTunnelServer(config, { logger });
  const { socket } = await idle(server);
  socket.terminate();
  await server.close(50);
  expect(lines.filter((line) => line.includes('TRUST_PROXY'))).toEqual([]);
});
