import { packageVersion } from '@wingman/node-kit';
import { describe, expect, test } from '@jest/globals';
import { Capability, CloseCode, EndReason, PROTOCOL_VERSION } from '@wingman/protocol';
import type { TunnelServer } from '../src/index.js';
import { SERVER_LIMITS } from '../src/limits.js';
import { ClientSocket } from './support/client-socket.js';
import { FakeClock } from './support/fake-clock.js';
import { createKeys, FakeHost } from './support/fake-host.js';
import { fetchWhole } from './support/http.js';
import { startServer, startSession } from './support/server.js';

const refusals = (server: TunnelServer, limit: string) =>
  server.metrics.value('wingman_limits_exceeded_total', { limit });

const refusalOf = (host: FakeHost) => host.received.find((item) => item?.$case === 'refusal');

test('a host that proves its key gets its session, a token and the ICE servers', async () => {
  const server = await startServer();
  const host = await FakeHost.connect(server.port, { label: 'my-app', ttlSeconds: 60 });
  await host.register();
  const grant = await host.registered();
  expect(grant.origin).toBe(`http://${host.session}.localhost:${server.port}`);
  expect(grant.dialToken).toHaveLength(43);
  expect(Number(grant.expiresAtMs) - Date.now()).toBeLessThanOrEqual(60_000);
  expect(Number(grant.expiresAtMs) - Date.now()).toBeGreaterThan(50_000);
  expect(grant.iceServers[0]?.urls).toEqual([`stun:127.0.0.1:${server.stunPort}`]);
  expect(grant.version).toBe(packageVersion(new URL('../package.json', import.meta.url)));
  expect(await server.metrics.value('wingman_sessions')).toBe(1);
});

test('a session is never granted more than the server allows', async () => {
  const server = await startServer({ sessionTtlMs: 5_000 });
  const host = await FakeHost.connect(server.port, { ttlSeconds: 1_000_000 });
  await host.register();
  const grant = await host.registered();
  expect(Number(grant.expiresAtMs) - Date.now()).toBeLessThanOrEqual(5_000);
});

test('a proof by another key is refused, and the name stays unknown', async () => {
  const server = await startServer();
  const host = await FakeHost.connect(server.port);
  await host.register({ signature: new Uint8Array(64) });
  expect((await refusalOf(host)).value.code).toBe('REFUSED');
  expect((await host.signaling.closed).code).toBe(CloseCode.HANDSHAKE_FAILED);
  expect((await fetchWhole(server.port, host.name, '/')).status).toBe(404);
});

test("a name that is not the key's is refused though the signature is right", async () => {
  const server = await startServer();
  const victim = await FakeHost.start(server.port);
  const thief = await FakeHost.connect(server.port);
  await thief.register({ session: victim.session });
  expect((await refusalOf(thief)).value.code).toBe('REFUSED');
  expect(victim.signaling.socket.readyState).toBe(victim.signaling.socket.OPEN);
});

test('a proof made for one connection is worth nothing on another', async () => {
  const server = await startServer();
  const keys = createKeys();
  const first = await FakeHost.connect(server.port, { keys });
  const second = await FakeHost.connect(server.port, { keys });
  const replayed = new Promise<Buffer>((resolve) => {
    const { socket } = first.signaling;
    socket.send = (data) => {
      if (data instanceof Uint8Array) resolve(Buffer.from(data));
    };
  });
  await first.register();
  second.signaling.send(await replayed);
  expect((await refusalOf(second)).value.code).toBe('REFUSED');
});

test.each([
  [PROTOCOL_VERSION - 1, "update wingman on the developer's machine"],
  [PROTOCOL_VERSION + 1, 'its operator has to update it'],
])('a host of version %s is told which side to update', async (protocolVersion, cure) => {
  const server = await startServer();
  const host = await FakeHost.connect(server.port);
  await host.register({ protocolVersion });
  const { code, message } = (await refusalOf(host)).value;
  expect(code).toBe('PROTOCOL_ERROR');
  expect(message).toContain(`version ${PROTOCOL_VERSION}, the host ${protocolVersion}: `);
  expect(message).toContain(cure);
});

