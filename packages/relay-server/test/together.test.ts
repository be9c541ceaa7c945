import { describe, expect, test } from '@jest/globals';
import type { Place, TogetherEvent, TogetherPart } from '@wingman/protocol';
import { HOST_LIMITS } from '../src/limits.js';
import type { Member } from '../src/together/member.js';
import { Room } from '../src/together/room.js';
import { FakeClock } from './support/fake-clock.js';

const PLACE: Place = { path: '/a', scroll: [0, 0.5], pointer: null };

function setUp() {
  const clock = new FakeClock();
  const world = { viewers: 2 };
  const room = new Room(() => world.viewers, clock);
  return { clock, world, room };
}

function joined(room: Room, part: TogetherPart, opener = 'link'): Member {
  const member = room.join(part, opener);
  if (member === undefined) throw new Error(`nobody may ${part}`);
  return member;
}

/** What a member is told, one after the other. */
function ears(member: Member) {
  const events = member.events();
  return async (kind?: TogetherEvent['event']): Promise<TogetherEvent | undefined> => {
    for (;;) {
      const next = await events.next();
      if (next.done === true) return undefined;
      if (kind === undefined || next.value.event === kind) return next.value;
    }
  };
}

describe('who takes part', () => {
  test('is greeted with a token of its own, and told who is here', async () => {
    const { room } = setUp();
    const [one, two] = [joined(room, 'watch'), joined(room, 'watch')];
    expect(one.token).not.toBe(two.token);
    expect(one.token.length).toBeGreaterThanOrEqual(22);
    const hear = ears(one);
    expect(await hear()).toEqual({ event: 'welcome', token: one.token });
    expect(await hear()).toEqual({ event: 'here', viewers: 2, isLed: false, followers: 0 });
  });

  test('hears of others who come, lead, follow and go', async () => {
    const { clock, room, world } = setUp();
    const hear = ears(joined(room, 'watch'));
    await hear('here');
    const leader = joined(room, 'lead');
    expect(await hear('here')).toMatchObject({ isLed: true, followers: 0 });
    const follower = joined(room, 'follow');
    expect(await hear('here')).toMatchObject({ isLed: true, followers: 1 });
    room.leave(follower);
    room.leave(leader);
    expect(await hear('here')).toMatchObject({ isLed: false, followers: 0 });
    world.viewers = 5;
    clock.advance(HOST_LIMITS.togetherCountMs);
    expect(await hear('here')).toMatchObject({ viewers: 5 });
  });

  test('is told nothing more at the end, and may leave twice', async () => {
    const { clock, room } = setUp();
    const member = joined(room, 'watch');
    const hear = ears(member);
    await hear('here');
    const next = hear();
    room.leave(member);
    room.leave(member);
    expect(await next).toBeUndefined();
    expect(clock.pending).toEqual([]);
  });

  test('keeps of each kind of event the latest alone, however slowly it reads', async () => {
    const { clock, room } = setUp();
    const follower = joined(room, 'follow');
    const { token } = joined(room, 'lead');
    for (let y = 0; y <= 1; y += 0.1) {
      clock.advance(1_000);
      room.move({ token, place: { ...PLACE, scroll: [0, y] } });
    }
    const hear = ears(follower);
    const told = [await hear(), await hear(), await hear()];
    expect(told.map((event) => event?.event).sort()).toEqual(['here', 'place', 'welcome']);
    const place = told.find((event) => event?.event === 'place');
    expect(place).toMatchObject({ place: { scroll: [0, expect.closeTo(1)] } });
  });

  test('has a bound, for each link and in all', () => {
    const { room } = setUp();
    const { togetherTabs, togetherTabsPerLink } = HOST_LIMITS;
    for (let tab = 0; tab < togetherTabsPerLink; tab++) joined(room, 'watch', 'one');
    expect(room.join('watch', 'one')).toBeUndefined();
    for (let tab = togetherTabsPerLink; tab < togetherTabs; tab++) {
      joined(room, 'watch', `link ${tab}`);
    }
    expect(room.join('watch', 'another')).toBeUndefined();
  });
});

describe('who leads', () => {
  test('is one at a time, until it leaves', () => {
    const { room } = setUp();
    const leader = joined(room, 'lead');
    expect(room.join('lead', 'another')).toBeUndefined();
    room.leave(leader);
    joined(room, 'lead', 'another');
  });

  test('is heard by those who follow, and by nobody else', async () => {
    const { room } = setUp();
    const [follower, watcher] = [joined(room, 'follow'), joined(room, 'watch')];
    const { token } = joined(room, 'lead');
    expect(room.move({ token, place: PLACE })).toBe('told');
    expect(await ears(follower)('place')).toEqual({ event: 'place', place: PLACE });
    const hear = ears(watcher);
    expect((await hear())?.event).toBe('welcome');
    expect((await hear())?.event).toBe('here');
    room.leave(watcher);
    expect(await hear()).toBeUndefined();
  });

  test('is found by those who follow later, but not once it has left', async () => {
    const { room } = setUp();
    const leader = joined(room, 'lead');
    room.move({ token: leader.token, place: PLACE });
    expect(await ears(joined(room, 'follow'))('place')).toMatchObject({ place: PLACE });
    room.leave(leader);
    const late = joined(room, 'follow');
    const hear = ears(late);
    expect([(await hear())?.event, (await hear())?.event]).toEqual(['welcome', 'here']);
  });

  test('alone may move the others', () => {
    const { room } = setUp();
    const follower = joined(room, 'follow');
    expect(room.move({ token: follower.token, place: PLACE })).toBe('not-leading');
    const leader = joined(room, 'lead');
    expect(room.move({ token: follower.token, place: PLACE })).toBe('not-leading');
    expect(room.move({ token: '', place: PLACE })).toBe('not-leading');
    room.leave(leader);
    expect(room.move({ token: leader.token, place: PLACE })).toBe('not-leading');
  });

  test('may not move them more often than they can follow', () => {
    const { clock, room } = setUp();
    const { token } = joined(room, 'lead');
    const verdicts = Array.from({ length: HOST_LIMITS.togetherMovesPerSecond + 1 }, () =>
      room.move({ token, place: PLACE }),
    );
    expect(verdicts.at(-2)).toBe('told');
    expect(verdicts.at(-1)).toBe('too-often');
    clock.advance(1_000);
    expect(room.move({ token, place: PLACE })).toBe('told');
  });
});
