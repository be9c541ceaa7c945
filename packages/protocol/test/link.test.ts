import { describe, expect, test } from '@jest/globals';
import { LIMITS } from '../src/limits.js';
import { Link } from '../src/link/link.js';
import { FaultPlan, faultyPair } from './support/faulty-carrier.js';
import { DELAY_MS, LinkBench } from './support/link-bench.js';
import { LINK_ID } from './support/linked-pair.js';

describe('link', () => {
  test('delivers each frame once and in order, both ways, and empties its queue', async () => {
    const bench = new LinkBench();
    bench.attach('relay');
    bench.viewer.send(200);
    bench.host.send(300);
    await bench.clock.advance(500);
    bench.expectExactlyOnce();
    expect(bench.viewer.link.stats()).toMatchObject({ unackedFrames: 0, unackedBytes: 0 });
  });

  test('keeps what is sent while waiting and sends it on the first carrier', async () => {
    const bench = new LinkBench();
    bench.viewer.send(5);
    expect(bench.viewer.link.state).toBe('waiting');
    bench.attach('relay');
    await bench.clock.advance(200);
    bench.expectExactlyOnce();
    expect(bench.viewer.link.state).toBe('open');
  });

  test('a planned switch under traffic loses, repeats and reorders nothing', async () => {
    const bench = new LinkBench();
    bench.attach('relay', { delayMs: 80 });
    bench.attach('p2p', { delayMs: 5 });
    await bench.clock.advance(200);
    for (let round = 0; round < 10; round += 1) {
      bench.viewer.send(20);
      bench.host.send(20);
      bench.viewer.link.use(round % 2 === 0 ? 'p2p' : 'relay');
      await bench.clock.advance(10);
    }
    await bench.clock.advance(1_000);
    bench.expectExactlyOnce();
    expect(bench.viewer.link.stats()).toMatchObject({ switches: 10, duplicates: 0 });
    expect(bench.host.link.path).toBe('relay');
  });

  test('the host follows the viewer to the path it chose', async () => {
    const bench = new LinkBench();
    bench.attach('relay');
    bench.attach('p2p');
    await bench.clock.advance(100);
    expect(bench.viewer.link.use('p2p')).toBe(true);
    await bench.clock.advance(100);
    const before = bench.host.link.stats().bytes;
    bench.host.send(10);
    await bench.clock.advance(100);
    const after = bench.host.link.stats().bytes;
    expect(bench.host.link.path).toBe('p2p');
    expect(after.p2p.out - before.p2p.out).toBeGreaterThan(1000);
    expect(after.relay.out - before.relay.out).toBeLessThan(50);
  });

  test('a newer carrier of the same kind takes over without a moment offline', async () => {
    const bench = new LinkBench();
    const [older] = bench.attach('relay');
    await bench.clock.advance(100);
    const paths: string[] = [];
    bench.viewer.link.on('path', () => paths.push(bench.viewer.link.path));
    bench.host.link.on('state', () => paths.push(bench.host.link.state));
    bench.viewer.send(50);
    bench.attach('relay');
    bench.host.send(50);
    expect(older.isClosed).toBe(false);
    await bench.clock.advance(300);
    expect(older.isClosed).toBe(true);
    expect(new Set(paths)).toEqual(new Set(['relay']));
    expect(bench.viewer.link.stats().switches).toBe(0);
    bench.expectExactlyOnce();
  });

  test('a carrier that joins others of its kind leaves them in place, and takes over from the one that dies', async () => {
    const bench = new LinkBench();
    const [first] = bench.attach('p2p');
    const [second] = bench.attach('p2p', {}, { joins: true });
    await bench.clock.advance(100);
    expect([first.isClosed, second.isClosed]).toEqual([false, false]);
    expect(bench.viewer.link.attachment('p2p')?.id).toBe(1);
    bench.viewer.send(50);
    bench.host.send(50);
    first.cut();
    await bench.clock.advance(300);
    expect([bench.viewer.link.path, bench.host.link.path]).toEqual(['p2p', 'p2p']);
    expect(bench.viewer.link.stats().switches).toBe(0);
    bench.expectExactlyOnce();
    const [third] = bench.attach('p2p');
    await bench.clock.advance(300);
    expect([second.isClosed, third.isClosed]).toEqual([true, false]);
  });

  test('a carrier that is not needed any more is closed, and loses nothing', async () => {
    const bench = new LinkBench();
    bench.attach('p2p');
    const [further] = bench.attach('p2p', {}, { joins: true });
    await bench.clock.advance(100);
    bench.viewer.send(50);
    bench.viewer.link.retire(bench.viewer.link.attachment('p2p')!);
    expect([further.isClosed, bench.viewer.link.state]).toEqual([true, 'open']);
    await bench.clock.advance(300);
    bench.expectExactlyOnce();
  });

  test('tells when ICE takes another way for its direct carrier, and only then', async () => {
    const bench = new LinkBench();
    bench.attach('p2p');
    await bench.clock.advance(100);
    const { link } = bench.viewer;
    const channel = link.attachment('p2p')!;
    const paths: string[] = [];
    link.on('path', () => paths.push(link.path));
    for (const way of ['turn', 'turn', 'p2p'] as const) {
      link.reclassify(channel, way);
    }
    expect(paths).toEqual(['turn', 'p2p']);
  });

  test('knows the pace of the path in use once the peer has answered there', async () => {
    const bench = new LinkBench();
    const { link } = bench.viewer;
    const unknown = { perSecond: 0, isFull: false, roundTripMs: null };
    expect(link.pace).toEqual(unknown);
    bench.attach('relay');
    bench.attach('p2p', { delayMs: 5 });
    expect(link.pace).toEqual(unknown);
    await bench.clock.advance(200);
    expect(link.pace.roundTripMs).toBe(2 * DELAY_MS);
    link.use('p2p');
    bench.viewer.send(100, 2_000);
    await bench.clock.advance(200);
    expect(link.pace.roundTripMs).toBe(10);
    expect(link.pace.perSecond).toBeGreaterThan(1_000_000);
  });

  test('takes early data from its first carrier on, and other data once it has met the peer', async () => {
    const bench = new LinkBench();
    const { link } = bench.viewer;
    expect([link.takesEarly, link.writable]).toEqual([false, false]);
    bench.attach('relay');
    expect([link.takesEarly, link.writable]).toEqual([true, false]);
    await bench.clock.advance(DELAY_MS);
    expect([link.takesEarly, link.writable]).toEqual([true, true]);
  });

  test('whoever chooses between carriers hears when one has first answered', async () => {
    const bench = new LinkBench();
    bench.attach('relay');
    const seen: (number | null)[] = [];
    bench.viewer.link.on('attachment', () => {
      seen.push(bench.viewer.link.attachment('relay')?.rttMs ?? null);
    });
    await bench.clock.advance(200);
    expect(seen.at(-1)).toBe(2 * DELAY_MS);
  });

  test('a host that has left the chosen carrier on suspicion goes back when it hears it again', async () => {
    const bench = new LinkBench();
    let isDeaf = false;
    bench.attach('relay');
    bench.attach('p2p', { isDeaf: () => isDeaf });
    await bench.clock.advance(100);
    bench.viewer.link.use('p2p');
    await bench.clock.advance(100);
    // The viewer's next question is due a second after the host's, which alone falls into the break.
    await bench.clock.advance(LIMITS.heartbeatMs / 2);
    bench.viewer.link.doubt();
    await bench.clock.advance(200);
    isDeaf = true;
    for (let waited = 0; waited < 2_000 && bench.host.link.path === 'p2p'; waited += 10) {
      await bench.clock.advance(10);
    }
    expect([bench.viewer.link.path, bench.host.link.path]).toEqual(['p2p', 'relay']);
    isDeaf = false;
    await bench.clock.advance(3_000);
    expect([bench.viewer.link.path, bench.host.link.path]).toEqual(['p2p', 'p2p']);
    bench.expectExactlyOnce();
  });

  test('use() of a carrier that is not there says no', () => {
    expect(new LinkBench().viewer.link.use('p2p')).toBe(false);
  });

  test('a carrier that is cut is replaced by the other, at once', async () => {
    const bench = new LinkBench();
    bench.attach('relay');
    const [p2p] = bench.attach('p2p');
    await bench.clock.advance(100);
    bench.viewer.link.use('p2p');
    bench.viewer.send(50);
    bench.host.send(50);
    p2p.cut();
    await bench.clock.advance(200);
    bench.expectExactlyOnce();
    expect(bench.viewer.link.path).toBe('relay');
  });

  test('a carrier that falls silent is left within a second', async () => {
    const bench = new LinkBench();
    const stall = new FaultPlan(new Map([[20, 'stall']]));
    bench.attach('relay');
    bench.attach('p2p', { there: stall });
    await bench.clock.advance(100);
    bench.viewer.link.use('p2p');
    bench.viewer.send(40);
    await bench.clock.advance(1_000);
    expect(stall.hits.get('stall')).toBe(1);
    bench.expectExactlyOnce();
    expect(bench.viewer.link.path).toBe('relay');
  });

  test('a receiver whose answers are lost is served over the other carrier', async () => {
    const bench = new LinkBench();
    const stall = new FaultPlan(new Map([[6, 'stall']]));
    bench.attach('relay');
    bench.attach('p2p', { there: stall });
    await bench.clock.advance(100);
    bench.viewer.link.use('p2p');
    await bench.clock.advance(100);
    for (let round = 0; round < 20; round += 1) {
      bench.host.send(20);
      await bench.clock.advance(100);
    }
    await bench.clock.advance(500);
    expect(stall.hits.get('stall')).toBe(1);
    bench.expectExactlyOnce();
    expect(bench.host.link.stats().unackedFrames).toBe(0);
  });

  test('a carrier that drops a message silently is found out by the next heartbeat', async () => {
    const bench = new LinkBench();
    const drop = new FaultPlan(new Map([[10, 'drop']]));
    bench.attach('relay', { there: drop });
    await bench.clock.advance(100);
    bench.viewer.send(20);
    await bench.clock.advance(600);
    expect(drop.hits.get('drop')).toBe(1);
    expect(bench.viewer.link.state).toBe('waiting');
    bench.attach('relay');
    await bench.clock.advance(300);
    bench.expectExactlyOnce();
  });

  test('a lost heartbeat does not hide a lost message', async () => {
    const bench = new LinkBench();
    const drop = new FaultPlan(
      new Map([
        [1, 'drop'],
        [4, 'drop'],
      ]),
    );
    bench.attach('relay', { there: drop });
    bench.viewer.send(20);
    // The host is heard all the time, so silence can't give the carrier away.
    for (let round = 0; round < 30; round += 1) {
      bench.host.send(1);
      await bench.clock.advance(100);
    }
    expect(drop.hits.get('drop')).toBe(2);
    expect(bench.viewer.link.state).toBe('waiting');
    bench.attach('relay');
    await bench.clock.advance(300);
    bench.expectExactlyOnce();
  });

  test('garbage ends the carrier, not the link', async () => {
    const bench = new LinkBench();
    const corrupt = new FaultPlan(new Map([[8, 'corrupt']]));
    bench.attach('relay', { there: corrupt });
    await bench.clock.advance(100);
    bench.viewer.send(20);
    await bench.clock.advance(100);
    expect(corrupt.hits.get('corrupt')).toBe(1);
    bench.attach('relay');
    await bench.clock.advance(300);
    bench.expectExactlyOnce();
    expect(bench.viewer.errors).toEqual([]);
  });

  test('waits out the grace time, then ends with LINK_LOST', async () => {
    const bench = new LinkBench();
    const [relay] = bench.attach('relay');
    await bench.clock.advance(100);
    relay.cut();
    await bench.clock.advance(LIMITS.linkGraceMs - 1);
    expect(bench.viewer.link.state).toBe('waiting');
    await bench.clock.advance(1);
    expect(bench.viewer.link.state).toBe('closed');
    expect(bench.viewer.errors.map(({ code }) => code)).toEqual(['LINK_LOST']);
  });

  test('resumes within the grace time with nothing lost', async () => {
    const bench = new LinkBench();
    const [relay] = bench.attach('relay');
    await bench.clock.advance(100);
    bench.viewer.send(30);
    relay.cut();
    bench.host.send(30);
    await bench.clock.advance(LIMITS.linkGraceMs / 2);
    bench.attach('relay');
    await bench.clock.advance(300);
    bench.expectExactlyOnce();
  });

  test('a host that has forgotten the link ends it instead of starting over', async () => {
    const bench = new LinkBench();
    const [relay] = bench.attach('relay');
    bench.viewer.send(10);
    await bench.clock.advance(200);
    relay.cut();
    const reborn = new Link({ id: LINK_ID, role: 'acceptor', clock: bench.clock });
    const [left, right] = faultyPair({ clock: bench.clock, delayMs: DELAY_MS });
    bench.viewer.link.attach(left, 'relay');
    reborn.attach(right, 'relay');
    await bench.clock.advance(200);
    expect(bench.viewer.errors.map(({ code }) => code)).toEqual(['LINK_LOST']);
    expect(reborn.state).toBe('closed');
  });

  test('closing tells the peer why', async () => {
    const bench = new LinkBench();
    bench.attach('relay');
    await bench.clock.advance(100);
    bench.host.link.close('SESSION_ENDED');
    await bench.clock.advance(100);
    expect(bench.viewer.errors.map(({ code }) => code)).toEqual(['SESSION_ENDED']);
    expect(bench.clock.timers).toBe(0);
  });

  test('stops asking for data when nothing is acknowledged, and ends when control frames pile up', () => {
    const bench = new LinkBench();
    const [left] = faultyPair({ clock: bench.clock, delayMs: 1e9 });
    bench.viewer.link.attach(left, 'relay');
    bench.viewer.send(LIMITS.retransmitFrames, 10);
    expect(bench.viewer.link.writable).toBe(false);
    bench.viewer.send(LIMITS.retransmitReserveFrames + 1, 10);
    expect(bench.viewer.errors.map(({ code }) => code)).toEqual(['LIMIT_EXCEEDED']);
  });
});