test('the server says its version and what it can before the host says anything', async () => {
  const server = await startServer();
  const host = await FakeHost.connect(server.port);
  const hello = await host.received.find((item) => item?.$case === 'challenge');
  expect(hello.value.protocolVersion).toBe(PROTOCOL_VERSION);
  expect(hello.value.capabilities).toEqual([Capability.MOVE]);
});

test('a host that says anything before it registers is refused', async () => {
  const server = await startServer();
  const host = await FakeHost.connect(server.port);
  host.send({ $case: 'endSession', value: { reason: EndReason.STOPPED } });
  expect((await refusalOf(host)).value.code).toBe('PROTOCOL_ERROR');
  expect((await host.signaling.closed).code).toBe(CloseCode.PROTOCOL);
});

test.each([
  ['garbage', Buffer.from([0xff, 0xff, 0xff])],
  ['nothing', Buffer.alloc(0)],
])('%s instead of a message closes the connection', async (_name, bytes) => {
  const server = await startServer();
  const host = await FakeHost.connect(server.port);
  host.signaling.send(bytes);
  expect((await host.signaling.closed).code).toBe(CloseCode.PROTOCOL);
});

test('a message above the cap closes the connection', async () => {
  const server = await startServer();
  const host = await FakeHost.connect(server.port);
  host.signaling.send(Buffer.alloc(SERVER_LIMITS.signalingMessageBytes + 1));
  expect((await host.signaling.closed).code).toBe(1009);
});

test('a host that never registers is cut off at the deadline', async () => {
  const clock = new FakeClock();
  const server = await startServer({}, clock);
  const host = await FakeHost.connect(server.port);
  await host.received.find((item) => item?.$case === 'challenge');
  clock.advance(SERVER_LIMITS.registrationMs);
  expect((await refusalOf(host)).value.code).toBe('TIMEOUT');
});

test('idle hosts of one address give up the oldest place, and a new host registers', async () => {
  const server = await startServer();
  const hosts: ClientSocket[] = [];
  // One after another: of connections made at once any may come first.
  while (hosts.length < SERVER_LIMITS.unprovedHosts)
    hosts.push(await ClientSocket.open(server.port, 'localhost', '/__wingman/host'));
  const host = await FakeHost.start(server.port);
  expect(host.session).toMatch(/^[a-z0-9]+$/);
  await hosts[0]?.closed;
  expect(hosts[1]?.socket.readyState).toBe(hosts[1]?.socket.OPEN);
  const limit = { limit: 'unproved-hosts' };
  expect(await server.metrics.value('wingman_limits_exceeded_total', limit)).toBe(1);
});

test('a host that comes back replaces its own older connection, without being asked', async () => {
  const { host: first, server } = await startSession();
  const { instance, keys } = first;
  const again = await FakeHost.start(server.port, { keys, instance });
  expect((await first.signaling.closed).code).toBe(CloseCode.REPLACED);
  expect((await fetchWhole(server.port, again.name, '/')).text).toBe('hello');
});

describe('another host with the same key', () => {
  const SINCE_AND_FROM = /since \d{4}-\d\d-\d\d \d\d:\d\d UTC from 127\.0\.0\.1$/;

  test('is told who is there, and changes nothing', async () => {
    const { host: first, server } = await startSession();
    const second = await FakeHost.connect(server.port, { keys: first.keys });
    await second.register();
    const { value } = await refusalOf(second);
    expect(value.code).toBe('NAME_IN_USE');
    expect(value.message).toMatch(SINCE_AND_FROM);
    expect((await second.signaling.closed).code).toBe(CloseCode.HANDSHAKE_FAILED);
    expect((await fetchWhole(server.port, first.name, '/')).text).toBe('hello');
    const refused = { code: 'NAME_IN_USE' };
    expect(await server.metrics.value('wingman_hosts_refused_total', refused)).toBe(1);
  });

  test('takes the name over when it says so; the one replaced is told by whom', async () => {
    const { host: first, server } = await startSession();
    const second = await FakeHost.start(server.port, { keys: first.keys, takeOver: true });
    const { value } = await refusalOf(first);
    expect(value).toMatchObject({ code: 'NAME_IN_USE' });
    expect(value.message).toMatch(SINCE_AND_FROM);
    expect((await first.signaling.closed).code).toBe(CloseCode.REPLACED);
    expect((await fetchWhole(server.port, second.name, '/')).text).toBe('hello');
  });

  test('needs no word when the first is away', async () => {
    const { host: first, server } = await startSession();
    first.crash();
    const second = await FakeHost.connect(server.port, { keys: first.keys });
    await second.register();
    expect((await second.registered()).origin).toContain(first.session);
  });
});

