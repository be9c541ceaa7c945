import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { acceptExchanges } from '../src/exchange/accept-exchanges.js';
import type { IncomingRequest } from '../src/exchange/incoming-request.js';
import { create } from '../src/exchange/proto-message.js';
import { request } from '../src/exchange/request.js';
import { RequestHead, ResponseHead } from '../src/gen/wingman/v1/exchange.js';
import { LIMITS } from '../src/limits.js';
import { Link } from '../src/link/link.js';
import { Mux } from '../src/mux/mux.js';
import { PeerIds } from '../src/mux/peer-ids.js';
import { FOLLOWS_NONE } from '../src/wire/link-frame.js';
import { decodeStreamFrame, encodeCredit, StreamFrameType } from '../src/wire/stream-frame.js';
import { FakeClock, settle } from './support/fake-clock.js';
import { faultyPair } from './support/faulty-carrier.js';
import { collect, LINK_ID } from './support/linked-pair.js';
import { broken, data, met, opens, PORTION, type Bench } from './support/mux-bench.js';
import { RecordingCarrier } from './support/recording-carrier.js';
import { answer, bytes, say } from './support/scripted-peer.js';

/** The link has a second lane of its kind, so frames are striped. */
function striped({ carrier, link }: Bench): void {
  answer(carrier);
  const second = new RecordingCarrier();
  link.attach(second, 'relay', { joins: true });
  say(second, { type: 'attach', received: 0, incarnation: 1 });
  answer(second);
  expect(link.isStriped).toBe(true);
  // What goes out is looked for on the first carrier.
  second.writable = false;
}

const early = (world: Bench, sequence: number, payload: Uint8Array, follows = FOLLOWS_NONE): void =>
  say(world.carrier, { type: 'data', sequence, payload, follows });

describe('what a mux sends while its link has several lanes', () => {
  const follows = ({ carrier }: Bench): (number | undefined)[] =>
    carrier.framesOf('data').map((frame) => frame.follows);

  test('follows what was sent of its own stream, once the peer has said that it reads that', async () => {
    const world = met();
    striped(world);
    const first = world.mux.open(bytes(1));
    expect(follows(world)).toEqual([undefined]);
    world.mux.sendUnordered();
    const second = world.mux.open(bytes(2));
    await second.write([bytes(3)]);
    await first.write([bytes(4)]);
    second.end();
    expect(follows(world)).toEqual([undefined, FOLLOWS_NONE, 1, 0, 2]);
    first.reset('CANCELLED');
    expect(follows(world).at(-1)).toBeUndefined();
  });

  test('is in order while one lane carries: nothing overtakes there', () => {
    const world = met();
    world.mux.sendUnordered();
    world.mux.open(bytes(1));
    expect(follows(world)).toEqual([undefined]);
  });

  test('has unpacked heads: packed ones are read in their order', async () => {
    const world = met();
    world.mux.packHeads();
    world.mux.sendUnordered();
    world.mux.open(bytes(1));
    striped(world);
    const stream = world.mux.open(bytes(1));
    await stream.writeHead([bytes(1)]);
    const { PACKED_OPEN, OPEN, DATA } = StreamFrameType;
    const types = world.carrier.framesOf('data').map(({ payload }) => payload[0]);
    expect(types).toEqual([PACKED_OPEN, OPEN, DATA]);
  });

  test('returns credit that waits for nothing', async () => {
    const world = met();
    striped(world);
    world.mux.sendUnordered();
    const count = Math.floor(LIMITS.streamWindowBytes / PORTION) - 1;
    world.says(opens(2), ...Array.from({ length: count }, () => data(2, PORTION)));
    for (let read = 0; read < count; read += 1) await world.accepted[0]?.read();
    const credits = world.carrier
      .framesOf('data')
      .filter(({ payload }) => decodeStreamFrame(payload).type === 'credit');
    expect(credits.length).toBeGreaterThan(0);
    expect(credits.every((frame) => frame.follows === FOLLOWS_NONE)).toBe(true);
  });
});

