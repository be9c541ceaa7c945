import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createClient } from '@redis/client';
import { dialHeaders } from '@wingman/node-kit';
import {
  CloseCode,
  encodeRecord,
  headerValue,
  LIMITS,
  newLinkId,
  type IncomingRequest,
} from '@wingman/protocol';
import { randomBytes } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { freePort } from '../../node-kit/test/support/free-port.js';
import { PEER_FIELD, provePeer } from '../src/cluster/peer-proof.js';
import { pino } from 'pino';
import { readTunnelServerConfig, type TunnelServer } from '../src/index.js';
import { SERVER_LIMITS } from '../src/limits.js';
import { ClientSocket } from './support/client-socket.js';
import { FakeClock } from './support/fake-clock.js';
import { answer, FakeHost, RELAY_HELLO, type FakeHostOptions } from './support/fake-host.js';
import { FakeViewer } from './support/fake-viewer.js';
import { ask, fetchHead, fetchWhole } from './support/http.js';
import { until } from './support/inbox.js';
import { isConnected, SECRET, startNode } from './support/nodes.js';
import { TestRedis } from './support/redis.js';

let redis: TestRedis;
let a: TunnelServer;
let b: TunnelServer;

beforeAll(async () => {
  redis = await TestRedis.start();
});
afterAll(() => redis.stop());

beforeEach(async () => {
  await redis.forget();
  [a, b] = await Promise.all([startNode(redis), startNode(redis)]);
});

/** A host at node a. */
function startHost(options: FakeHostOptions = {}): Promise<FakeHost> {
  return FakeHost.start(a.port, options);
}

test('a request that reaches another node is answered by the owner, with its client and its body', async () => {
  const asked: string[] = [];
  const host = await startHost({
    request: (incoming) => {
      asked.push(headerValue(incoming.head.headers, 'x-forwarded-for') ?? '');
      expect(headerValue(incoming.head.headers, PEER_FIELD)).toBeUndefined();
      void (async () => {
        let bytes = 0;
        for await (const chunk of incoming.body) bytes += chunk.byteLength;
        answer(incoming, 200, `${incoming.head.target} ${bytes}`);
      })();
    },
  });
  const headers = { 'x-forwarded-for': '203.0.113.9' };
  const body = randomBytes(3_000_000);
  const answered = await fetchWhole(b.port, host.name, '/path?q=1', {
    method: 'POST',
    headers,
    body,
  });
  expect(answered).toMatchObject({ status: 200, text: '/path?q=1 3000000' });
  expect(asked).toEqual(['203.0.113.9, 127.0.0.1']);
});

test('a viewer that reaches another node is spliced with the host, and a first flight too', async () => {
  const host = await startHost();
  const hostEnd = await host.relays.next();
  const headers = { origin: `http://${host.name}`, 'x-forwarded-for': '203.0.113.9' };
  const viewer = await ClientSocket.open(
    b.port,
    host.name,
    host.doorPath('relay', newLinkId()),
    headers,
  );
  expect(await viewer.messages.next()).toEqual(RELAY_HELLO);
  const up = randomBytes(LIMITS.maxMessageBytes);
  viewer.send(up);
  expect(await hostEnd.messages.next()).toEqual(up);
  const flight = ask(b.port, host.name, host.doorPath('relay', newLinkId()), {
    method: 'POST',
    headers,
  });
  flight.end(encodeRecord(Buffer.from('first')));
  const answered = await fetchHead(flight);
  expect(answered.statusCode).toBe(200);
  expect((await (await host.relays.next()).messages.next()).toString()).toBe('first');
  answered.destroy();
});

test('a viewer’s signaling and a dial-back that reach another node get to the owner', async () => {
  const host = await startHost({ dials: false });
  const headers = { origin: `http://${host.name}` };
  const signal = host.doorPath('signal', newLinkId());
  const tab = await ClientSocket.open(b.port, host.name, signal, headers);
  await tab.messages.next();
  expect(await a.metrics.value('wingman_viewers')).toBe(1);
  const viewer = await ClientSocket.open(
    a.port,
    host.name,
    host.doorPath('relay', newLinkId()),
    headers,
  );
  const path = `/__wingman/dial?session=${host.session}&purpose=relay`;
  const dialled = await ClientSocket.open(b.port, 'localhost', path, dialHeaders(host.dialToken));
  dialled.send(Buffer.from('by way of b'));
  expect((await viewer.messages.next()).toString()).toBe('by way of b');
});

