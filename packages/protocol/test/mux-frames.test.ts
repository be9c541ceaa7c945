import { describe, expect, test } from '@jest/globals';
import { LIMITS } from '../src/limits.js';
import { Link } from '../src/link/link.js';
import { MESSAGE_OVERHEAD_BYTES } from '../src/mux/mux-stream.js';
import { Mux } from '../src/mux/mux.js';
import { encodeCredit, encodeReset } from '../src/wire/stream-frame.js';
import { FakeClock } from './support/fake-clock.js';
import { LINK_ID } from './support/linked-pair.js';
import {
  bench,
  broken,
  data,
  ends,
  idsOf,
  met,
  opens,
  PORTION,
  typesOf,
  type Bench,
} from './support/mux-bench.js';
import { RecordingCarrier } from './support/recording-carrier.js';
import { bytes, say } from './support/scripted-peer.js';

describe('the streams of one end', () => {
  test.each([
    ['initiator', [1, 3, 5]],
    ['acceptor', [2, 4, 6]],
  ] as const)('of the %s have the ids %j', (role, ids) => {
    const world = met(role);
    for (const id of ids) world.mux.open(bytes(id));
    expect(world.sent()).toEqual(
      ids.map((stream) => ({ type: 'open', stream, payload: Uint8Array.of(stream) })),
    );
  });

  test('wait for the peer’s ATTACH, unless they are early', () => {
    const world = bench();
    world.attach();
    world.mux.open(bytes(1));
    world.mux.open(bytes(2), { isEarly: true });
    expect(world.sent()).toMatchObject([{ type: 'open', stream: 1, payload: bytes(2) }]);
    world.greet();
    expect(world.sent()[1]).toMatchObject({ type: 'open', stream: 3, payload: bytes(1) });
  });

  test('count from the moment they are opened, once each', async () => {
    const world = bench();
    const stream = world.mux.open(bytes());
    expect(world.mux.streamCount).toBe(1);
    world.attach();
    world.greet();
    await stream.write([new Uint8Array(LIMITS.streamWindowBytes - MESSAGE_OVERHEAD_BYTES)]);
    const waiting = stream.write([bytes(1)]);
    expect(world.mux.streamCount).toBe(1);
    world.link.close('LINK_CLOSED');
    await expect(waiting).rejects.toMatchObject({ code: 'LINK_CLOSED' });
    expect(world.mux.streamCount).toBe(0);
  });

  test('that are reset before their OPEN is out leave nothing behind, and say nothing', () => {
    const world = bench();
    world.mux.open(bytes()).reset('CANCELLED');
    expect(world.mux.streamCount).toBe(0);
    world.attach();
    world.greet();
    expect(world.sent()).toEqual([]);
  });

  test('that wait when the link ends fail with it', async () => {
    const world = bench();
    const reading = world.mux.open(bytes()).read();
    world.link.close('SESSION_ENDED');
    await expect(reading).rejects.toMatchObject({ code: 'SESSION_ENDED' });
    expect(world.mux.streamCount).toBe(0);
  });

  test('end with a frame of their own, and take the answer', async () => {
    const world = met();
    const stream = world.mux.open(bytes());
    await stream.write([bytes(1), bytes(2)]);
    stream.end();
    expect(world.sent().slice(1)).toEqual([
      { type: 'data', stream: 1, payload: Uint8Array.of(1, 2) },
      { type: 'end', stream: 1 },
    ]);
    world.says(data(1, 3), ends(1));
    expect(await stream.read()).toEqual(new Uint8Array(3));
    expect(await stream.read()).toBeUndefined();
    expect(world.mux.streamCount).toBe(0);
  });
});

