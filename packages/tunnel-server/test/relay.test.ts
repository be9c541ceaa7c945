import { expect, test } from '@jest/globals';
import {
  CloseCode,
  decodeMessage,
  DialPreface,
  LIMITS,
  newLinkId,
  VIEWER_COOKIE,
} from '@wingman/protocol';
import { randomBytes } from 'node:crypto';
import { SERVER_LIMITS } from '../src/limits.js';
import { ClientSocket } from './support/client-socket.js';
import { FakeClock } from './support/fake-clock.js';
import { FakeHost, RELAY_HELLO } from './support/fake-host.js';
import { openRelay } from './support/fake-viewer.js';
import { until } from './support/inbox.js';
import { startServer, startSession } from './support/server.js';

test('what the host said while it was kept ready comes first, then bytes go both ways', async () => {
  const { host, server } = await startSession();
  const hostEnd = await host.relays.next();
  const viewer = await openRelay(host);
  expect(await viewer.messages.next()).toEqual(RELAY_HELLO);
  const up = randomBytes(LIMITS.maxMessageBytes);
  const down = randomBytes(1000);
  viewer.send(up);
  hostEnd.send(down);
  expect(await hostEnd.messages.next()).toEqual(up);
  expect(await viewer.messages.next()).toEqual(down);
  const bytes = (direction: string) =>
    server.metrics.value('wingman_relay_bytes_total', { direction });
  expect(await bytes('to_host')).toBe(up.byteLength);
  expect(await bytes('to_viewer')).toBe(down.byteLength + RELAY_HELLO.byteLength);
});

test('the host is told whose browser it is and where, before anything of the viewer’s', async () => {
  const { host } = await startSession();
  const id = newLinkId();
  const told = async (cookie: string): Promise<string> => {
    const hostEnd = await host.relays.next();
    const path = host.doorPath('relay', newLinkId());
    const origin = `http://${host.name}`;
    const headers = { origin, cookie, 'x-forwarded-for': '192.0.2.1' };
    const viewer = await ClientSocket.open(host.port, host.name, path, headers);
    viewer.send(Buffer.from('first'));
    const preface = decodeMessage(DialPreface, await hostEnd.preface.next());
    const { clientAddress, viewerId } = preface;
    // What a client says of itself is not believed without a trusted proxy.
    expect(clientAddress).toBe('127.0.0.1');
    expect((await hostEnd.messages.next()).toString()).toBe('first');
    return viewerId;
  };
  expect(await told(`a=1; ${VIEWER_COOKIE}=${id}`)).toBe(id);
  expect(await told(`${VIEWER_COOKIE}=forged`)).toBe('');
  expect(await told('')).toBe('');
});

test('a dial-back is asked for again as soon as one is used', async () => {
  const { host } = await startSession();
  const ends = [];
  for (let index = 0; index < 3; index += 1) {
    await openRelay(host);
    ends.push(await host.relays.next());
  }
  expect(new Set(ends).size).toBe(3);
});

test('a viewer waits for a host that is slow to dial', async () => {
  const { host } = await startSession({ dials: false });
  const viewer = await openRelay(host);
  viewer.send(Buffer.from('patience'));
  const hostEnd = await host.dial('relay');
  expect((await hostEnd.messages.next()).toString()).toBe('patience');
});

test('a viewer does not wait for ever', async () => {
  const clock = new FakeClock();
  const { host } = await startSession({ dials: false }, {}, clock);
  const viewer = await openRelay(host);
  clock.advance(SERVER_LIMITS.dialBackMs);
  expect((await viewer.closed).code).toBe(CloseCode.HOST_OFFLINE);
});

test.each(['viewer', 'host'] as const)(
  'the %s closing closes the other end alike',
  async (side) => {
    const { host } = await startSession();
    const viewer = await openRelay(host);
    const hostEnd = await host.relays.next();
    await viewer.messages.next();
    const [closing, other] = side === 'viewer' ? [viewer, hostEnd] : [hostEnd, viewer];
    closing.socket.close(CloseCode.TOO_MANY_VIEWERS, 'full');
    expect(await other.closed).toEqual({ code: CloseCode.TOO_MANY_VIEWERS, reason: 'full' });
  },
);

