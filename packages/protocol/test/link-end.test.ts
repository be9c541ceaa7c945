import { describe, expect, test } from '@jest/globals';
import { LIMITS } from '../src/limits.js';
import { answer, bytes, data, say, ScriptedPeer } from './support/scripted-peer.js';

describe('the end', () => {
  test('is said on every carrier, told once, and leaves no timer', () => {
    const world = new ScriptedPeer();
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
    const world = new ScriptedPeer();
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
    const world = new ScriptedPeer(options);
    await world.clock.advance(graceMs - 1);
    expect(world.codes).toEqual([]);
    await world.clock.advance(1);
    expect(world.errors).toMatchObject([
      { code: 'LINK_LOST', message: 'no carrier to the peer came back in time' },
    ]);
  });

  test('does not come while a carrier is there, and waits anew when it is gone', async () => {
    const world = new ScriptedPeer({ graceMs: 300 });
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
    const world = new ScriptedPeer();
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
  const world = new ScriptedPeer();
  let heard = 0;
  const remove = world.link.on('state', () => (heard += 1));
  const carrier = world.attach();
  remove();
  carrier.die('cut');
  expect(heard).toBe(1);
});

test('whoever plans further lanes hears that all lanes were looked at, again and again', async () => {
  const world = new ScriptedPeer();
  const carrier = world.met();
  let looks = 0;
  world.link.on('look', () => (looks += 1));
  world.link.send([bytes(1)]);
  await world.clock.advance(LIMITS.suspectAfterMs);
  const before = looks;
  expect(before).toBeGreaterThan(0);
  answer(carrier);
  await world.clock.advance(LIMITS.suspectAfterMs);
  expect(looks).toBeGreaterThan(before);
});

test('a carrier that has room again is sent on', () => {
  const world = new ScriptedPeer();
  const carrier = world.met();
  carrier.writable = false;
  world.link.send([bytes(1)]);
  expect(carrier.framesOf('data')).toEqual([]);
  carrier.drain();
  expect(carrier.framesOf('data')).toHaveLength(1);
});

test('a preference is heeded from the start, and when it changes', () => {
  const world = new ScriptedPeer({ preference: 'relay' });
  for (const kind of ['relay', 'p2p'] as const) answer(world.met(kind));
  expect(world.link.path).toBe('relay');
  world.link.prefer('p2p');
  expect(world.link.path).toBe('p2p');
});