describe('credit', () => {
  const window = LIMITS.streamWindowBytes - MESSAGE_OVERHEAD_BYTES;

  test('of a stream is used to its last byte, and what waits goes out with the next', () => {
    const world = met();
    const stream = world.mux.open(bytes());
    void stream.write([new Uint8Array(window)]);
    void stream.write([bytes(1)]);
    expect(typesOf(world.sent())).toEqual(['open', 'data']);
    world.says(encodeCredit(1, MESSAGE_OVERHEAD_BYTES));
    expect(world.sent()).toHaveLength(2);
    world.says(encodeCredit(1, 1));
    expect(world.sent()[2]).toMatchObject({ type: 'data', stream: 1, payload: bytes(1) });
  });

  test('of the link is shared by all streams, and comes on stream 0', () => {
    const world = met();
    const count = LIMITS.linkWindowBytes / LIMITS.streamWindowBytes;
    const streams = Array.from({ length: count + 1 }, () => world.mux.open(bytes()));
    for (const stream of streams) {
      void stream.write([new Uint8Array(window)]);
      say(world.carrier, { type: 'ack', received: world.sent().length });
    }
    const written = (): number[] => idsOf(world.sent().filter(({ type }) => type === 'data'));
    expect(written()).toHaveLength(count);
    world.says(encodeCredit(0, LIMITS.streamWindowBytes - 1));
    expect(written()).toHaveLength(count);
    world.says(encodeCredit(0, 1));
    expect(written().at(-1)).toBe(2 * count + 1);
  });

  test('is returned on the stream and on the link as its reader takes what has come', async () => {
    const world = met('acceptor');
    world.says(opens(1));
    const [stream] = world.accepted;
    for (let bytes = 0; bytes < LIMITS.streamWindowBytes; bytes += PORTION) {
      world.says(data(1, PORTION - MESSAGE_OVERHEAD_BYTES));
    }
    expect(world.mux.unreadBytes).toBe(LIMITS.streamWindowBytes);
    for (let bytes = 0; bytes < LIMITS.streamWindowBytes / 2; bytes += PORTION) {
      await stream?.read();
    }
    expect(world.mux.unreadBytes).toBe(LIMITS.streamWindowBytes / 2);
    const eighth = { type: 'credit', stream: 1, bytes: LIMITS.streamWindowBytes / 8 };
    expect(world.sent()).toEqual([eighth, eighth, eighth, eighth]);
  });

  test('of the link comes back for what is late for its stream', async () => {
    const world = met('acceptor');
    world.says(opens(1));
    world.accepted[0]?.reset('CANCELLED');
    for (let bytes = 0; bytes < LIMITS.linkWindowBytes / 8; bytes += PORTION) {
      world.says(data(1, PORTION - MESSAGE_OVERHEAD_BYTES));
    }
    expect(world.mux.unreadBytes).toBe(0);
    expect(world.sent()).toEqual([
      { type: 'reset', stream: 1, code: 'CANCELLED' },
      { type: 'credit', stream: 0, bytes: LIMITS.linkWindowBytes / 8 },
    ]);
  });
});

describe('what comes for a stream that is gone', () => {
  test.each([
    ['data', data(1, 1)],
    ['its end', ends(1)],
    ['a reset', encodeReset(1, 'CANCELLED')],
    ['credit', encodeCredit(1, 5)],
  ])('is dropped: %s', (_what, frame) => {
    for (const role of ['initiator', 'acceptor'] as const) {
      const world = met(role);
      if (role === 'acceptor') world.says(opens(1));
      const stream = role === 'acceptor' ? world.accepted[0] : world.mux.open(bytes());
      stream?.reset('CANCELLED');
      world.says(frame);
      expect(broken(world)).toBeUndefined();
    }
  });

  test.each([
    ['the peer’s', 'acceptor', 3],
    ['ours', 'initiator', 3],
    ['the link’s', 'initiator', 0],
  ] as const)('breaks the link when there never was one: %s', (_whose, role, id) => {
    const world = met(role);
    if (role === 'acceptor') world.says(opens(1));
    else world.mux.open(bytes());
    world.says(data(id, 1));
    const message = `frame for unknown stream ${id}`;
    expect(broken(world)).toEqual({ code: 'PROTOCOL_ERROR', message });
  });
});

