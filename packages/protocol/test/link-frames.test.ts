import { describe, expect, test } from '@jest/globals';
import type { ErrorCode, WingmanError } from '../src/errors.js';
import { LIMITS } from '../src/limits.js';
import type { LaneKind } from '../src/link/lane-evidence.js';
import { Link } from '../src/link/link.js';
import type { LinkOptions } from '../src/link/link-types.js';
import { encodeLinkFrame, type LinkFrame } from '../src/wire/link-frame.js';
import { FakeClock } from './support/fake-clock.js';
import { LINK_ID } from './support/linked-pair.js';
import { RecordingCarrier } from './support/recording-carrier.js';

const PEER = 99;
const bytes = (...values: number[]): Uint8Array => Uint8Array.of(...values);

/** A link, and a peer that says exactly what a test has it say. */
class World {
  readonly clock = new FakeClock();
  readonly link: Link;
  readonly frames: number[] = [];
  readonly errors: WingmanError[] = [];
  readonly events: string[] = [];
  asked = 0;

  constructor(options: Partial<LinkOptions> = {}) {
    this.link = new Link({ id: LINK_ID, role: 'initiator', clock: this.clock, ...options });
    this.link.start({
      frame: ([first = -1]) => void this.frames.push(first),
      writable: () => void (this.asked += 1),
      closed: (error) => void this.errors.push(error),
    });
    for (const event of ['state', 'path', 'attachment'] as const) {
      this.link.on(event, () => this.events.push(`${event} ${this.link.state} ${this.link.path}`));
    }
  }

  attach(kind: LaneKind = 'relay'): RecordingCarrier {
    const carrier = new RecordingCarrier();
    this.link.attach(carrier, kind);
    return carrier;
  }

  /** Attached, and the peer has said so too. */
  met(kind: LaneKind = 'relay', received = 0): RecordingCarrier {
    const carrier = this.attach(kind);
    say(carrier, { type: 'attach', received, incarnation: PEER });
    return carrier;
  }

  get codes(): ErrorCode[] {
    return this.errors.map(({ code }) => code);
  }
}

function say(carrier: RecordingCarrier, ...frames: LinkFrame[]): void {
  for (const frame of frames) carrier.bring(encodeLinkFrame(frame));
}

/** Answers the last ping on a carrier. */
function answer(carrier: RecordingCarrier, received = 0): void {
  say(carrier, { type: 'pong', nonce: carrier.framesOf('ping').at(-1)!.nonce, received });
}

const data = (sequence: number, ...values: number[]): LinkFrame => ({
  type: 'data',
  sequence,
  payload: bytes(...values),
});

describe('attaching', () => {
  test('begins with ATTACH, then asks: there is nothing to wait for', () => {
    const world = new World();
    const carrier = world.attach();
    expect(carrier.frames.map(({ type }) => type)).toEqual(['attach', 'ping']);
    expect(carrier.framesOf('attach')[0]).toMatchObject({ received: 0 });
    expect([world.link.state, world.link.path]).toEqual(['open', 'relay']);
    expect(world.events).toEqual([
      'path waiting relay',
      'state open relay',
      'attachment open relay',
      'attachment open relay',
    ]);
  });

  test('waits for the peer when something was sent: the peer may have it', () => {
    const world = new World();
    world.link.send([bytes(1)], true);
    const carrier = world.attach();
    expect([world.link.state, carrier.sent.length]).toEqual(['waiting', 1]);
    say(carrier, { type: 'attach', received: 1, incarnation: PEER });
    expect(world.link.state).toBe('open');
    expect(carrier.framesOf('data')).toEqual([]);
    expect(world.link.stats().unackedFrames).toBe(0);
  });

  test('sends what the peer lacks', () => {
    const world = new World();
    const first = world.met();
    for (const value of [10, 11, 12]) world.link.send([bytes(value)]);
    first.die('cut');
    const second = world.met('relay', 1);
    expect(second.framesOf('data').map(({ sequence }) => sequence)).toEqual([1, 2]);
  });

  test('to a closed link closes the carrier', () => {
    const world = new World();
    world.link.close('LINK_CLOSED');
    const carrier = world.attach();
    expect(carrier.closes).toEqual([{ code: 1001, reason: 'link is closed' }]);
    expect(world.link.attachment('relay')).toBeUndefined();
  });

  test('of another incarnation ends the link: that peer knows nothing of us', () => {
    const world = new World();
    world.met();
    const carrier = world.attach('p2p');
    say(carrier, { type: 'attach', received: 0, incarnation: PEER + 1 });
    expect(world.codes).toEqual(['LINK_LOST']);
    expect(world.errors[0]!.message).toBe('the peer has forgotten this link');
    expect(carrier.framesOf('close')).toEqual([{ type: 'close', code: 'LINK_LOST' }]);
  });
});

