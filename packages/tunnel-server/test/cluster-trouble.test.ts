import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createClient } from '@redis/client';
import {
  Capability,
  CloseCode,
  decodeMessage,
  newLinkId,
  ServerToViewer,
  type IncomingRequest,
} from '@wingman/protocol';
import { setTimeout as passed } from 'node:timers/promises';
import { freePort } from '../../node-kit/test/support/free-port.js';
import { Disguise } from '../src/cluster/disguise.js';
import type { TunnelServer } from '../src/index.js';
import { SERVER_LIMITS } from '../src/limits.js';
import { ClientSocket } from './support/client-socket.js';
import { CutProxy } from './support/cut-proxy.js';
import { FakeClock } from './support/fake-clock.js';
import { answer, FakeHost } from './support/fake-host.js';
import { FakeViewer, openRelay } from './support/fake-viewer.js';
import { fetchWhole } from './support/http.js';
import { Inbox, until } from './support/inbox.js';
import { listFile } from './support/list-file.js';
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
  // A node that says so before it has reached Redis is heard with its next turn.
  await until(async () => (await announced()) === 2);
});

/** How many nodes have said that they are there. */
async function announced(): Promise<number> {
  const client = await createClient({ url: redis.url }).connect();
  const nodes = await client.hLen('wingman:nodes');
  client.destroy();
  return nodes;
}

/** Lets a node's time pass, and what it does with that. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 500) {
    clock.advance(500);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('a node that is cut off lets its sessions go with their lease, says so, and works again by itself', async () => {
  const way = await CutProxy.start(redis.port);
  const clock = new FakeClock();
  const lonely = await startNode(redis, { redisUrl: way.url }, clock);
  try {
    await pass(clock, SERVER_LIMITS.announceMs);
    const host = await FakeHost.start(lonely.port);
    const viewer = await ClientSocket.open(
      lonely.port,
      host.name,
      host.doorPath('signal', newLinkId()),
      { origin: `http://${host.name}` },
    );
    await pass(clock, SERVER_LIMITS.leaseRenewalMs);
    way.cut();
    await pass(clock, SERVER_LIMITS.leaseMs - SERVER_LIMITS.leaseRenewalMs - 500);
    expect(way.swallowed).toBeGreaterThan(0);
    expect((await fetchWhole(lonely.port, host.name, '/')).text).toBe('hello');
    // The last renewal may have been just before the cut.
    await pass(clock, SERVER_LIMITS.leaseRenewalMs + 500);
    const refusal = await host.received.find((item) => item?.$case === 'refusal');
    expect(refusal.value.code).toBe('DIRECTORY_AWAY');
    expect((await host.signaling.closed).code).toBe(CloseCode.GOING_AWAY);
    expect((await viewer.closed).code).toBe(CloseCode.GOING_AWAY);
    const page = await fetchWhole(lonely.port, host.name, '/');
    expect([page.status, page.headers['wingman-error']]).toEqual([503, 'DIRECTORY_AWAY']);
    const again = await FakeHost.connect(lonely.port);
    await again.register();
    const refused = await again.received.find((item) => item?.$case === 'refusal');
    expect(refused.value.code).toBe('DIRECTORY_AWAY');
    const { keys, instance } = host;
    const moved = await FakeHost.start(b.port, { keys, instance });
    expect((await fetchWhole(b.port, moved.name, '/')).text).toBe('hello');
    way.heal();
    await until(() => isConnected(lonely));
    expect((await fetchWhole(lonely.port, moved.name, '/')).text).toBe('hello');
    await FakeHost.start(lonely.port);
  } finally {
    await lonely.close(0);
    await way.stop();
  }
});

test('while Redis is away from all nodes, what runs goes on for longer than a lease', async () => {
  const clock = new FakeClock();
  const node = await startNode(redis, {}, clock);
  await pass(clock, SERVER_LIMITS.announceMs);
  const host = await FakeHost.start(node.port);
  await redis.stop();
  try {
    await until(async () => !(await isConnected(a)) && !(await isConnected(b)));
    await pass(clock, 2 * SERVER_LIMITS.leaseMs);
    expect((await fetchWhole(node.port, host.name, '/')).text).toBe('hello');
    // One of the others is gone without a word: it may well reach Redis.
    await b.close(0);
    await until(async () => {
      await pass(clock, SERVER_LIMITS.leaseRenewalMs);
      return (await fetchWhole(node.port, host.name, '/')).status === 503;
    });
    const refusal = await host.received.find((item) => item?.$case === 'refusal');
    expect(refusal.value.code).toBe('DIRECTORY_AWAY');
  } finally {
    await redis.start();
  }
});

test('a node that stops fails no request: each waits until the host is at another node', async () => {
  const clock = new FakeClock();
  const node = await startNode(redis, {}, clock);
  await pass(clock, SERVER_LIMITS.announceMs);
  const requests = new Inbox<IncomingRequest>();
  const host = await FakeHost.start(node.port, { request: (incoming) => requests.put(incoming) });
  const underWay = fetchWhole(node.port, host.name, '/under-way');
  const incoming = await requests.next();
  const closing = node.close(10_000);
  await until(async () => (await ownerIn(host.session)) === '');
  const late = [a, b].map(({ port }) => fetchWhole(port, host.name, '/late'));
  answer(incoming, 200, 'finished');
  expect((await underWay).text).toBe('finished');
  expect((await host.signaling.closed).code).toBe(CloseCode.GOING_AWAY);
  const { keys, instance } = host;
  await FakeHost.start(b.port, { keys, instance });
  expect((await Promise.all(late)).map(({ text }) => text)).toEqual(['hello', 'hello']);
  await closing;
});

/** Whether bytes pass a relay in either direction. */
async function passes(viewer: ClientSocket, host: ClientSocket, word: string): Promise<boolean> {
  viewer.send(Buffer.from(`${word} up`));
  host.send(Buffer.from(`${word} down`));
  const [up, down] = [await host.messages.next(), await viewer.messages.next()];
  return String(up) === `${word} up` && String(down) === `${word} down`;
}