test('a host that comes back to another node has its name there, and the first node learns it', async () => {
  const host = await startHost();
  const viewer = await ClientSocket.open(a.port, host.name, host.doorPath('signal', newLinkId()), {
    origin: `http://${host.name}`,
  });
  const { instance, keys } = host;
  const moved = await FakeHost.start(b.port, { keys, instance });
  // The connection of the host at node a is dead, but node a has not noticed.
  expect((await viewer.closed).code).toBe(CloseCode.GOING_AWAY);
  expect(await a.metrics.value('wingman_sessions')).toBe(0);
  const shell = { 'sec-fetch-dest': 'document' };
  const page = await fetchWhole(a.port, moved.name, '/', { headers: shell });
  expect(page).toMatchObject({ status: 200, text: expect.stringContaining(moved.session) });
  expect((await host.signaling.closed).code).toBe(CloseCode.GOING_AWAY);
});

test('another host with the same key is refused at another node too, until it takes the name over', async () => {
  const { keys, session } = await startHost();
  const second = await FakeHost.connect(b.port, { keys });
  await second.register();
  const refusal = await second.received.find((item) => item?.$case === 'refusal');
  expect(refusal.value).toMatchObject({
    code: 'NAME_IN_USE',
    message: expect.stringContaining('another node'),
  });
  const third = await FakeHost.start(b.port, { keys, takeOver: true });
  expect(third.session).toBe(session);
});

test('a name deserves a certificate whichever node has it', async () => {
  const { session } = await startHost();
  const status = async (domain: string): Promise<number> =>
    (await fetchWhole(b.port, `127.0.0.1:${b.port}`, `/tls-ask?domain=${domain}`)).status;
  expect(await status(`${session}.localhost`)).toBe(200);
  expect(await status('b234567abcdefghj.localhost')).toBe(404);
});

test('a session that ends at one node is unknown at the others', async () => {
  const host = await startHost();
  host.send({ $case: 'endSession', value: { reason: 1 } });
  await host.signaling.closed;
  await until(async () => (await fetchWhole(b.port, host.name, '/')).status === 404);
});

test('while Redis is away what runs goes on, and registrations are refused and then work again', async () => {
  // Redis may take longer to come back than a lease lasts, which ends when the clock says so.
  const clock = new FakeClock();
  const node = await startNode(redis, {}, clock);
  const request = (incoming: IncomingRequest): void => answer(incoming, 200, 'still here');
  const host = await FakeHost.start(node.port, { request });
  await redis.stop();
  expect(await fetchWhole(node.port, host.name, '/')).toMatchObject({ text: 'still here' });
  const elsewhere = await fetchWhole(b.port, host.name, '/');
  expect([elsewhere.status, elsewhere.headers['wingman-error']]).toEqual([503, 'DIRECTORY_AWAY']);
  const late = await FakeHost.connect(b.port);
  await late.register();
  const refusal = await late.received.find((item) => item?.$case === 'refusal');
  expect(refusal.value.code).toBe('DIRECTORY_AWAY');
  await redis.start();
  await until(() => isConnected(b));
  await FakeHost.start(b.port);
  // The lease, which Redis has forgotten, is taken again.
  await until(() => isConnected(node));
  clock.advance(SERVER_LIMITS.leaseRenewalMs);
  await until(async () => (await fetchWhole(b.port, host.name, '/')).text === 'still here');
});

test('a node that does not answer makes 503: soon for what can be sent again, and at once for the rest', async () => {
  const host = await startHost();
  const port = await freePort();
  const directory = await createClient({ url: redis.url }).connect();
  // This is the state after a crash of a node: the lease exists, but no node answers.
  await directory.set('wingman:session:a234567abcdefghj', `run http://127.0.0.1:${port}`);
  directory.destroy();
  const name = `a234567abcdefghj.localhost:${b.port}`;
  const begun = performance.now();
  const sent = { method: 'POST', body: 'of which a part is on its way' };
  const asked = [fetchWhole(b.port, name, '/'), fetchWhole(b.port, name, '/', sent)];
  const posted = await asked[1];
  expect(performance.now() - begun).toBeLessThan(SERVER_LIMITS.arrivalMs);
  expect([posted?.status, posted?.headers['wingman-error']]).toEqual([503, 'HOST_OFFLINE']);
  const got = await asked[0];
  expect(performance.now() - begun).toBeGreaterThan(SERVER_LIMITS.arrivalMs - 500);
  expect([got?.status, got?.headers['wingman-error']]).toEqual([503, 'HOST_OFFLINE']);
  const upgrade = ClientSocket.open(b.port, name, host.doorPath('signal', newLinkId()));
  await expect(upgrade).rejects.toThrow('status 503');
});

