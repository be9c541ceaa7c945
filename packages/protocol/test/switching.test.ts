import { describe, expect, jest, test } from '@jest/globals';
import { LIMITS } from '../src/limits.js';
import { HANG_MS } from './support/hang.js';
import { LinkBench } from './support/link-bench.js';

jest.setTimeout(HANG_MS);

type Way = 'there' | 'back';

/** A direct path of 50 ms round trip in use, over a warm relay of 80 ms; `dead` says what is lost. */
async function onDirectPath() {
  const bench = new LinkBench();
  const dead = { p2p: new Set<Way>(), relay: new Set<Way>() };
  bench.attach('relay', { delayMs: 40, isDead: (way) => dead.relay.has(way) });
  bench.attach('p2p', { isDead: (way) => dead.p2p.has(way) });
  await bench.clock.advance(300);
  bench.viewer.link.use('p2p');
  await bench.clock.advance(3_000);
  return { bench, dead };
}

/** Sends steadily for a while and returns the longest time in which nothing arrived, in milliseconds. */
async function longestStall(
  bench: LinkBench,
  from: 'viewer' | 'host',
  milliseconds: number,
  size = 1_000,
): Promise<number> {
  const to = from === 'viewer' ? bench.host : bench.viewer;
  const first = to.arrivals.length;
  for (let left = milliseconds; left > 0; left -= 5) {
    bench[from].send(1, size);
    await bench.clock.advance(5);
  }
  const arrivals = [...to.arrivals.slice(first), bench.clock.now()];
  return Math.max(...arrivals.slice(1).map((at, n) => at - (arrivals[n] ?? at)));
}

/** What the other end sends meanwhile: about a megabyte a second. */
function keepSending(bench: LinkBench, from: 'viewer' | 'host', milliseconds: number): void {
  if (milliseconds <= 0) return;
  bench[from].send(1, 20_000);
  bench.clock.setTimeout(() => keepSending(bench, from, milliseconds - 20), 20);
}

/** A large message now and then. */
function keepSendingLarge(
  bench: LinkBench,
  send: (count: number, size: number) => void,
  milliseconds: number,
): void {
  if (milliseconds <= 0) return;
  send(1, 48_000);
  bench.clock.setTimeout(() => keepSendingLarge(bench, send, milliseconds - 700), 700);
}

describe('a planned switch', () => {
  test.each(['viewer', 'host'] as const)(
    'is no stall longer than a round trip for what the %s sends, and repeats nothing',
    async (from) => {
      const { bench } = await onDirectPath();
      bench.clock.setTimeout(() => bench.viewer.link.use('relay'), 200);
      bench.clock.setTimeout(() => bench.viewer.link.use('p2p'), 800);
      expect(await longestStall(bench, from, 1_500)).toBeLessThanOrEqual(80);
      await bench.clock.advance(500);
      bench.expectExactlyOnce();
      expect(bench.viewer.link.stats()).toMatchObject({ switches: 3, duplicates: 0 });
      expect(bench.host.link.stats().duplicates).toBe(0);
    },
  );

  test('back and forth does not wait for a carrier that has stood still for long', async () => {
    const bench = new LinkBench();
    let isHeld = false;
    bench.attach('relay', { delayMs: 40 });
    bench.attach('p2p', { delayMs: 150, isStopped: () => isHeld });
    await bench.clock.advance(300);
    bench.viewer.link.use('p2p');
    await bench.clock.advance(3_000);
    bench.clock.setTimeout(() => (isHeld = true), 200);
    bench.clock.setTimeout(() => (isHeld = false), 1_300);
    for (let turn = 0; turn < 8; turn += 1) {
      const path = turn % 2 === 0 ? 'relay' : 'p2p';
      bench.clock.setTimeout(() => bench.viewer.link.use(path), 300 + turn * 130);
    }
    expect(await longestStall(bench, 'viewer', 2_000)).toBeLessThanOrEqual(900);
    await bench.clock.advance(1_500);
    bench.expectExactlyOnce();
  });

  test('away from a carrier that swallows everything leaves nothing behind', async () => {
    const { bench, dead } = await onDirectPath();
    dead.p2p.add('there').add('back');
    bench.viewer.send(20);
    bench.host.send(20);
    bench.viewer.link.use('relay');
    await bench.clock.advance(LIMITS.stragglerMs + 300);
    bench.expectExactlyOnce();
  });
});