test('a node that stops has its hosts register elsewhere first, then asks viewers to follow, and relays until they have', async () => {
  const clock = new FakeClock();
  const node = await startNode(redis, {}, clock);
  await pass(clock, SERVER_LIMITS.announceMs);
  const host = await FakeHost.start(node.port, { capabilities: [Capability.MOVE] });
  const viewer = await FakeViewer.connect(host);
  const relay = await openRelay(host);
  await relay.messages.next();
  const hostEnd = await host.relays.next();
  const closing = node.close(10_000);
  await host.received.find((item) => item?.$case === 'move');
  expect(await passes(relay, hostEnd, 'asked')).toBe(true);
  const { keys, instance } = host;
  const moved = await FakeHost.start(b.port, { keys, instance });
  host.signaling.socket.close();
  await viewer.find('move');
  expect(await passes(relay, hostEnd, 'moved')).toBe(true);
  const successor = await openRelay(moved);
  await successor.messages.next();
  relay.socket.close();
  viewer.client.socket.close();
  // Nothing is left to wait for: no time passes at this node.
  await closing;
  expect(await passes(successor, await moved.relays.next(), 'after')).toBe(true);
});

test('a node that stops as soon as it has started has its hosts register elsewhere too', async () => {
  // Its clock stands still: no turn comes at which it would hear of the others.
  const node = await startNode(redis, {}, new FakeClock());
  const host = await FakeHost.start(node.port, { capabilities: [Capability.MOVE] });
  const closing = node.close(10_000);
  await host.received.find((item) => item?.$case === 'move');
  expect(await ownerIn(host.session)).toBe('');
  host.signaling.socket.close();
  await closing;
});

test('a node that stops has connections replaced that it passes on to other nodes', async () => {
  const clock = new FakeClock();
  const node = await startNode(redis, {}, clock);
  await pass(clock, SERVER_LIMITS.announceMs);
  const host = await FakeHost.start(a.port);
  const headers = { origin: `http://${host.name}` };
  const open = (path: string): Promise<ClientSocket> =>
    ClientSocket.open(node.port, host.name, path, headers);
  const relay = await open(host.doorPath('relay', newLinkId()));
  await relay.messages.next();
  const hostEnd = await host.relays.next();
  const signal = await open(host.doorPath('signal', newLinkId()));
  const said = async () => decodeMessage(ServerToViewer, await signal.messages.next()).message;
  expect((await said())?.$case).toBe('hostPresence');
  const ready = await host.relays.next();
  const closing = node.close(10_000);
  expect((await said())?.$case).toBe('move');
  expect((await ready.closed).code).toBe(CloseCode.REPLACED);
  await host.relays.next();
  expect(await passes(relay, hostEnd, 'asked')).toBe(true);
  relay.socket.close();
  signal.socket.close();
  await closing;
});