test('a node that takes a request and says nothing is asked no sooner again than after a second, and runs nothing twice', async () => {
  const asked: string[] = [];
  const silent = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (data) => {
      asked.push(data.toString('latin1').split(' ', 1)[0] ?? '');
      socket.resetAndDestroy();
    });
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  const directory = await createClient({ url: redis.url }).connect();
  await directory.set('wingman:session:a234567abcdefghj', `run http://127.0.0.1:${port}`);
  directory.destroy();
  const name = `a234567abcdefghj.localhost:${b.port}`;
  const empty = { method: 'POST', headers: { 'content-length': '0' } };
  expect((await fetchWhole(b.port, name, '/', empty)).status).toBe(503);
  expect(asked).toEqual(['POST']);
  expect((await fetchWhole(b.port, name, '/')).status).toBe(503);
  silent.close();
  const { arrivalMs, peerAgainMs } = SERVER_LIMITS;
  const tries = asked.filter((method) => method === 'GET').length;
  expect(tries).toBeGreaterThan(1);
  expect(tries).toBeLessThanOrEqual(1 + arrivalMs / peerAgainMs);
});

test('only a node can have the connections of a session move', async () => {
  const host = await startHost();
  const viewer = await FakeViewer.connect(host);
  await viewer.find('hostPresence');
  const path = '/__wingman/leaving';
  const asked = { method: 'GET', url: path, headers: { host: host.name } };
  const proofBy = (secret: string) => ({ [PEER_FIELD]: provePeer(secret, asked, Date.now()) });
  /** What the viewer is told first when somebody has asked with these fields. */
  const told = async (headers: Record<string, string>): Promise<string> => {
    await fetchWhole(a.port, host.name, path, { headers });
    viewer.send({ message: { $case: 'heartbeat', value: {} } });
    return (await viewer.next()).$case;
  };
  expect(await told({})).toBe('heartbeat');
  expect(await told(proofBy('another secret'))).toBe('heartbeat');
  expect(await told(proofBy(SECRET))).toBe('move');
});

test('only a node can say that it has passed a request on', async () => {
  const host = await startHost();
  const path = '/__wingman/sw.js';
  const asked = { method: 'GET', url: path, headers: { host: host.name } };
  const status = async (proof: string): Promise<number> =>
    (await fetchWhole(a.port, host.name, path, { headers: { [PEER_FIELD]: proof } })).status;
  const now = Date.now();
  expect(await status(provePeer(SECRET, asked, now))).toBe(200);
  expect(await status(provePeer('another secret', asked, now))).toBe(401);
  expect(await status(provePeer(SECRET, { ...asked, url: '/' }, now))).toBe(401);
  expect(await status(provePeer(SECRET, asked, now - SERVER_LIMITS.peerProofMs - 1_000))).toBe(401);
  expect(await status('nothing')).toBe(401);
  // A node does not pass on a request that another node has passed on.
  const proof = provePeer(SECRET, asked, now);
  const there = await fetchWhole(b.port, host.name, path, { headers: { [PEER_FIELD]: proof } });
  expect(there.status).toBe(404);
});

test.each([
  ['audit log', { auditLog: '/nowhere/audit.log' }],
  ['certificate', { tlsCert: '/nowhere/cert.pem', tlsKey: '/nowhere/key.pem' }],
  ['list of tokens', { hostTokens: '/nowhere/tokens.txt' }],
])('a start that fails for its %s leaves no connection with Redis', async (_, wrong) => {
  const client = await createClient({ url: redis.url }).connect();
  const connections = async (): Promise<number> =>
    (await client.sendCommand<string>(['CLIENT', 'LIST'])).trim().split('\n').length;
  const before = await connections();
  await expect(startNode(redis, wrong)).rejects.toThrow('/nowhere');
  await until(async () => (await connections()) <= before);
  client.destroy();
});

test('what a node logs of a request has the id that the request has come with, or was given', async () => {
  const lines: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
  const node = await startNode(redis, {}, undefined, logger);
  const directory = await createClient({ url: redis.url }).connect();
  await directory.set(
    'wingman:session:a234567abcdefghj',
    `run http://127.0.0.1:${await freePort()}`,
  );
  directory.destroy();
  const name = `a234567abcdefghj.localhost:${node.port}`;
  const body = 'of which a part is on its way';
  for (const headers of [{ 'x-request-id': 'from-the-client' }, {}]) {
    const { status } = await fetchWhole(node.port, name, '/', { method: 'POST', body, headers });
    expect(status).toBe(503);
  }
  const ids = lines.map((line) => (JSON.parse(line) as { requestId?: string }).requestId);
  expect(ids).toEqual(['from-the-client', expect.stringMatching(/^[0-9a-f]{16}$/)]);
});

test('the settings of a node come together', () => {
  const all = { REDIS_URL: redis.url, NODE_URL: 'http://10.1.2.3:8787', CLUSTER_SECRET: SECRET };
  const read = (env: Record<string, string>) => readTunnelServerConfig({}, env);
  expect(read({ ...all, TRUST_PROXY: 'true' })).toMatchObject({ nodeUrl: 'http://10.1.2.3:8787' });
  expect(() => read(all)).toThrow(/TRUST_PROXY/);
  expect(() => read({ REDIS_URL: redis.url, TRUST_PROXY: 'true' })).toThrow(/NODE_URL/);
});