describe('frames sent again on a carrier that has sent newer ones', () => {
  test('are not taken for lost when a ping between the two is answered', async () => {
    const { bench, dead } = await onDirectPath();
    dead.p2p.add('there').add('back');
    bench.viewer.send(20);
    bench.viewer.link.use('relay');
    // Newer frames, then pings, then at last the twenty from before.
    for (let round = 0; round < 100; round += 1) {
      bench.viewer.send(1);
      await bench.clock.advance(10);
    }
    await bench.clock.advance(500);
    bench.expectExactlyOnce();
    expect(bench.lines[0]?.isClosed).toBe(false);
  });
});

describe('a path that dies', () => {
  const deaths: [string, Way[]][] = [
    ['in both directions', ['there', 'back']],
    ['towards the host only', ['there']],
    ['towards the viewer only', ['back']],
  ];
  for (const [name, ways] of deaths) {
    for (const from of ['viewer', 'host'] as const) {
      test(`${name} stalls what the ${from} sends by a second at most, whenever it dies`, async () => {
        for (let after = 500; after < 900; after += 37) {
          const { bench, dead } = await onDirectPath();
          bench.clock.setTimeout(() => ways.forEach((way) => dead.p2p.add(way)), after);
          expect(await longestStall(bench, from, 4_000)).toBeLessThanOrEqual(1_000);
          await bench.clock.advance(1_500);
          bench.expectExactlyOnce();
          expect(bench[from].link.path).toBe('relay');
        }
      });
    }
  }

  for (const [name, ways] of deaths) {
    for (const from of ['viewer', 'host'] as const) {
      test(`${name} while both send stalls what the ${from} sends by a second at most`, async () => {
        for (let after = 500; after < 900; after += 130) {
          const { bench, dead } = await onDirectPath();
          bench.clock.setTimeout(() => ways.forEach((way) => dead.p2p.add(way)), after);
          keepSending(bench, from === 'viewer' ? 'host' : 'viewer', 4_000);
          expect(await longestStall(bench, from, 4_000)).toBeLessThanOrEqual(1_000);
          await bench.clock.advance(1_500);
          bench.expectExactlyOnce();
        }
      });
    }
  }

  const sizes: [string, 'viewer' | 'host'][] = deaths.flatMap(([name]) => [
    [name, 'viewer'],
    [name, 'host'],
  ]);
  test.each(sizes)(
    '%s is left as fast when there is little traffic, some of it in large messages, for what the %s sends',
    async (name, from) => {
      const ways = deaths.find(([own]) => own === name)?.[1] ?? [];
      for (let after = 500; after < 900; after += 130) {
        const { bench, dead } = await onDirectPath();
        for (const end of [bench.viewer, bench.host]) keepSendingLarge(bench, end.send, 8_000);
        await bench.clock.advance(3_000);
        bench.clock.setTimeout(() => ways.forEach((way) => dead.p2p.add(way)), after);
        expect(await longestStall(bench, from, 4_000, 50)).toBeLessThanOrEqual(800);
        await bench.clock.advance(1_500);
        bench.expectExactlyOnce();
      }
    },
  );

  test('is left as fast after a break in which an answer was held up for long', async () => {
    const bench = new LinkBench();
    let isHeld = false;
    const dead = new Set<Way>();
    bench.attach('relay', { delayMs: 40 });
    bench.attach('p2p', { isDeaf: () => isHeld, isDead: (way) => dead.has(way) });
    await bench.clock.advance(300);
    bench.viewer.link.use('p2p');
    await bench.clock.advance(3_000);
    isHeld = true;
    await bench.clock.advance(5_000);
    isHeld = false;
    await bench.clock.advance(2_000);
    expect(bench.viewer.link.use('p2p')).toBe(true);
    await bench.clock.advance(300);
    bench.clock.setTimeout(() => dead.add('there').add('back'), 500);
    expect(await longestStall(bench, 'viewer', 4_000)).toBeLessThanOrEqual(1_000);
    await bench.clock.advance(1_500);
    bench.expectExactlyOnce();
  });

  test('is left as fast after many breaks in a row, during which the other direction went on', async () => {
    const bench = new LinkBench();
    let isHeld = false;
    const dead = new Set<Way>();
    bench.attach('relay', { delayMs: 40 });
    bench.attach('p2p', { isDeaf: () => isHeld, isDead: (way) => dead.has(way) });
    await bench.clock.advance(300);
    keepSending(bench, 'host', 15_000);
    for (let round = 0; round < 10; round += 1) {
      bench.viewer.link.use('p2p');
      await bench.clock.advance(700);
      isHeld = true;
      await bench.clock.advance(2_000);
      isHeld = false;
    }
    await bench.clock.advance(500);
    expect(bench.viewer.link.use('p2p')).toBe(true);
    bench.clock.setTimeout(() => dead.add('there').add('back'), 500);
    expect(await longestStall(bench, 'viewer', 4_000)).toBeLessThanOrEqual(1_000);
    await bench.clock.advance(1_500);
    bench.expectExactlyOnce();
  });

  test('is left by both ends, also when only one direction is dead and nothing is under way', async () => {
    const { bench, dead } = await onDirectPath();
    await bench.clock.advance(5_000);
    dead.p2p.add('there');
    await bench.clock.advance(LIMITS.heartbeatMs + 1_500);
    expect([bench.viewer.link.path, bench.host.link.path]).toEqual(['relay', 'relay']);
    expect(bench.viewer.link.attachment('p2p')?.state).toBe('suspect');
  });

  test('is trusted again once it answers', async () => {
    const { bench, dead } = await onDirectPath();
    dead.p2p.add('there');
    bench.viewer.send(1);
    await bench.clock.advance(1_500);
    expect(bench.viewer.link.attachment('p2p')?.state).toBe('suspect');
    dead.p2p.clear();
    await bench.clock.advance(LIMITS.suspectHeartbeatMs + 500);
    expect(bench.viewer.link.attachment('p2p')?.state).toBe('ready');
  });

  test.each(['viewer', 'host'] as const)(
    'takes over at its next answer when the other path is cut meanwhile, for what the %s sends',
    async (from) => {
      const { bench, dead } = await onDirectPath();
      dead.p2p.add('there').add('back');
      bench.viewer.send(1);
      bench.host.send(1);
      await bench.clock.advance(1_500);
      for (const { link } of [bench.viewer, bench.host]) {
        expect([link.path, link.attachment('p2p')?.state]).toEqual(['relay', 'suspect']);
      }
      dead.p2p.clear();
      bench.clock.setTimeout(() => bench.lines[0]?.cut(), 200);
      expect(await longestStall(bench, from, 3_000)).toBeLessThanOrEqual(300);
      await bench.clock.advance(500);
      for (const { link } of [bench.viewer, bench.host]) {
        expect([link.path, link.state]).toEqual(['p2p', 'open']);
      }
      bench.expectExactlyOnce();
    },
  );

  test('is found dead within two seconds when somebody doubts it', async () => {
    const { bench, dead } = await onDirectPath();
    dead.p2p.add('back');
    bench.viewer.link.doubt();
    await bench.clock.advance(2_000);
    expect(bench.viewer.link.attachment('p2p')).toBeUndefined();
    expect(bench.viewer.link.attachment('relay')?.state).toBe('ready');
    bench.expectExactlyOnce();
  });
});