test('a node that dies fails nothing that can be sent again: each waits until the host is at another node', async () => {
  const host = await FakeHost.start(a.port);
  const { keys, instance, name, session } = host;
  // A node that is killed leaves its lease behind, and nobody at its address.
  const client = await createClient({ url: redis.url }).connect();
  const lease = await client.get(`wingman:session:${session}`);
  await a.close(0);
  await client.set(`wingman:session:${session}`, String(lease));
  client.destroy();
  const empty = { method: 'POST', headers: { 'content-length': '0' } };
  const waiting = [fetchWhole(b.port, name, '/'), fetchWhole(b.port, name, '/', empty)];
  await FakeHost.start(b.port, { keys, instance });
  expect((await Promise.all(waiting)).map(({ text }) => text)).toEqual(['hello', 'hello']);
});

test('a host that doesn’t arrive is waited for so long and no longer', async () => {
  const client = await createClient({ url: redis.url }).connect();
  await client.set('wingman:session:a234567abcdefghj', 'run ');
  client.destroy();
  const start = performance.now();
  const page = await fetchWhole(b.port, 'a234567abcdefghj.localhost', '/');
  expect([page.status, page.headers['wingman-error']]).toEqual([503, 'HOST_OFFLINE']);
  expect(performance.now() - start).toBeGreaterThan(SERVER_LIMITS.arrivalMs - 500);
});

test('a session that is first at a dead node and then on its way is waited for no longer than either', async () => {
  const client = await createClient({ url: redis.url }).connect();
  const lease = 'wingman:session:a234567abcdefghj';
  await client.set(lease, `run http://127.0.0.1:${await freePort()}`);
  const { arrivalMs } = SERVER_LIMITS;
  const start = performance.now();
  const asked = fetchWhole(b.port, 'a234567abcdefghj.localhost', '/');
  await passed(arrivalMs * 0.6);
  await client.set(lease, 'run ');
  client.destroy();
  expect((await asked).status).toBe(503);
  const waitedMs = performance.now() - start;
  expect(waitedMs).toBeGreaterThan(arrivalMs - 500);
  // Both waits one after the other would take 1.6 times as long.
  expect(waitedMs).toBeLessThan(arrivalMs * 1.4);
});

/** The node that Redis names; empty while the session is on its way. */
async function ownerIn(session: string): Promise<string | undefined> {
  const client = await createClient({ url: redis.url }).connect();
  const held = await client.get(`wingman:session:${session}`);
  client.destroy();
  return held?.split(' ')[1];
}

test('whom one node denies the others deny too, and unknown names are counted at all of them', async () => {
  const clock = new FakeClock();
  await startNode(redis, { denyList: listFile('192.0.2.0/24\n') });
  const node = await startNode(redis, {}, clock);
  const status = async (address: string): Promise<unknown[]> => {
    const headers = { 'x-forwarded-for': address };
    const answered = await fetchWhole(node.port, 'b234567abcdefghj.localhost', '/', { headers });
    return [answered.status, answered.headers['wingman-error']];
  };
  // The node with the list may say so after any turn of the other.
  await until(async () => {
    await pass(clock, SERVER_LIMITS.announceMs);
    return (await status('192.0.2.9'))[1] === 'DENIED';
  });
  expect(await status('198.51.100.7')).toEqual([404, 'SESSION_UNKNOWN']);
  const name = new Disguise(SECRET).nameOf('198.51.100.7');
  const client = await createClient({ url: redis.url }).connect();
  const key = `wingman:rate:unknown-names:${name}`;
  expect(await client.get(key)).toBe('1');
  await client.incrBy(key, SERVER_LIMITS.unknownNameBurst);
  client.destroy();
  expect(await status('198.51.100.7')).toEqual([429, 'LIMIT_EXCEEDED']);
});
