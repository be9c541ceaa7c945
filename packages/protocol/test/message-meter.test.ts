import { describe, expect, test } from '@jest/globals';
import { MessageMeter } from '../src/exchange/message-meter.js';
import { FairShare } from '../src/fair-share.js';
import { LIMITS } from '../src/limits.js';
import { FakeClock } from './support/fake-clock.js';

const CHUNK = LIMITS.webSocketFloorBytes;

function world() {
  const clock = new FakeClock();
  const share = new FairShare<MessageMeter>(LIMITS.webSocketHeldBytes);
  const refused: string[] = [];
  const socket = () => new MessageMeter(share, clock, ({ code }) => refused.push(code));
  return { clock, share, refused, socket };
}

/** Takes chunks of an endless message until it is refused; tells how many bytes it took. */
function fill(meter: MessageMeter, refused: readonly string[]): number {
  const before = refused.length;
  let bytes = 0;
  while (refused.length === before) {
    meter.received(CHUNK);
    bytes += CHUNK;
  }
  return bytes;
}

describe('a message that grows', () => {
  test('may be the largest there is, and is refused above its share', () => {
    const { refused, socket } = world();
    const meter = socket();
    for (let bytes = 0; bytes < LIMITS.maxWebSocketMessageBytes; bytes += 1_400)
      meter.received(1_400);
    expect(refused).toEqual([]);
    fill(meter, refused);
    expect(refused).toEqual(['LIMIT_EXCEEDED']);
    meter.received(CHUNK);
    expect(refused).toHaveLength(1);
  });

  test('leaves room for others, who may always have a small one', () => {
    const { share, refused, socket } = world();
    const sizes = Array.from({ length: 30 }, () => fill(socket(), refused));
    expect(sizes[0]).toBeGreaterThan(LIMITS.maxWebSocketMessageBytes);
    expect(share.free).toBeLessThan(CHUNK);
    const small = socket();
    for (let message = 0; message < 1_000; message++) {
      small.received(10_000);
      small.completed()();
    }
    expect(refused).toHaveLength(30);
    expect(share.free).toBeGreaterThan(-30 * (CHUNK + LIMITS.webSocketChunkBytes));
  });

  test('gives everything back when its socket closes, or it has been handed on', () => {
    const { clock, share, refused, socket } = world();
    const [one, other] = [socket(), socket()];
    one.received(1_000_000);
    other.received(2_000_000);
    const handedOn = other.completed();
    other.received(3_000);
    one.close();
    other.close();
    expect(LIMITS.webSocketHeldBytes - share.free).toBe(2_000_000 + LIMITS.webSocketChunkBytes);
    handedOn();
    expect(share.free).toBe(LIMITS.webSocketHeldBytes);
    expect([clock.timers, refused]).toEqual([0, []]);
  });

  test('costs more than its bytes when it comes in tiny chunks', () => {
    const { refused, socket } = world();
    const meter = socket();
    let chunks = 0;
    for (; refused.length === 0; chunks++) meter.received(1);
    expect(chunks).toBeLessThan(LIMITS.webSocketHeldBytes / LIMITS.webSocketChunkBytes);
  });
});

describe('the deadline of a message', () => {
  test('runs from its first byte', async () => {
    const { clock, refused, socket } = world();
    const meter = socket();
    await clock.advance(LIMITS.webSocketMessageMs);
    meter.received(10);
    await clock.advance(LIMITS.webSocketMessageMs - 1);
    meter.received(10);
    expect(refused).toEqual([]);
    await clock.advance(1);
    expect(refused).toEqual(['TIMEOUT']);
  });

  test('ends with the message, however long the link takes it', async () => {
    const { clock, refused, socket } = world();
    const meter = socket();
    meter.received(10);
    meter.completed();
    await clock.advance(2 * LIMITS.webSocketMessageMs);
    expect(refused).toEqual([]);
  });

  test('is none for pings and pongs, which hold nothing', async () => {
    const { clock, share, refused, socket } = world();
    const meter = socket();
    for (let payload = 0; payload <= 125; payload++) {
      meter.received(6 + payload);
      meter.control(payload);
    }
    await clock.advance(2 * LIMITS.webSocketMessageMs);
    expect([share.free, refused]).toEqual([LIMITS.webSocketHeldBytes, []]);
  });

  test('is not put off by pings within the message', async () => {
    const { clock, refused, socket } = world();
    const meter = socket();
    meter.received(1_000);
    for (let round = 0; round < 10; round++) {
      await clock.advance(LIMITS.webSocketMessageMs / 10);
      meter.received(6);
      meter.control(0);
    }
    expect(refused).toEqual(['TIMEOUT']);
  });
});