test('an end that dies is told as going away', async () => {
  const { host } = await startSession();
  const viewer = await openRelay(host);
  const hostEnd = await host.relays.next();
  await viewer.messages.next();
  viewer.socket.terminate();
  expect((await hostEnd.closed).code).toBe(CloseCode.GOING_AWAY);
});

test('a text message, which no end of ours sends, closes both', async () => {
  const { host } = await startSession();
  const viewer = await openRelay(host);
  const hostEnd = await host.relays.next();
  await viewer.messages.next();
  viewer.socket.send('text');
  expect((await hostEnd.closed).code).toBe(CloseCode.PROTOCOL);
  expect((await viewer.closed).code).toBe(CloseCode.PROTOCOL);
});

test('a viewer that reads nothing pauses the host and nothing piles up in the server', async () => {
  const { host } = await startSession();
  const viewer = await openRelay(host);
  const hostEnd = await host.relays.next();
  await viewer.messages.next();
  viewer.socket.pause();
  const chunk = randomBytes(64 * 1024);
  const count = 640;
  for (let index = 0; index < count; index += 1) hostEnd.send(chunk);
  // The sender's own queue is in this process too: it stops shrinking when the splice has paused.
  let last = -1;
  await until(async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const unchanged = hostEnd.socket.bufferedAmount === last;
    last = hostEnd.socket.bufferedAmount;
    return unchanged;
  });
  // What has left the host and not reached the viewer is in the server or in the kernel's buffers.
  const underway = chunk.byteLength * count - hostEnd.socket.bufferedAmount;
  expect(underway).toBeLessThan(24 * 1024 * 1024);
  viewer.socket.resume();
  for (let index = 0; index < count; index += 1) {
    expect((await viewer.messages.next()).byteLength).toBe(chunk.byteLength);
  }
});

test('a link has two relay connections while it moves, and a third replaces the first', async () => {
  const { host } = await startSession();
  const linkId = newLinkId();
  const open = async () => {
    const relay = await openRelay(host, linkId);
    await relay.messages.next();
    return relay;
  };
  const relays = [await open(), await open(), await open()];
  expect((await relays[0]!.closed).code).toBe(CloseCode.REPLACED);
  const OPEN = relays[0]!.socket.OPEN;
  expect(relays.slice(1).map(({ socket }) => socket.readyState)).toEqual([OPEN, OPEN]);
});

test('splices are capped for each session', async () => {
  const { host } = await startSession({}, { maxViewers: 1 });
  for (let index = 0; index < 1 + SERVER_LIMITS.viewerSocketSlack; index += 1) {
    await (await openRelay(host)).messages.next();
  }
  expect((await (await openRelay(host)).closed).code).toBe(CloseCode.TOO_MANY_VIEWERS);
});

test('a viewer that waits for the host holds a place already', async () => {
  const { host } = await startSession({ dials: false }, { maxViewers: 1 });
  for (let index = 0; index < 5; index += 1) {
    await host.dial('relay');
    await openRelay(host);
  }
  const waiting = await Promise.all(Array.from({ length: 4 }, () => openRelay(host)));
  expect((await (await openRelay(host)).closed).code).toBe(CloseCode.TOO_MANY_VIEWERS);
  expect(waiting.map(({ socket }) => socket.readyState)).toEqual([1, 1, 1, 1]);
});

test('a host that says too much before its viewer comes is closed', async () => {
  const { host } = await startSession({ dials: false });
  const spare = await host.dial('relay');
  spare.send(Buffer.alloc(SERVER_LIMITS.earlyBytes + 1));
  expect((await spare.closed).code).toBe(CloseCode.PROTOCOL);
});