describe('a frame of the peer', () => {
  test('is delivered in order, and acknowledged after a while', async () => {
    const world = new World();
    const carrier = world.met();
    say(carrier, data(1, 11), data(0, 10), data(0, 10));
    expect(world.frames).toEqual([10, 11]);
    expect(world.link.stats().duplicates).toBe(1);
    await world.clock.advance(LIMITS.ackDelayMs);
    expect(carrier.framesOf('ack')).toEqual([{ type: 'ack', received: 2 }]);
  });

  test('before ATTACH is of a carrier that has lost something', () => {
    const world = new World();
    const carrier = world.attach();
    say(carrier, data(0, 1));
    expect(carrier.closes).toEqual([{ code: 4000, reason: 'began without ATTACH' }]);
    expect([world.frames, world.link.state, world.codes]).toEqual([[], 'waiting', []]);
  });

  test('that is malformed costs the carrier, and not the link', () => {
    const world = new World();
    const carrier = world.met();
    carrier.bring(bytes(0x77));
    expect(carrier.closes).toEqual([{ code: 4000, reason: 'malformed frame' }]);
    expect([world.link.state, world.codes]).toEqual(['waiting', []]);
  });

  test('that the layer above throws at ends the link', () => {
    const world = new World();
    world.link.start({
      frame: () => {
        throw new Error('no stream frame');
      },
      writable: () => undefined,
      closed: (error) => void world.errors.push(error),
    });
    const carrier = world.met();
    say(carrier, data(0, 1));
    expect(world.errors).toMatchObject([{ code: 'PROTOCOL_ERROR', message: 'no stream frame' }]);
    expect(carrier.framesOf('close')).toEqual([{ type: 'close', code: 'PROTOCOL_ERROR' }]);
  });

  test('of a lane that is gone is not read', () => {
    const world = new World();
    const older = world.met();
    const message = encodeLinkFrame(data(0, 10));
    const inBefore = (): number => world.link.stats().bytes.relay.in;
    let late: (bytes: Uint8Array) => void = () => undefined;
    const carrier = new RecordingCarrier();
    const start = carrier.start.bind(carrier);
    carrier.start = (handlers) => {
      late = (message) => handlers.message(message);
      start(handlers);
    };
    world.link.attach(carrier, 'p2p');
    carrier.die('cut');
    const before = inBefore();
    late(message);
    expect([world.frames, inBefore() - before]).toEqual([[], 0]);
    expect(older.isClosed).toBe(false);
  });
});