describe('a name is never another key’s', () => {
  const steal = async (server: TunnelServer, name: string): Promise<string> => {
    const thief = await FakeHost.connect(server.port, { takeOver: true });
    await thief.register({ session: name });
    return (await refusalOf(thief)).value.code;
  };

  test('not while its host is there, nor while it is away, nor after its session', async () => {
    const { host, server } = await startSession({ label: 'my-app' });
    expect(await steal(server, host.session)).toBe('REFUSED');
    host.signaling.socket.terminate();
    expect(await steal(server, host.session)).toBe('REFUSED');
    const back = await FakeHost.start(server.port, { keys: host.keys, label: 'my-app' });
    back.send({ $case: 'endSession', value: { reason: EndReason.STOPPED } });
    await back.signaling.closed;
    expect(await steal(server, host.session)).toBe('REFUSED');
  });

  test('not with another label either: the label is no part of the proof, the hash is', async () => {
    const { host, server } = await startSession({ label: 'my-app' });
    const hash = host.session.slice('my-app-'.length);
    expect(await steal(server, `other-${hash}`)).toBe('REFUSED');
    expect(await steal(server, hash)).toBe('REFUSED');
  });
});

test('a second registration on the same connection renews without a replacement', async () => {
  const { host } = await startSession();
  const token = host.dialToken;
  await host.register();
  expect((await host.registered()).dialToken).toBe(token);
  expect(host.signaling.socket.readyState).toBe(host.signaling.socket.OPEN);
});

test('renewals without end are refused, counted, and cost the connection', async () => {
  const { host, server } = await startSession({}, {}, new FakeClock());
  for (let index = 0; index < SERVER_LIMITS.renewalBurst; index += 1) {
    await host.register();
    await host.registered();
  }
  await host.register();
  expect((await refusalOf(host)).value.code).toBe('LIMIT_EXCEEDED');
  expect((await host.signaling.closed).code).toBe(CloseCode.PROTOCOL);
  expect(await refusals(server, 'renewals')).toBe(1);
});

test('registrations of one address without end are refused and counted, those of another are not', async () => {
  const server = await startServer({ trustProxy: true }, new FakeClock());
  const from = (address: string) =>
    FakeHost.connect(server.port, {
      keys,
      takeOver: true,
      headers: { 'x-forwarded-for': `forged, ${address}` },
    });
  const keys = createKeys();
  for (let index = 0; index < SERVER_LIMITS.registrationBurst; index += 1) {
    const host = await from(`2001:db8:0:1::${index}`);
    await host.register();
    await host.registered();
  }
  const refused = await from('2001:db8:0:1:f::');
  await refused.register();
  expect((await refusalOf(refused)).value.code).toBe('LIMIT_EXCEEDED');
  expect((await refused.signaling.closed).code).toBe(CloseCode.PROTOCOL);
  expect(await refusals(server, 'registrations')).toBe(1);
  const other = await from('192.0.2.1');
  await other.register();
  expect((await other.registered()).origin).toContain(other.session);
});

test('a full server refuses another session, and says so', async () => {
  const { server } = await startSession({}, { maxSessions: 1 });
  const host = await FakeHost.connect(server.port);
  await host.register();
  expect((await refusalOf(host)).value.code).toBe('LIMIT_EXCEEDED');
});

test.each(['/__wingman/host', '/__wingman/dial'])('%s refuses browsers', async (path) => {
  const server = await startServer();
  const opening = ClientSocket.open(server.port, 'localhost', path, {
    origin: `http://localhost:${server.port}`,
  });
  await expect(opening).rejects.toThrow('status 403');
});

test('a dial-back needs the token of the registration', async () => {
  const { host } = await startSession({ dials: false });
  await expect(host.dial('relay', 'wrong')).rejects.toThrow('status 401');
  await expect(host.dial('relay', '')).rejects.toThrow('status 401');
  const socket = await host.dial('relay');
  expect(socket.socket.readyState).toBe(socket.socket.OPEN);
});