describe('a frame that overtakes others', () => {
  test('is heard at once, and once', async () => {
    const world = met();
    const [first, second] = [world.mux.open(bytes()), world.mux.open(bytes())];
    early(world, 1, data(second.id, 5));
    expect(await second.read()).toHaveLength(5);
    early(world, 1, data(second.id, 5));
    say(world.carrier, { type: 'data', sequence: 0, payload: data(first.id, 3) });
    say(world.carrier, { type: 'data', sequence: 2, payload: data(second.id, 7) });
    expect(await first.read()).toHaveLength(3);
    expect(await second.read()).toHaveLength(7);
    expect(world.link.stats()).toMatchObject({ heldBytes: 0, duplicates: 1 });
  });

  test('may open a stream before those of lower ids', () => {
    const world = met();
    early(world, 1, opens(4));
    expect(world.accepted.map(({ id }) => id)).toEqual([4]);
    say(world.carrier, { type: 'data', sequence: 0, payload: opens(2) });
    expect(world.accepted.map(({ id }) => id)).toEqual([4, 2]);
    expect(broken(world)).toBeUndefined();
  });

  test.each([
    ['for a stream whose OPEN is still under way', () => encodeCredit(2, 1)],
    ['that opens more streams than there may be', () => opens(2 * LIMITS.maxStreams + 6)],
    ['with a packed head', () => bytes(StreamFrameType.PACKED_OPEN, 6)],
  ])('%s ends the link', (_, payload) => {
    const world = met();
    early(world, 2, opens(4));
    early(world, 1, payload());
    expect(broken(world)?.code).toBe('PROTOCOL_ERROR');
  });
});

describe('the ids of a peer', () => {
  test('rise, but for those that were overtaken, each once', () => {
    const ids = new PeerIds(1);
    expect([ids.take(1, false), ids.take(7, true)]).toEqual([true, true]);
    expect([3, 5, 7, 9].map((id) => ids.hasBeen(id))).toEqual([false, false, true, false]);
    expect([ids.take(5, false), ids.take(5, false), ids.take(3, true)]).toEqual([
      true,
      false,
      true,
    ]);
    expect([ids.take(4, false), ids.take(7, true), ids.take(9, false)]).toEqual([
      false,
      false,
      true,
    ]);
    expect([ids.hasBeen(0), ids.hasBeen(3), ids.isPeers(8)]).toEqual([false, true, false]);
  });

  test('may leave out some where nothing is overtaken, as they always might', () => {
    const ids = new PeerIds(2);
    expect([ids.take(6, false), ids.take(4, false), ids.take(8, true)]).toEqual([
      true,
      false,
      true,
    ]);
  });

  test('in any order of arrival are each taken once', () => {
    const orders = fc.shuffledSubarray(
      Array.from({ length: 40 }, (_, index) => 2 * index + 1),
      { minLength: 40 },
    );
    fc.assert(
      fc.property(orders, (order) => {
        const ids = new PeerIds(1);
        expect(order.map((id) => ids.take(id, true))).toEqual(order.map(() => true));
        expect(order.map((id) => ids.take(id, true))).toEqual(order.map(() => false));
      }),
    );
  });
});

describe('a small answer beside a download, over two lanes of which one is held up', () => {
  test('comes as soon as its own lane brings it', async () => {
    const clock = new FakeClock();
    const [viewer, host] = (['initiator', 'acceptor'] as const).map(
      (role) => new Link({ id: LINK_ID, role, clock }),
    ) as [Link, Link];
    let isHeld = false;
    for (const joins of [false, true]) {
      const [left, right] = faultyPair({ clock, delayMs: 10, isDeaf: () => joins && isHeld });
      host.attach(left, 'p2p', { joins });
      viewer.attach(right, 'p2p', { joins });
    }
    acceptExchanges(host, {
      request: (incoming: IncomingRequest) => {
        incoming.respond(create(ResponseHead, { status: 200 }));
        const write = (left: number): void => {
          void incoming.write(new Uint8Array(10_000));
          if (left === 1) incoming.end();
          else clock.setTimeout(() => write(left - 1), 2);
        };
        write(Number(incoming.head.target.slice(1)));
      },
      webSocket: (incoming) => incoming.reject(create(ResponseHead, { status: 404 })),
    });
    const mux = new Mux(viewer);
    const get = async (target: string): Promise<number> =>
      (await collect((await request(mux, create(RequestHead, { method: 'GET', target }))).body))
        .byteLength;
    await clock.advance(200);
    let bytesOfBulk = 0;
    const bulk = get('/400').then((length) => (bytesOfBulk = length));
    await clock.advance(60);
    isHeld = true;
    const answers: number[] = [];
    for (let count = 0; count < 6; count += 1) {
      void get('/1').then((length) => answers.push(length));
      await clock.advance(30);
    }
    await settle();
    // Those of the first moments may be given to the lane that is held up. The others go where answers come.
    expect(answers.length).toBeGreaterThanOrEqual(4);
    expect(bytesOfBulk).toBe(0);
    isHeld = false;
    await clock.advance(30_000);
    await bulk;
    expect([bytesOfBulk, answers.length]).toEqual([4_000_000, 6]);
  });
});
