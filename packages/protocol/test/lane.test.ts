import { describe, expect, test } from '@jest/globals';
import { LIMITS } from '../src/limits.js';
import { Lane } from '../src/link/lane.js';
import type { LaneKind } from '../src/link/lane-evidence.js';
import { FakeClock } from './support/fake-clock.js';
import { readyLane } from './support/lane-bench.js';
import { RecordingCarrier } from './support/recording-carrier.js';
import { encodeLinkFrame, type LinkFrame } from '../src/wire/link-frame.js';

function bench(kind: LaneKind = 'p2p') {
  const clock = new FakeClock();
  return { clock, ...readyLane(clock, { id: 3, kind }) };
}

/** Pings, and answers after so long. */
async function ask({ clock, lane }: ReturnType<typeof bench>, milliseconds: number): Promise<void> {
  lane.ping();
  await clock.advance(milliseconds);
  lane.pong(nonceOf(lane));
}

const nonceOf = ({ carrier }: Lane): number =>
  carrier instanceof RecordingCarrier ? carrier.framesOf('ping').at(-1)!.nonce : 0;

describe('the states of a lane', () => {
  test('it is attaching first, and awaited', () => {
    const clock = new FakeClock();
    const lane = new Lane({ id: 0, kind: 'relay', carrier: new RecordingCarrier(), clock });
    expect(lane).toMatchObject({ state: 'attaching', isUsable: false, isGood: false });
    expect([lane.isAwaited, lane.replacesKind, lane.isIntroduced]).toEqual([true, true, false]);
    expect([lane.newestHeard, lane.framesSent]).toEqual([-1, 0]);
    expect([lane.isDoubted, lane.isLeft]).toEqual([false, false]);
    expect(lane.transition('suspect')).toBe(false);
  });

  test('it goes from ready to suspect and back, and counts how often', async () => {
    const { clock, lane } = bench();
    expect([lane.isUsable, lane.stalls]).toEqual([true, 0]);
    await clock.advance(70);
    expect(lane.stateMs).toBe(70);
    expect(lane.transition('suspect')).toBe(true);
    expect([lane.isUsable, lane.stalls, lane.stateMs]).toEqual([true, 1, 0]);
    expect(lane.transition('ready')).toBe(true);
    lane.transition('suspect');
    expect(lane.stalls).toBe(2);
  });

  test.each(['attaching', 'ready', 'suspect'] as const)('it may die while it is %s', (state) => {
    const carrier = new RecordingCarrier();
    const lane = new Lane({ id: 0, kind: 'relay', carrier, clock: new FakeClock() });
    if (state !== 'attaching') lane.transition('ready');
    if (state === 'suspect') lane.transition('suspect');
    expect([lane.state, lane.transition('dead')]).toEqual([state, true]);
  });

  test('the dead stay dead', () => {
    const { lane } = bench();
    expect(lane.transition('dead')).toBe(true);
    expect([lane.transition('ready'), lane.transition('dead')]).toEqual([false, false]);
    expect(lane.isUsable).toBe(false);
  });

  test('it is good once it has answered, and not while it is suspected', async () => {
    const world = bench();
    expect(world.lane.isGood).toBe(false);
    await ask(world, 20);
    expect(world.lane.isGood).toBe(true);
    world.lane.transition('suspect');
    expect(world.lane.isGood).toBe(false);
  });
});

