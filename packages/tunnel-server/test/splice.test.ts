import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ABNORMAL_CLOSURE, CloseCode, newLinkId, NO_STATUS } from '@wingman/protocol';
import { once } from 'node:events';
import { SERVER_LIMITS } from '../src/limits.js';
import { Metrics } from '../src/metrics.js';
import { SpliceRoster } from '../src/relay/splice.js';
import { ENDINGS } from '../src/sessions/session.js';
import { until } from './support/inbox.js';
import { closePairs, openPair, type SocketPair } from './support/socket-pair.js';
import { NO_SOURCES } from './support/no-sources.js';

const VIEWERS = 2;
const ROOM = VIEWERS + SERVER_LIMITS.viewerSocketSlack;

let metrics: Metrics;
let roster: SpliceRoster;
let viewer: SocketPair;
let host: SocketPair;

beforeEach(() => {
  metrics = new Metrics(NO_SOURCES);
  roster = new SpliceRoster(metrics, VIEWERS);
});

afterEach(closePairs);

/** Joins a viewer with a host, under a link of its own unless one is named. */
async function join(linkId = newLinkId(), hostEarly: Uint8Array[] = []): Promise<void> {
  viewer = await openPair();
  host = await openPair();
  viewer.server.pause();
  roster.join(linkId, { viewer: viewer.server, host: host.server, hostEarly });
}

async function closeOf(socket: SocketPair['client']): Promise<[number, string]> {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
  return [code, reason.toString()];
}

const relayed = (direction: string): Promise<number> =>
  metrics.value('wingman_relay_bytes_total', { direction });

describe('a splice', () => {
  test('passes messages on in both directions, unread, and counts their bytes', async () => {
    await join();
    viewer.client.send(Uint8Array.of(1, 2, 3));
    const [there] = (await once(host.client, 'message')) as [Buffer];
    host.client.send(Uint8Array.of(4, 5));
    const [back] = (await once(viewer.client, 'message')) as [Buffer];
    expect([[...there], [...back]]).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
    expect([await relayed('to_host'), await relayed('to_viewer')]).toEqual([3, 2]);
  });

  test('begins with what the host has said before', async () => {
    const received: number[] = [];
    viewer = await openPair();
    host = await openPair();
    viewer.client.on('message', ([first]: Buffer) => received.push(first ?? 0));
    roster.join(newLinkId(), {
      viewer: viewer.server,
      host: host.server,
      hostEarly: [Uint8Array.of(1), Uint8Array.of(2)],
    });
    host.client.send(Uint8Array.of(3));
    await until(() => received.length === 3);
    expect(received).toEqual([1, 2, 3]);
  });

  test.each(['viewer', 'host'] as const)('ends at both ends when the %s closes', async (which) => {
    await join();
    const [closing, other] = which === 'viewer' ? [viewer, host] : [host, viewer];
    const told = closeOf(other.client);
    closing.client.close(4321, 'bye');
    expect(await told).toEqual([4321, 'bye']);
  });

  test.each([
    ['no status', (pair: SocketPair) => pair.client.close()],
    ['a cut', (pair: SocketPair) => pair.client.terminate()],
  ])('passes %s on as going away', async (_what, end) => {
    await join();
    const told = closeOf(host.client);
    end(viewer);
    expect((await told)[0]).toBe(CloseCode.GOING_AWAY);
    expect([NO_STATUS, ABNORMAL_CLOSURE]).not.toContain((await told)[0]);
  });

  test('ends when an end was gone before it was spliced', async () => {
    viewer = await openPair();
    host = await openPair();
    viewer.client.terminate();
    await once(viewer.server, 'close');
    const told = closeOf(host.client);
    roster.join(newLinkId(), { viewer: viewer.server, host: host.server, hostEarly: [] });
    expect((await told)[0]).toBe(CloseCode.GOING_AWAY);
  });

  test('is binary', async () => {
    await join();
    const told = Promise.all([closeOf(viewer.client), closeOf(host.client)]);
    viewer.client.send('text');
    expect((await told).map(([code]) => code)).toEqual([CloseCode.PROTOCOL, CloseCode.PROTOCOL]);
  });

  test('holds a fast sender back for a slow reader, and lets it go on', async () => {
    await join();
    let received = 0;
    host.client.pause();
    host.client.on('message', (data: Buffer) => (received += data.byteLength));
    const block = new Uint8Array(32 * 1024);
    // More than what loopback's own buffers and one end of the splice take.
    const blocks = 512;
    for (let count = 0; count < blocks; count += 1) viewer.client.send(block);
    await until(() => viewer.server.isPaused);
    expect(host.server.bufferedAmount).toBeLessThan(
      SERVER_LIMITS.spliceHighWaterBytes + 4 * block.byteLength,
    );
    host.client.resume();
    await until(() => received === blocks * block.byteLength);
    // The last piece can be there before the word that it has been written.
    await until(() => !viewer.server.isPaused);
  });
});