test('a host that dials unasked gets no further than a few', async () => {
  const { host } = await startSession({ dials: false });
  for (let index = 0; index < SERVER_LIMITS.readySockets; index += 1) await host.dial('relay');
  const surplus = await host.dial('relay');
  expect((await surplus.closed).code).toBe(CloseCode.GOING_AWAY);
});

test('a spare socket that breaks is replaced, after a pause', async () => {
  const clock = new FakeClock();
  const { host } = await startSession({}, {}, clock);
  const spare = await host.relays.next();
  spare.socket.close();
  await spare.closed;
  await until(() => {
    clock.advance(1_000);
    return host.relays.size > 0;
  });
});

test('splices outlive the host signaling and its replacement', async () => {
  const { host, server } = await startSession();
  const viewer = await openRelay(host);
  const hostEnd = await host.relays.next();
  await viewer.messages.next();
  await FakeHost.start(server.port, { keys: host.keys, takeOver: true });
  await host.signaling.closed;
  viewer.send(Buffer.from('still here'));
  expect((await hostEnd.messages.next()).toString()).toBe('still here');
});

test('ready sockets of a replaced registration are not used', async () => {
  const { host, server } = await startSession();
  const stale = await host.relays.next();
  const newer = await FakeHost.start(server.port, { keys: host.keys, takeOver: true });
  expect((await stale.closed).code).toBe(CloseCode.REPLACED);
  const viewer = await openRelay(newer);
  viewer.send(Buffer.from('to the newer'));
  expect((await (await newer.relays.next()).messages.next()).toString()).toBe('to the newer');
});

test('an offline host closes a viewer at once', async () => {
  const { host } = await startSession();
  await host.relays.next();
  host.signaling.socket.terminate();
  await until(async () => {
    const viewer = await openRelay(host);
    const outcome = await Promise.race([viewer.closed, viewer.messages.next()]);
    return 'code' in outcome && outcome.code === CloseCode.HOST_OFFLINE;
  });
});

test.each([
  ['no link id', '/__wingman/relay'],
  ['a malformed link id', '/__wingman/relay?link=ABC'],
])('a relay URL with %s is refused', async (_name, path) => {
  const { host, server } = await startSession();
  await expect(ClientSocket.open(server.port, host.name, path)).rejects.toThrow('status 400');
});

test.each([
  'http://evil.example',
  'https://HOST',
  'http://HOST.evil.example',
  'http://localhost:PORT',
  'null',
])('a viewer from %s is refused', async (template) => {
  const { host, server } = await startSession();
  const origin = template.replace('HOST', host.name).replace('PORT', String(server.port));
  for (const path of [host.doorPath('signal', newLinkId()), host.doorPath('relay', newLinkId())]) {
    const opening = ClientSocket.open(server.port, host.name, path, { origin });
    await expect(opening).rejects.toThrow('status 403');
  }
});

test('the relay of an unknown session is closed with the code that says so, and with no message', async () => {
  const server = await startServer();
  const path = `/__wingman/relay?link=${newLinkId()}`;
  const viewer = await ClientSocket.open(server.port, `nobody.localhost:${server.port}`, path);
  expect((await viewer.closed).code).toBe(CloseCode.SESSION_UNKNOWN);
  expect(viewer.messages.drain()).toEqual([]);
});

test('the relay is closed with the code of a wrong key, and with no message', async () => {
  const { host } = await startSession();
  const path = `/__wingman/relay?link=${newLinkId()}&pass=none`;
  const viewer = await ClientSocket.open(host.port, host.name, path);
  expect((await viewer.closed).code).toBe(CloseCode.HANDSHAKE_FAILED);
  expect(viewer.messages.drain()).toEqual([]);
});

test('a viewer that says nothing does not hold the host’s connection', async () => {
  const { host } = await startSession();
  const viewer = await openRelay(host);
  const { code } = await viewer.closed;
  // Not that its key was refused: it may wait for a host that stands still.
  expect(code).toBe(CloseCode.DEAD_PEER);
});
