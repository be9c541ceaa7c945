import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CloseCode } from '@wingman/protocol';
import { once } from 'node:events';
import { SERVER_LIMITS } from '../src/limits.js';
import { SignalingSocket } from '../src/signaling/signaling-socket.js';
import { TokenBucket } from '../src/signaling/token-bucket.js';
import { FakeClock } from './support/fake-clock.js';
import { until } from './support/inbox.js';
import { closePairs, openPair, type SocketPair } from './support/socket-pair.js';

let clock: FakeClock;
let pair: SocketPair;
let socket: SignalingSocket;
let received: Uint8Array[];
let closes: number[];

beforeEach(async () => {
  clock = new FakeClock();
  // An older test's socket may close later: what it tells is not for the next test.
  const [messages, codes]: [Uint8Array[], number[]] = [[], []];
  received = messages;
  closes = codes;
  pair = await openPair();
  socket = new SignalingSocket(pair.server, new TokenBucket(clock, 3, 1), {
    message: (bytes) => messages.push(bytes),
    closed: (code) => codes.push(code),
  });
});

afterEach(closePairs);

async function closeCode(): Promise<number> {
  const [code] = (await once(pair.client, 'close')) as [number];
  return code;
}

describe('a signaling socket', () => {
  test('passes messages on, in both directions', async () => {
    pair.client.send(Uint8Array.of(1));
    await until(() => received.length === 1);
    socket.send(Uint8Array.of(2));
    const [back] = (await once(pair.client, 'message')) as [Buffer];
    expect([[...received[0]!], [...back]]).toEqual([[1], [2]]);
    expect(socket.isOpen).toBe(true);
  });

  test('is binary', async () => {
    pair.client.send('text');
    expect(await closeCode()).toBe(CloseCode.PROTOCOL);
    expect(received).toEqual([]);
  });

  test('takes a burst, and no more than its rate after that', async () => {
    for (let count = 0; count < 3; count += 1) pair.client.send(Uint8Array.of(count));
    await until(() => received.length === 3);
    clock.advance(1_000);
    pair.client.send(Uint8Array.of(3));
    await until(() => received.length === 4);
    pair.client.send(Uint8Array.of(4));
    expect(await closeCode()).toBe(CloseCode.PROTOCOL);
    expect(received).toHaveLength(4);
  });

  test('tells once that it is closed, by the peer’s code', async () => {
    pair.client.close(CloseCode.LEAVING);
    await until(() => closes.length === 1);
    expect(closes).toEqual([CloseCode.LEAVING]);
    expect(socket.isOpen).toBe(false);
  });

  test('tells 1006 when the peer has vanished', async () => {
    pair.client.terminate();
    await until(() => closes.length === 1);
    expect(closes).toEqual([1006]);
  });

  test('takes and sends nothing once it is closing', async () => {
    socket.close(CloseCode.REPLACED, 'a newer one');
    expect(socket.isOpen).toBe(false);
    socket.close(CloseCode.PROTOCOL, 'again');
    socket.send(Uint8Array.of(1));
    pair.client.send(Uint8Array.of(2));
    const seen: unknown[] = [];
    pair.client.on('message', (data) => seen.push(data));
    expect(await closeCode()).toBe(CloseCode.REPLACED);
    expect([seen, received]).toEqual([[], []]);
  });

  test('cuts off a reader that lets the queue grow past its cap', async () => {
    pair.client.pause();
    const block = new Uint8Array(SERVER_LIMITS.signalingMessageBytes);
    let sent = 0;
    // Loopback's own buffers take some megabytes first.
    while (socket.isOpen && sent < 256 * 1024 * 1024) {
      socket.send(block);
      sent += block.byteLength;
    }
    expect(socket.isOpen).toBe(false);
    expect(pair.server.bufferedAmount).toBeLessThan(
      SERVER_LIMITS.signalingQueueBytes + 2 * block.byteLength,
    );
    await until(() => closes.length === 1);
  });
});
