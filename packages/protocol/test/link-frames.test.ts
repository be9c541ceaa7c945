import { describe, expect, test } from '@jest/globals';
import { LIMITS } from '../src/limits.js';
import { encodeLinkFrame } from '../src/wire/link-frame.js';
import { RecordingCarrier } from './support/recording-carrier.js';
import { answer, bytes, data, PEER, say, ScriptedPeer } from './support/scripted-peer.js';

describe('attaching', () => {
  test('begins with ATTACH, then asks: there is nothing to wait for', () => {
    const world = new ScriptedPeer();
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
    const world = new ScriptedPeer();
    world.link.send([bytes(1)], { isEarly: true });
    const carrier = world.attach();
    expect(world.link.state).toBe('waiting');
    expect(carrier.frames.map(({ type }) => type)).toEqual(['attach', 'ping']);
    say(carrier, { type: 'attach', received: 1, incarnation: PEER });
    expect(world.link.state).toBe('open');
    // The ping that went out behind ATTACH is not repeated, and its answer proves the path.
    expect(carrier.framesOf('ping')).toHaveLength(1);
    expect(carrier.framesOf('data')).toEqual([]);
    expect(world.link.stats().unackedFrames).toBe(0);
  });

  test('sends data only once the peer is met, and early data at once', () => {
    const world = new ScriptedPeer();
    const carrier = world.attach();
    world.link.send([bytes(1)], { isEarly: true });
    world.link.send([bytes(2)]);
    const sent = () => carrier.framesOf('data').map(({ payload }) => [...payload]);
    expect(sent()).toEqual([[1]]);
    say(carrier, { type: 'attach', received: 0, incarnation: PEER });
    expect(sent()).toEqual([[1], [2]]);
  });

  test('sends what the peer lacks', () => {
    const world = new ScriptedPeer();
    const first = world.met();
    for (const value of [10, 11, 12]) world.link.send([bytes(value)]);
    first.die('cut');
    const second = world.met('relay', 1);
    expect(second.framesOf('data').map(({ sequence }) => sequence)).toEqual([1, 2]);
  });

  test('to a closed link closes the carrier', () => {
    const world = new ScriptedPeer();
    world.link.close('LINK_CLOSED');
    world.events.length = 0;
    const carrier = world.attach();
    expect(world.events).toEqual([]);
    expect(carrier.closes).toEqual([{ code: 1001, reason: 'link is closed' }]);
    expect(world.link.attachment('relay')).toBeUndefined();
  });

  test('of another incarnation ends the link: that peer knows nothing of us', () => {
    const world = new ScriptedPeer();
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
    const world = new ScriptedPeer();
    const carrier = world.met();
    say(carrier, data(1, 11), data(0, 10), data(0, 10));
    expect(world.frames).toEqual([10, 11]);
    expect(world.link.stats().duplicates).toBe(1);
    await world.clock.advance(LIMITS.ackDelayMs);
    expect(carrier.framesOf('ack')).toEqual([{ type: 'ack', received: 2 }]);
  });

  test('before ATTACH is of a carrier that has lost something', () => {
    const world = new ScriptedPeer();
    const carrier = world.attach();
    say(carrier, data(0, 1));
    expect(carrier.closes).toEqual([{ code: 4000, reason: 'began without ATTACH' }]);
    expect([world.frames, world.link.state, world.codes]).toEqual([[], 'waiting', []]);
  });

  test('that is malformed costs the carrier, and not the link', () => {
    const world = new ScriptedPeer();
    const carrier = world.met();
    carrier.bring(bytes(0x77));
    expect(carrier.closes).toEqual([{ code: 4000, reason: 'malformed frame' }]);
    expect([world.link.state, world.codes]).toEqual(['waiting', []]);
  });

  test('that the layer above throws at ends the link', () => {
    const world = new ScriptedPeer();
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
    const world = new ScriptedPeer();
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
    const world = new ScriptedPeer();
    const carrier = world.met();
    say(carrier, data(0, 1), { type: 'ping', nonce: 5 });
    expect(carrier.framesOf('pong')).toEqual([{ type: 'pong', nonce: 5, received: 1 }]);
  });

  test('an answer acknowledges too', () => {
    const world = new ScriptedPeer();
    const carrier = world.met();
    world.link.send([bytes(1)]);
    answer(carrier, 1);
    expect(world.link.stats()).toMatchObject({ unackedFrames: 0, rttMs: { relay: 0 } });
  });

  test('an answer to a ping behind a frame that has not come costs the carrier', () => {
    const world = new ScriptedPeer();
    const carrier = world.met();
    world.link.send([bytes(1)]);
    answer(carrier, 0);
    expect(carrier.closes).toEqual([]);
    world.link.doubt();
    answer(carrier, 0);
    expect(carrier.closes).toEqual([{ code: 4000, reason: 'the carrier lost a message' }]);
  });

  test('tells whoever listens of the first answer', () => {
    const world = new ScriptedPeer();
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
    const world = new ScriptedPeer();
    const carrier = world.met();
    say(carrier, { type: 'ack', received: 1 });
    expect(world.codes).toEqual(['PROTOCOL_ERROR']);
    expect(carrier.closes).toEqual([{ code: 1001, reason: 'PROTOCOL_ERROR' }]);
  });

  test('make room for more', () => {
    const world = new ScriptedPeer();
    const carrier = world.met();
    world.link.send([new Uint8Array(LIMITS.retransmitBytes)]);
    expect(world.link.writable).toBe(false);
    const { asked } = world;
    say(carrier, { type: 'ack', received: 1 });
    expect([world.asked - asked, world.link.writable]).toEqual([1, true]);
  });

  test('go at once by the lane that takes over from one that is suspected', () => {
    const world = new ScriptedPeer();
    const relay = world.met('relay');
    const p2p = world.met('p2p');
    answer(p2p);
    relay.die('cut');
    expect(world.link.path).toBe('p2p');
    expect(p2p.framesOf('ack')).toEqual([{ type: 'ack', received: 0 }]);
  });

  test('that a silent lane owes are had from another: its frames go out again there', async () => {
    const world = new ScriptedPeer();
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
    const world = new ScriptedPeer();
    world.met('relay');
    const p2p = world.met('p2p');
    expect(world.link.use('p2p')).toBe(true);
    expect(p2p.framesOf('use')).toEqual([{ type: 'use', turn: 1 }]);
    expect([world.link.path, world.link.stats().switches]).toEqual(['p2p', 1]);
  });

  test('is followed by the acceptor, and told to nobody', () => {
    const world = new ScriptedPeer({ role: 'acceptor' });
    const relay = world.met('relay');
    const p2p = world.met('p2p');
    say(p2p, { type: 'use', turn: 1 });
    expect(world.link.path).toBe('p2p');
    expect([...relay.framesOf('use'), ...p2p.framesOf('use')]).toEqual([]);
  });

  test('of a lane that is not there, or can’t carry yet, is refused', () => {
    const world = new ScriptedPeer();
    expect(world.link.use('p2p')).toBe(false);
    world.met('relay');
    world.link.send([bytes(1)]);
    world.attach('p2p');
    expect([world.link.use('p2p'), world.link.path]).toEqual([false, 'relay']);
  });
});
