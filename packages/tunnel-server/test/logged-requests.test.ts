// What the log of one node says because of a request names that request.
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { newLinkId } from '@wingman/protocol';
import express from 'express';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino, type Logger } from 'pino';
import type { TunnelServer, TunnelServerConfig } from '../src/index.js';
import { IngressWebSockets } from '../src/ingress/ingress-websocket.js';
import { Metrics } from '../src/metrics.js';
import { SpliceRoster } from '../src/relay/splice.js';
import { errorHandler } from '../src/web/app.js';
import { nameRequest } from '../src/web/request-id.js';
import { ClientSocket } from './support/client-socket.js';
import { FakeHost } from './support/fake-host.js';
import { fetchHead, fetchWhole } from './support/http.js';
import { until } from './support/inbox.js';
import { listFile } from './support/list-file.js';
import { startServer } from './support/server.js';

const named = (id: string): Record<string, string> => ({ 'x-request-id': id });

let lines: { msg: string; requestId?: string }[];
let logger: Logger;

beforeEach(() => {
  lines = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as (typeof lines)[number]);
  logger = pino({ level: 'info' }, { write });
});
afterEach(() => void jest.restoreAllMocks());

const start = (config: Partial<TunnelServerConfig> = {}): Promise<TunnelServer> =>
  startServer(config, undefined, logger);

/** The ids that lines with this message name, when there is one. */
async function idsOf(message: string): Promise<(string | undefined)[]> {
  await until(() => lines.some(({ msg }) => msg.startsWith(message)));
  return lines.filter(({ msg }) => msg.startsWith(message)).map(({ requestId }) => requestId);
}

test('a request that fails', async () => {
  const server = await start();
  jest.spyOn(Metrics.prototype, 'render').mockRejectedValue(new Error('broken'));
  const answered = await fetchWhole(server.port, 'localhost', '/metrics', {
    headers: named('one'),
  });
  expect([answered.status, answered.headers['x-request-id']]).toEqual([500, 'one']);
  expect(await idsOf('a request failed')).toEqual(['one']);
});

test('a failure that can’t be answered', async () => {
  const app = express();
  app.use((req, res) => {
    nameRequest(req);
    res.writeHead = () => {
      throw new Error('no head');
    };
    throw new Error('broken');
  });
  app.use(errorHandler(logger));
  const server: Server = createServer(app).listen(0, '127.0.0.1');
  await until(() => server.listening);
  const { port } = server.address() as AddressInfo;
  const asked = fetchWhole(port, 'localhost', '/', { headers: named('two') });
  await expect(asked).rejects.toThrow();
  expect(await idsOf('nor could the failure be answered')).toEqual(['two']);
  server.close();
});

test('a relay connection and a WebSocket of the ingress that fail', async () => {
  const server = await start();
  const host = await FakeHost.start(server.port);
  const broken = (): never => {
    throw new Error('broken');
  };
  jest.spyOn(SpliceRoster.prototype, 'reserve').mockImplementation(broken);
  jest.spyOn(IngressWebSockets.prototype, 'serve').mockRejectedValue(new Error('broken'));
  const relay = host.doorPath('relay', newLinkId());
  const headers = { origin: `http://${host.name}`, ...named('three') };
  await (
    await ClientSocket.open(server.port, host.name, relay, headers)
  ).closed;
  expect(await idsOf('a relay connection failed')).toEqual(['three']);
  await expect(ClientSocket.open(server.port, host.name, '/app', named('four'))).rejects.toThrow();
  expect(await idsOf('an ingress WebSocket failed')).toEqual(['four']);
});

test('a host that registers, comes by a proxy that is not believed, and takes a session over', async () => {
  const server = await start();
  const forwarded = { 'x-forwarded-for': '203.0.113.9' };
  const first = await FakeHost.start(server.port, { headers: { ...named('five'), ...forwarded } });
  expect(await idsOf('session registered')).toEqual(['five']);
  expect(await idsOf('a host came with X-Forwarded-For')).toEqual(['five']);
  const headers = named('six');
  await FakeHost.start(server.port, { keys: first.keys, takeOver: true, headers });
  expect(await idsOf('another host has taken a session over')).toEqual(['six']);
});

test('what the operator does', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wingman-logged-'));
  const socketPath = join(folder, 'admin.sock');
  const denyList = listFile('');
  const server = await start({ adminSocket: socketPath, denyList });
  const host = await FakeHost.start(server.port);
  const command = async (method: string, path: string, id: string): Promise<unknown> => {
    const sent = request({ socketPath, method, path, agent: false, headers: named(id) });
    sent.end();
    return (await fetchHead(sent)).resume().statusCode;
  };
  expect(await command('POST', '/bans/192.0.2.7', 'seven')).toBe(204);
  expect(await idsOf('the operator has added to the deny list')).toEqual(['seven']);
  expect(await command('DELETE', `/sessions/${host.session}`, 'eight')).toBe(204);
  expect(await idsOf('the operator ends a session')).toEqual(['eight']);
  await server.close(50);
  rmSync(folder, { recursive: true });
});