describe('PING and PONG', () => {
  test('a ping is answered at once, with what has come', () => {
    const world = new World();
    const carrier = world.met();
    say(carrier, data(0, 1), { type: 'ping', nonce: 5 });
    expect(carrier.framesOf('pong')).toEqual([{ type: 'pong', nonce: 5, received: 1 }]);
  });

  test('an answer acknowledges too', () => {
    const world = new World();
    const carrier = world.met();
    world.link.send([bytes(1)]);
    answer(carrier, 1);
    expect(world.link.stats()).toMatchObject({ unackedFrames: 0, rttMs: { relay: 0 } });
  });

  test('an answer to a ping behind a frame that has not come costs the carrier', () => {
    const world = new World();
    const carrier = world.met();
    world.link.send([bytes(1)]);
    answer(carrier, 0);
    expect(carrier.closes).toEqual([]);
    world.link.doubt();
    answer(carrier, 0);
    expect(carrier.closes).toEqual([{ code: 4000, reason: 'the carrier lost a message' }]);
  });

  test('tells whoever listens of the first answer', () => {
    const world = new World();
    const carrier = world.met();
    world.events.length = 0;
    answer(carrier);
    world.link.doubt();
    answer(carrier);
    expect(world.events).toEqual(['attachment open relay']);
  });
});

describe('acknowledgements', () => {
  test('of what was never sent end the link', () => {
    const world = new World();
    const carrier = world.met();
    say(carrier, { type: 'ack', received: 1 });
    expect(world.codes).toEqual(['PROTOCOL_ERROR']);
    expect(carrier.closes).toEqual([{ code: 1001, reason: 'PROTOCOL_ERROR' }]);
  });

  test('make room for more', () => {
    const world = new World();
    const carrier = world.met();
    world.link.send([new Uint8Array(LIMITS.retransmitBytes)]);
    expect(world.link.writable).toBe(false);
    const { asked } = world;
    say(carrier, { type: 'ack', received: 1 });
    expect([world.asked - asked, world.link.writable]).toEqual([1, true]);
  });

  test('go at once by the lane that takes over from one that is suspected', () => {
    const world = new World();
    const relay = world.met('relay');
    const p2p = world.met('p2p');
    answer(p2p);
    relay.die('cut');
    expect(world.link.path).toBe('p2p');
    expect(p2p.framesOf('ack')).toEqual([{ type: 'ack', received: 0 }]);
  });

  test('that a silent lane owes are had from another: its frames go out again there', async () => {
    const world = new World();
    const relay = world.met('relay');
    const p2p = world.met('p2p');
    answer(relay);
    world.link.send([bytes(1)]);
    expect(relay.framesOf('data')).toHaveLength(1);
    for (let waited = 0; waited < 1_000; waited += 50) {
      await world.clock.advance(50);
      answer(p2p, p2p.framesOf('data').length);
    }
    expect([world.link.path, relay.isClosed]).toEqual(['p2p', false]);
    expect(p2p.framesOf('data').map(({ sequence }) => sequence)).toEqual([0]);
    expect(world.link.stats()).toMatchObject({
      unackedFrames: 0,
      quality: { relay: { stalls: 1 } },
    });
  });
});

describe('USE', () => {
  test('is sent by whoever asks for another lane', () => {
    const world = new World();
    world.met('relay');
    const p2p = world.met('p2p');
    expect(world.link.use('p2p')).toBe(true);
    expect(p2p.framesOf('use')).toEqual([{ type: 'use', turn: 1 }]);
    expect([world.link.path, world.link.stats().switches]).toEqual(['p2p', 1]);
  });

  test('is followed by the acceptor, and told to nobody', () => {
    const world = new World({ role: 'acceptor' });
    const relay = world.met('relay');
    const p2p = world.met('p2p');
    say(p2p, { type: 'use', turn: 1 });
    expect(world.link.path).toBe('p2p');
    expect([...relay.framesOf('use'), ...p2p.framesOf('use')]).toEqual([]);
  });

  test('of a lane that is not there, or can’t carry yet, is refused', () => {
    const world = new World();
    expect(world.link.use('p2p')).toBe(false);
    world.met('relay');
    world.link.send([bytes(1)]);
    world.attach('p2p');
    expect([world.link.use('p2p'), world.link.path]).toEqual([false, 'relay']);
  });
});

