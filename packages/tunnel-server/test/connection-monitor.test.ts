import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { SERVER_LIMITS } from '../src/limits.js';
import { ConnectionMonitor, type WatchedKind } from '../src/signaling/connection-monitor.js';
import { ClientSocket } from './support/client-socket.js';
import { FakeClock } from './support/fake-clock.js';
import { until } from './support/inbox.js';

const { heartbeatMs } = SERVER_LIMITS;
let clock: FakeClock;
let monitor: ConnectionMonitor;
let http: Server;
let port: number;
let connected: Promise<unknown[]>;
let client: ClientSocket;
let served: WebSocket;
let socket: Socket;

beforeEach(async () => {
  clock = new FakeClock();
  monitor = new ConnectionMonitor(clock);
  http = createServer();
  const webSockets = new WebSocketServer({ server: http });
  http.on('upgrade', (request) => (socket = request.socket));
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  connected = once(webSockets, 'connection');
  ({ port } = http.address() as AddressInfo);
});

async function connect(autoPong: boolean, kind: WatchedKind = 'viewer'): Promise<void> {
  client = await ClientSocket.open(port, 'localhost', '/', {}, [], { autoPong });
  [served] = (await connected) as [WebSocket];
  monitor.watch(served, socket, kind);
}

afterEach(() => {
  client.socket.terminate();
  served.terminate();
  monitor.close();
  http.close();
});

async function beat(): Promise<void> {
  const { bytesRead } = socket;
  clock.advance(heartbeatMs);
  await until(() => socket.bytesRead > bytesRead || socket.destroyed);
}

test('a peer that answers pings lives', async () => {
  await connect(true);
  for (let index = 0; index < 6; index += 1) await beat();
  expect(served.readyState).toBe(served.OPEN);
  expect(monitor.deadPeers).toBe(0);
});

test.each(['host', 'relay'] as const)('a %s that pings by itself is not asked', async (kind) => {
  await connect(true, kind);
  let asked = 0;
  client.socket.on('ping', () => (asked += 1));
  for (let index = 0; index < 6; index += 1) {
    const { bytesRead } = socket;
    client.socket.ping();
    await until(() => socket.bytesRead > bytesRead);
    clock.advance(SERVER_LIMITS.hostHeartbeatMs);
  }
  const pong = once(client.socket, 'pong');
  client.socket.ping();
  await pong;
  expect([asked, served.readyState]).toEqual([0, served.OPEN]);
});

test.each([
  ['viewer', 60_000],
  ['host', 115_000],
  ['relay', 115_000],
  ['app', 90_000],
] as const)('a silent %s is cut off after the heartbeats allowed', async (kind, deadMs) => {
  await connect(false, kind);
  const { bytesRead } = socket;
  client.socket.send('here');
  await until(() => socket.bytesRead > bytesRead);
  // What was heard counts at the first beat; the beats after it are silent.
  clock.advance(deadMs - 1);
  expect(served.readyState).toBe(served.OPEN);
  clock.advance(1);
  await once(served, 'close');
  expect(monitor.deadPeers).toBe(1);
  expect(monitor.size).toBe(0);
});

test('a closed monitor leaves no timer', async () => {
  await connect(true);
  monitor.close();
  expect(clock.pending).toEqual([]);
});