describe('a stream of the peer', () => {
  test.each([
    ['of our numbers', 2],
    ['numbered zero', 0],
    ['opened before', 3],
    ['with a lower number', 1],
  ])('can’t be one %s', (_what, id) => {
    const world = met('acceptor');
    world.says(opens(3), opens(id));
    const message = `stream ${id} can't be opened`;
    expect(broken(world)).toEqual({ code: 'PROTOCOL_ERROR', message });
  });

  test('may leave numbers out, and has what its OPEN carries', () => {
    const link = new Link({ id: LINK_ID, role: 'acceptor', clock: new FakeClock() });
    const opened: [number, Uint8Array][] = [];
    new Mux(link, { onStream: (stream, open) => opened.push([stream.id, open]) });
    const carrier = new RecordingCarrier();
    link.attach(carrier, 'relay');
    say(carrier, { type: 'attach', received: 0, incarnation: 1 });
    const payload = Buffer.concat([opens(7), bytes(1, 2)]);
    say(carrier, { type: 'data', sequence: 0, payload });
    expect(opened).toEqual([[7, Uint8Array.of(1, 2)]]);
  });

  test('above the cap is refused, until another has ended', () => {
    const world = met('acceptor');
    const last = 2 * LIMITS.maxStreams - 1;
    for (let id = 1; id <= last; id += 2) world.says(opens(id));
    expect([world.accepted.length, world.sent()]).toEqual([LIMITS.maxStreams, []]);
    world.says(opens(last + 2));
    expect(world.sent()).toEqual([{ type: 'reset', stream: last + 2, code: 'REFUSED' }]);
    // One of ours that ends gives the peer no place.
    world.mux.open(bytes()).reset('CANCELLED');
    world.says(opens(last + 4));
    expect(world.accepted).toHaveLength(LIMITS.maxStreams);
    world.accepted[0]?.reset('CANCELLED');
    world.says(opens(last + 6));
    expect(world.accepted).toHaveLength(LIMITS.maxStreams + 1);
  });

  test('that the peer resets fails with the code', async () => {
    const world = met('acceptor');
    world.says(opens(1), encodeReset(1, 'CANCELLED'));
    await expect(world.accepted[0]?.read()).rejects.toMatchObject({
      ...{ code: 'CANCELLED', message: 'reset by the peer: CANCELLED' },
    });
    expect(world.mux.streamCount).toBe(0);
  });
});

describe('resets of the peer', () => {
  function resets(world: Bench, first: number, count: number): void {
    for (let id = first; id < first + 2 * count; id += 2) {
      world.says(opens(id), encodeReset(id, 'CANCELLED'));
    }
  }

  const { maxResetsPerWindow, resetWindowMs } = LIMITS;

  test('break the link when there are too many in a window, whatever was in the one before', () => {
    const world = met('acceptor');
    resets(world, 1, maxResetsPerWindow);
    world.clock.jump(resetWindowMs + 1);
    resets(world, 2 * maxResetsPerWindow + 1, maxResetsPerWindow);
    expect(broken(world)).toBeUndefined();
    resets(world, 4 * maxResetsPerWindow + 1, 1);
    const message = 'too many streams reset';
    expect(broken(world)).toEqual({ code: 'LIMIT_EXCEEDED', message });
    expect(world.carrier.frames.at(-1)).toEqual({ type: 'close', code: 'LIMIT_EXCEEDED' });
  });

  test('count together up to the end of the window', () => {
    const world = met('acceptor');
    resets(world, 1, maxResetsPerWindow);
    world.clock.jump(resetWindowMs);
    resets(world, 2 * maxResetsPerWindow + 1, 1);
    expect(broken(world)?.code).toBe('LIMIT_EXCEEDED');
  });
});