describe('pings', () => {
  test('are numbered, and awaited until they are answered', async () => {
    const { clock, lane, carrier } = bench();
    expect([lane.isAwaited, lane.unansweredMs, lane.bytesSincePing]).toEqual([false, 0, 0]);
    lane.ping();
    await clock.advance(30);
    lane.ping();
    expect(carrier.framesOf('ping').map(({ nonce }) => nonce)).toEqual([1, 2]);
    await clock.advance(10);
    expect([lane.isAwaited, lane.unansweredMs, lane.pingedMs]).toEqual([true, 40, 10]);
    lane.pong(1);
    expect([lane.isAwaited, lane.unansweredMs, lane.rttMs]).toEqual([true, 10, 40]);
    lane.pong(2);
    expect([lane.isAwaited, lane.unansweredMs]).toEqual([false, 0]);
  });

  test('an answer answers the older ones too: a carrier keeps order', () => {
    const { lane } = bench();
    lane.ping();
    lane.ping();
    lane.pong(2);
    expect(lane.isAwaited).toBe(false);
    lane.ping();
    expect(lane.isAwaited).toBe(true);
  });

  test('an answer to what was never asked says nothing', async () => {
    const { clock, lane } = bench();
    lane.framesSent = 9;
    lane.ping();
    await clock.advance(50);
    expect(lane.pong(7)).toBe(0);
    expect([lane.rttMs, lane.isAwaited, lane.unprovenMs]).toEqual([null, true, 50]);
  });

  test('an answer tells how many frames went before its ping', () => {
    const { lane } = bench();
    lane.framesSent = 4;
    lane.ping();
    lane.framesSent = 9;
    expect(lane.pong(1)).toBe(4);
  });

  test('count what comes while they wait', () => {
    const { lane } = bench();
    lane.heard(100);
    lane.ping();
    lane.heard(30);
    lane.heard(12);
    expect(lane.bytesSincePing).toBe(42);
  });
});

describe('what a lane measures', () => {
  test('the round trip: usual, lowest, that of the faster quarter', async () => {
    const world = bench();
    expect(world.lane).toMatchObject({ rttMs: null, baseRttMs: null, goodRttMs: null });
    for (const milliseconds of [40, 120, 500, 400, 300]) await ask(world, milliseconds);
    expect(world.lane).toMatchObject({ rttMs: 300, baseRttMs: 40, goodRttMs: 120 });
  });

  test('the wait: the last answer, or the one awaited when that takes longer', async () => {
    const world = bench();
    expect(world.lane.waitMs).toBe(0);
    await ask(world, 80);
    world.lane.ping();
    await world.clock.advance(30);
    expect(world.lane.waitMs).toBe(80);
    await world.clock.advance(70);
    expect(world.lane.waitMs).toBe(100);
  });

  test('bytes and rates in both directions', async () => {
    const { clock, lane } = bench();
    const out = lane.bytesOut;
    lane.send(new Uint8Array(10));
    expect(lane.bytesOut - out).toBe(10);
    expect([lane.inPerSecond, lane.outPerSecond]).toEqual([null, null]);
    lane.heard(3_000);
    lane.delivered(1_000);
    await clock.advance(500);
    lane.heard(1);
    lane.delivered(1);
    expect([lane.bytesIn, lane.inPerSecond, lane.outPerSecond]).toEqual([3_001, 6_000, 2_000]);
  });

  test('its quality is that of the moment', async () => {
    const world = bench();
    await ask(world, 60);
    const { quality } = world.lane;
    world.lane.transition('suspect');
    await world.clock.advance(1_000);
    expect(quality).toEqual({
      ...{ rttMs: 60, baseRttMs: 60, waitMs: 60, inPerSecond: null },
      ...{ outPerSecond: null, stalls: 0 },
    });
    expect(world.lane.quality.stalls).toBe(1);
  });
});

describe('silence', () => {
  test('is counted in time and looks, and ends with any message', async () => {
    const { clock, lane } = bench();
    await clock.advance(90);
    lane.looked();
    lane.looked();
    expect([lane.silentMs, lane.quietLooks, lane.unprovenLooks]).toEqual([90, 2, 2]);
    lane.heard(1);
    expect([lane.silentMs, lane.quietLooks, lane.unprovenLooks]).toEqual([0, 0, 2]);
  });

  test('is not the lack of a proof, which an answer or an acknowledgement gives', async () => {
    const world = bench();
    for (const prove of [() => ask(world, 0), async () => world.lane.delivered(1)]) {
      await world.clock.advance(90);
      world.lane.looked();
      world.lane.heard(1);
      expect([world.lane.unprovenMs, world.lane.unprovenLooks]).toEqual([90, 1]);
      await prove();
      expect([world.lane.unprovenMs, world.lane.unprovenLooks]).toEqual([0, 0]);
    }
  });

  test('a doubted lane is asked at once, and starts its count of looks anew', () => {
    const { lane, carrier } = bench();
    lane.looked();
    lane.doubt();
    expect([lane.isDoubted, lane.quietLooks]).toEqual([true, 0]);
    expect(carrier.framesOf('ping')).toHaveLength(1);
    lane.heard(1);
    expect(lane.isDoubted).toBe(false);
  });

  test('a lane that may not be sent on is not asked', () => {
    const carrier = new RecordingCarrier();
    const lane = new Lane({ id: 0, kind: 'relay', carrier, clock: new FakeClock() });
    lane.doubt();
    expect([lane.isDoubted, carrier.sent]).toEqual([true, []]);
  });

  test('a lane that the peer has left is taken for that until it proves otherwise, or the peer comes back', () => {
    const { lane } = bench();
    lane.left();
    lane.heard(1);
    expect(lane.isLeft).toBe(true);
    lane.delivered(1);
    expect(lane.isLeft).toBe(false);
    lane.left();
    lane.taken();
    expect(lane.isLeft).toBe(false);
  });
});