describe('the end', () => {
  test('is said on every carrier, told once, and leaves no timer', () => {
    const world = new World();
    const carriers = [world.met('relay'), world.met('p2p')];
    world.link.send([bytes(1)]);
    say(carriers[0]!, data(3, 1));
    world.events.length = 0;
    world.link.close('SESSION_ENDED');
    world.link.close('LINK_CLOSED');
    for (const carrier of carriers) {
      expect(carrier.frames.at(-1)).toEqual({ type: 'close', code: 'SESSION_ENDED' });
      expect(carrier.closes).toEqual([{ code: 1001, reason: 'SESSION_ENDED' }]);
    }
    expect(world.errors).toHaveLength(1);
    expect(world.link.closeError).toMatchObject({
      code: 'SESSION_ENDED',
      message: 'link closed: SESSION_ENDED',
    });
    expect(world.events).toEqual(['state closed offline', 'path closed offline']);
    expect(world.clock.timers).toBe(0);
    expect(world.link.stats()).toMatchObject({ unackedFrames: 0, heldBytes: 0, path: 'offline' });
    world.link.send([bytes(2)]);
    expect(world.link.stats().unackedFrames).toBe(0);
  });

  test('that the peer says is not said back', () => {
    const world = new World();
    const carrier = world.attach();
    say(carrier, { type: 'close', code: 'TOO_MANY_VIEWERS' });
    expect(world.errors).toMatchObject([
      { code: 'TOO_MANY_VIEWERS', message: 'the peer closed the link: TOO_MANY_VIEWERS' },
    ]);
    expect(carrier.framesOf('close')).toEqual([]);
  });

  test.each([
    [{}, LIMITS.linkGraceMs],
    [{ graceMs: 300 }, 300],
  ])('comes when no carrier does, with %j', async (options, graceMs) => {
    const world = new World(options);
    await world.clock.advance(graceMs - 1);
    expect(world.codes).toEqual([]);
    await world.clock.advance(1);
    expect(world.errors).toMatchObject([
      { code: 'LINK_LOST', message: 'no carrier to the peer came back in time' },
    ]);
  });

  test('does not come while a carrier is there, and waits anew when it is gone', async () => {
    const world = new World({ graceMs: 300 });
    await world.clock.advance(299);
    const carrier = world.met();
    await world.clock.advance(400);
    expect(world.link.state).toBe('open');
    carrier.die('cut');
    expect([world.link.state, world.events.at(-1)]).toEqual([
      'waiting',
      'attachment waiting offline',
    ]);
    await world.clock.advance(299);
    expect(world.link.state).toBe('waiting');
    await world.clock.advance(1);
    expect(world.link.state).toBe('closed');
  });

  test('a peer that acknowledges nothing while control frames pile up has it', () => {
    const world = new World();
    for (let n = 0; n < LIMITS.retransmitFrames + LIMITS.retransmitReserveFrames; n += 1) {
      world.link.send([]);
    }
    expect(world.codes).toEqual([]);
    world.link.send([]);
    expect(world.errors).toMatchObject([
      { code: 'LIMIT_EXCEEDED', message: 'the peer acknowledges nothing' },
    ]);
  });
});

test('a listener hears until it is removed', () => {
  const world = new World();
  let heard = 0;
  const remove = world.link.on('state', () => (heard += 1));
  const carrier = world.attach();
  remove();
  carrier.die('cut');
  expect(heard).toBe(1);
});

test('a carrier that has room again is sent on', () => {
  const world = new World();
  const carrier = world.met();
  carrier.writable = false;
  world.link.send([bytes(1)]);
  expect(carrier.framesOf('data')).toEqual([]);
  carrier.drain();
  expect(carrier.framesOf('data')).toHaveLength(1);
});

test('a preference is heeded from the start, and when it changes', () => {
  const world = new World({ preference: 'relay' });
  for (const kind of ['relay', 'p2p'] as const) answer(world.met(kind));
  expect(world.link.path).toBe('relay');
  world.link.prefer('p2p');
  expect(world.link.path).toBe('p2p');
});
