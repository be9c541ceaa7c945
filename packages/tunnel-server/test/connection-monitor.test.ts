import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { SERVER_LIMITS } from '../src/limits.js';
import { ConnectionMonitor } from '../src/signaling/connection-monitor.js';
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

async function connect(autoPong: boolean): Promise<void> {
  client = await ClientSocket.open(port, 'localhost', '/', {}, [], { autoPong });
  [served] = (await connected) as [WebSocket];
  monitor.watch(served, socket, 2);
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

test('a silent peer is cut off after the heartbeats allowed', async () => {
  await connect(false);
  clock.advance(heartbeatMs * 3);
  expect(served.readyState).toBe(served.OPEN);
  clock.advance(heartbeatMs);
  await once(served, 'close');
  expect(monitor.deadPeers).toBe(1);
  expect(monitor.size).toBe(0);
});

test('a closed monitor leaves no timer', async () => {
  await connect(true);
  monitor.close();
  expect(clock.pending).toEqual([]);
});