describe('the frames under way', () => {
  const frame = new Uint8Array(8 * 1024);

  test('are counted and sent, with a ping among them whose answer says what has arrived', async () => {
    const { clock, lane, carrier } = bench();
    lane.carry(frame);
    expect(lane).toMatchObject({ framesSent: 1, bytesOut: frame.length, isAwaited: false });
    expect(carrier.sent).toEqual([frame]);
    const large = new Uint8Array(LIMITS.flightLeastBytes);
    lane.carry(large);
    expect(carrier.sent).toHaveLength(3);
    expect(lane.flight.bytes).toBe(frame.length + large.length);
    await clock.advance(30);
    expect(lane.pong(1)).toBe(2);
    expect([lane.flight.bytes, lane.rttMs]).toEqual([0, 30]);
  });

  test('leave while there is room under the cap, and again after the next answer', async () => {
    const world = bench();
    await ask(world, 50);
    const { clock, lane } = world;
    for (let sent = 0; sent < LIMITS.flightStartBytes; sent += frame.length) {
      expect(lane.takes).toBe(true);
      lane.carry(frame);
    }
    expect(lane.takes).toBe(false);
    await clock.advance(50);
    lane.pong(nonceOf(lane));
    expect(lane.takes).toBe(true);
  });

  test('may be more on the relay than on a data channel when losses hold up the answers', async () => {
    const caps: number[] = [];
    for (const kind of ['relay', 'p2p'] as const) {
      const world = bench(kind);
      for (let round = 0; round < 20; round += 1) {
        world.lane.carry(new Uint8Array(LIMITS.flightStartBytes));
        await ask(world, round % 3 === 0 ? 50 : 150);
      }
      caps.push(world.lane.flight.capBytes);
    }
    const [relay = 0, channel = 0] = caps;
    expect(relay).toBeGreaterThan(2 * channel);
  });

  test('wait while the carrier is full', () => {
    const { lane, carrier } = bench();
    expect(lane.takes).toBe(true);
    carrier.writable = false;
    expect(lane.takes).toBe(false);
  });
});

describe('what comes on a lane', () => {
  const attach: LinkFrame = { type: 'attach', received: 0, incarnation: 1 };
  const pong: LinkFrame = { type: 'pong', nonce: 1, received: 0 };

  test('is read, and is a sign of life', async () => {
    const { clock, lane } = bench();
    lane.isIntroduced = true;
    await clock.advance(90);
    const message = encodeLinkFrame(pong);
    expect(lane.read(message)).toEqual(pong);
    expect(lane).toMatchObject({ bytesIn: message.length, silentMs: 0 });
  });

  test('is ATTACH or the end of the link first: a carrier without them has lost a message', () => {
    const { lane } = bench();
    const end: LinkFrame = { type: 'close', code: 'LINK_LOST' };
    expect(lane.read(encodeLinkFrame(attach))).toEqual(attach);
    expect(lane.read(encodeLinkFrame(end))).toEqual(end);
    expect(lane.read(encodeLinkFrame(pong))).toEqual(expect.any(String));
  });

  test('is no frame: the carrier is broken, and the link is told so', () => {
    const { lane } = bench();
    lane.isIntroduced = true;
    expect(lane.read(Uint8Array.of(255, 255))).toEqual(expect.any(String));
  });
});