describe('what is no dead path', () => {
  test('a thread of ours that stands still for seconds', async () => {
    const { bench } = await onDirectPath();
    for (let round = 0; round < 5; round += 1) {
      bench.viewer.send(50);
      bench.host.send(50);
      await bench.clock.advance(30);
      bench.clock.jump(3_000);
      await bench.clock.advance(200);
    }
    await bench.clock.advance(500);
    bench.expectExactlyOnce();
    expect([bench.viewer.link.stats().switches, bench.host.link.stats().switches]).toEqual([1, 1]);
  });

  test('a peer that stands still: no carrier answers, so none is better', async () => {
    const bench = new LinkBench();
    let isStopped = false;
    bench.attach('relay', { isStopped: () => isStopped });
    bench.attach('p2p', { isStopped: () => isStopped });
    await bench.clock.advance(300);
    bench.viewer.link.use('p2p');
    await bench.clock.advance(300);
    isStopped = true;
    bench.viewer.send(50);
    await bench.clock.advance(3_000);
    isStopped = false;
    await bench.clock.advance(2_000);
    bench.expectExactlyOnce();
    expect(bench.viewer.link.stats()).toMatchObject({ switches: 1, path: 'p2p' });
  });
});

test('measures what each carrier delivers', async () => {
  const { bench } = await onDirectPath();
  await longestStall(bench, 'host', 3_000);
  const { quality } = bench.viewer.link.stats();
  expect(quality.p2p).toMatchObject({ baseRttMs: 50, stalls: 0 });
  expect(quality.p2p?.inPerSecond).toBeGreaterThan(150_000);
  expect(quality.relay?.baseRttMs).toBe(80);
  expect(bench.host.link.stats().quality.p2p?.outPerSecond).toBeGreaterThan(150_000);
});