describe('the splices of a session', () => {
  test('a link moves from one relay connection to the next, and has no third', async () => {
    const linkId = newLinkId();
    await join(linkId);
    const first = { viewer: viewer.client, host: host.client };
    const ended = Promise.all([closeOf(viewer.client), closeOf(host.client)]);
    await join(linkId);
    const passes = once(first.host, 'message');
    first.viewer.send(Uint8Array.of(1));
    expect(await passes).toHaveLength(2);
    await join(linkId);
    expect((await ended).map(([code]) => code)).toEqual([CloseCode.REPLACED, CloseCode.REPLACED]);
    viewer.client.send(Uint8Array.of(1));
    expect(await once(host.client, 'message')).toHaveLength(2);
  });

  test('the connection that a link is leaving counts among the others', async () => {
    const linkId = newLinkId();
    await join(linkId);
    await join(linkId);
    for (let count = 2; count < ROOM; count += 1) roster.reserve(newLinkId());
    expect(roster.reserve(newLinkId())).toBeUndefined();
  });

  test('have as many places as viewers, and a few for reloads', () => {
    const held = Array.from({ length: ROOM }, () => roster.reserve(newLinkId()));
    expect(held).not.toContain(undefined);
    expect(roster.reserve(newLinkId())).toBeUndefined();
    held[0]?.();
    expect(roster.reserve(newLinkId())).toBeDefined();
  });

  test('a link that has one may always replace it', async () => {
    const linkId = newLinkId();
    await join(linkId);
    for (let count = 1; count < ROOM; count += 1) roster.reserve(newLinkId());
    expect(roster.reserve(newLinkId())).toBeUndefined();
    expect(roster.reserve(linkId)).toBeDefined();
  });

  test('a closed one gives its place back', async () => {
    await join();
    for (let count = 1; count < ROOM; count += 1) roster.reserve(newLinkId());
    expect(roster.reserve(newLinkId())).toBeUndefined();
    viewer.client.close();
    await once(host.client, 'close');
    expect(roster.reserve(newLinkId())).toBeDefined();
  });

  test('a first flight holds a place while its answer streams', () => {
    const land = roster.launch({ close: () => undefined });
    for (let count = 1; count < ROOM; count += 1) roster.reserve();
    expect(roster.reserve()).toBeUndefined();
    land();
    expect(roster.reserve()).toBeDefined();
  });

  test('outlive the host’s signaling', async () => {
    await join();
    roster.hostOffline();
    roster.hostOnline();
    viewer.client.send(Uint8Array.of(1));
    expect(await once(host.client, 'message')).toHaveLength(2);
  });

  test('end with the session, and so do first flights', async () => {
    await join();
    const codes: number[] = [];
    roster.launch({ close: (code) => codes.push(code) });
    const told = Promise.all([closeOf(viewer.client), closeOf(host.client)]);
    roster.ended(ENDINGS.stopped);
    codes.push(...(await told).map(([code]) => code));
    expect(codes).toEqual(Array(3).fill(CloseCode.SESSION_ENDED));
  });
});
