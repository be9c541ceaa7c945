import { describe, expect, test } from '@jest/globals';
import { LIMITS } from '../src/limits.js';
import { Link } from '../src/link/link.js';
import { MESSAGE_OVERHEAD_BYTES } from '../src/mux/mux-stream.js';
import { Mux } from '../src/mux/mux.js';
import { encodeCredit, LAST, streamHeader, StreamFrameType } from '../src/wire/stream-frame.js';
import { FakeClock } from './support/fake-clock.js';
import { LINK_ID } from './support/linked-pair.js';
import { broken, data, idsOf, lastData, met, typesOf } from './support/mux-bench.js';
import { RecordingCarrier } from './support/recording-carrier.js';
import { bytes, say } from './support/scripted-peer.js';

const { OPEN } = StreamFrameType;

describe('streams take turns', () => {
  /** The streams of the frames that go out when there is room again, where each of two has three messages to send. */
  function turns(length: number): number[] {
    const world = met();
    const [one, other] = [world.mux.open(bytes()), world.mux.open(bytes())];
    world.carrier.writable = false;
    for (let count = 0; count < 3; count += 1) void one.write([new Uint8Array(length)]);
    for (let count = 0; count < 3; count += 1) void other.write([new Uint8Array(length)]);
    const before = world.sent().length;
    world.carrier.drain();
    return idsOf(world.sent().slice(before));
  }

  test('of so many bytes, when there is room on the link', () => {
    const [whole, half] = [LIMITS.turnBytes, LIMITS.turnBytes / 2];
    expect(turns(whole)).toEqual([1, 3, 1, 3, 1, 3]);
    expect(turns(half - MESSAGE_OVERHEAD_BYTES)).toEqual([1, 1, 3, 3, 1, 3]);
    expect(turns(half - MESSAGE_OVERHEAD_BYTES - 1)).toEqual([1, 1, 1, 3, 3, 3]);
  });

  test('that end where the link or the stream takes no more', () => {
    const world = met();
    const [one, other] = [world.mux.open(bytes()), world.mux.open(bytes())];
    world.carrier.writable = false;
    const window = LIMITS.streamWindowBytes;
    void one.write([bytes(1)]);
    void one.write([new Uint8Array(window - MESSAGE_OVERHEAD_BYTES)]);
    void other.write([bytes(2)]);
    const before = world.sent().length;
    world.carrier.drain();
    expect(idsOf(world.sent().slice(before))).toEqual([1, 3]);
    world.says(encodeCredit(1, window));
    expect(world.sent().at(-1)).toMatchObject({ type: 'data', stream: 1 });
  });

  test('and one without credit holds up no other', () => {
    const world = met();
    const [full, other] = [world.mux.open(bytes()), world.mux.open(bytes())];
    void full.write([new Uint8Array(LIMITS.streamWindowBytes - MESSAGE_OVERHEAD_BYTES)]);
    void full.write([bytes(1)]);
    void other.write([bytes(2)]);
    expect(world.sent().at(-1)).toMatchObject({ type: 'data', stream: 3, payload: bytes(2) });
  });
});

describe('an end that belongs to a frame', () => {
  test('is a frame of its own until the peer has said that it reads such frames', async () => {
    const world = met();
    world.mux.open(bytes(), { isLast: true });
    world.mux.joinEnds();
    world.mux.open(bytes(), { isLast: true });
    const third = world.mux.open(bytes());
    await third.write([bytes(1)], true);
    expect(world.sent()).toEqual([
      { type: 'open', stream: 1, payload: bytes() },
      { type: 'end', stream: 1 },
      { type: 'open', stream: 3, payload: bytes(), isLast: true },
      { type: 'open', stream: 5, payload: bytes() },
      { type: 'data', stream: 5, payload: bytes(1), isLast: true },
    ]);
  });

  test('is the last of its side', async () => {
    const world = met();
    const stream = world.mux.open(bytes(), { isLast: true });
    await expect(stream.write([bytes(1)])).rejects.toMatchObject({ code: 'CANCELLED' });
    stream.end();
    world.says(lastData(1, 2));
    expect([await stream.read(), await stream.read()]).toEqual([new Uint8Array(2), undefined]);
    expect([typesOf(world.sent()), world.mux.streamCount]).toEqual([['open', 'end'], 0]);
    world.says(data(1, 1));
    expect(broken(world)).toBeUndefined();
  });

  test('may come with the opening', async () => {
    const world = met('acceptor');
    world.says(streamHeader(OPEN + LAST, 1));
    expect(await world.accepted[0]?.read()).toBeUndefined();
    await world.accepted[0]?.write([bytes(1)], true);
    expect(world.mux.streamCount).toBe(0);
  });

  test('of a stream that its opening, or the frame itself, has ended is nothing', () => {
    const link = new Link({ id: LINK_ID, role: 'acceptor', clock: new FakeClock() });
    new Mux(link, { onStream: (stream) => stream.reset('REFUSED') });
    const carrier = new RecordingCarrier();
    link.attach(carrier, 'relay');
    say(carrier, { type: 'attach', received: 0, incarnation: 1 });
    say(carrier, { type: 'data', sequence: 0, payload: streamHeader(OPEN + LAST, 1) });
    expect(link.closeError).toBeUndefined();
  });

  test('and another after it break the link', () => {
    const world = met();
    world.mux.open(bytes());
    world.says(lastData(1, 1), lastData(1, 1));
    expect(broken(world)?.code).toBe('PROTOCOL_ERROR');
  });
});
