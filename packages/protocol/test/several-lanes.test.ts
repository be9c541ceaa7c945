import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { MemoryCarrier } from '../src/carrier/memory-carrier.js';
import { LIMITS } from '../src/limits.js';
import { LinkBench } from './support/link-bench.js';

const SIZE = 10_000;

/** A link whose direct path has several lanes beside the relay, with the direct path in use. */
async function striped(lanes: number): Promise<{ bench: LinkBench; direct: MemoryCarrier[][] }> {
  const bench = new LinkBench();
  bench.attach('relay');
  const direct = Array.from({ length: lanes }, (_, n) => bench.attach('p2p', {}, { joins: n > 0 }));
  await bench.clock.advance(500);
  bench.viewer.link.use('p2p');
  await bench.clock.advance(100);
  return { bench, direct };
}

/** How many bytes the host has sent on each carrier from now on. */
function counted(direct: readonly (readonly MemoryCarrier[])[]): number[] {
  const counts = direct.map(() => 0);
  direct.forEach(([, host], n) => {
    const send = host!.send.bind(host);
    host!.send = (message) => {
      counts[n]! += message.byteLength;
      send(message);
    };
  });
  return counts;
}

describe('a path of several lanes', () => {
  test('carries each frame once and in order, and all lanes take part', async () => {
    const { bench, direct } = await striped(3);
    const counts = counted(direct);
    bench.host.send(300, SIZE);
    bench.viewer.send(300, SIZE);
    await bench.clock.advance(3_000);
    bench.expectExactlyOnce();
    expect(Math.min(...counts)).toBeGreaterThan((300 * SIZE) / 10);
    expect(bench.host.link.stats()).toMatchObject({ path: 'p2p', lanes: { p2p: 3, relay: 1 } });
    expect(bench.host.link.stats().duplicates).toBe(0);
  });

  test('loses one, the first or another, and nothing but time for a replay', async () => {
    for (const dying of [0, 1, 2]) {
      const { bench, direct } = await striped(3);
      bench.host.send(100, SIZE);
      bench.viewer.send(100, SIZE);
      await bench.clock.advance(30);
      direct[dying]?.[0]?.cut();
      bench.host.send(100, SIZE);
      bench.viewer.send(100, SIZE);
      await bench.clock.advance(1_000);
      bench.expectExactlyOnce();
      for (const { link } of [bench.viewer, bench.host]) {
        expect(link.stats()).toMatchObject({ path: 'p2p', lanes: { p2p: 2 }, switches: 1 });
      }
    }
  });

  test('still answers when another has joined that has not answered yet', async () => {
    const bench = new LinkBench();
    bench.attach('p2p');
    await bench.clock.advance(500);
    bench.attach('p2p', {}, { joins: true });
    for (const { link } of [bench.viewer, bench.host])
      expect(link.attachment('p2p')).toMatchObject({ id: 0, isGood: true });
    await bench.clock.advance(500);
    for (const { link } of [bench.viewer, bench.host])
      expect(link.attachment('p2p')).toMatchObject({ id: 1, isGood: true });
  });

  test('goes on while one of them is dead and nobody has said so', async () => {
    const bench = new LinkBench();
    let isDead = false;
    bench.attach('relay');
    bench.attach('p2p');
    bench.attach('p2p', { isDead: () => isDead }, { joins: true });
    await bench.clock.advance(500);
    bench.viewer.link.use('p2p');
    await bench.clock.advance(100);
    bench.host.send(50, SIZE);
    isDead = true;
    bench.host.send(50, SIZE);
    await bench.clock.advance(1_500);
    bench.expectExactlyOnce();
    expect([bench.viewer.link.path, bench.host.link.path]).toEqual(['p2p', 'p2p']);
  });

  test('is left when all of them are dead', async () => {
    const bench = new LinkBench();
    let isDead = false;
    bench.attach('relay');
    for (const joins of [false, true]) bench.attach('p2p', { isDead: () => isDead }, { joins });
    await bench.clock.advance(500);
    bench.viewer.link.use('p2p');
    await bench.clock.advance(100);
    isDead = true;
    bench.host.send(50, SIZE);
    bench.viewer.send(50, SIZE);
    await bench.clock.advance(1_500);
    bench.expectExactlyOnce();
    expect([bench.viewer.link.path, bench.host.link.path]).toEqual(['relay', 'relay']);
  });

  test('lets one go without a word about the others', async () => {
    const { bench } = await striped(1);
    const [viewerEnd, hostEnd] = bench.attach('p2p', {}, { joins: true });
    await bench.clock.advance(500);
    const further = bench.viewer.link.attachment('p2p')!;
    bench.host.send(100, SIZE);
    bench.viewer.send(100, SIZE);
    bench.viewer.link.retire(further);
    await bench.clock.advance(1_000);
    bench.expectExactlyOnce();
    expect([viewerEnd.isClosed, hostEnd.isClosed]).toEqual([true, true]);
    expect(bench.viewer.link.stats()).toMatchObject({ path: 'p2p', lanes: { p2p: 1 } });
    expect(bench.host.link.stats()).toMatchObject({ path: 'p2p', lanes: { p2p: 1 }, switches: 1 });
    bench.viewer.link.retire(further);
    expect(bench.viewer.link.state).toBe('open');
  });

  test('gives way to a fresh direct path as a whole', async () => {
    const { bench, direct } = await striped(3);
    bench.attach('p2p');
    await bench.clock.advance(500);
    expect(direct.map(([left]) => left?.isClosed)).toEqual([true, true, true]);
    expect(bench.viewer.link.stats()).toMatchObject({ path: 'p2p', lanes: { p2p: 1 } });
  });
});

test('one lane that stalls holds the others up for its patience, and no longer', async () => {
  const bench = new LinkBench();
  let isHeld = false;
  bench.attach('p2p');
  bench.attach('p2p', { isStopped: () => isHeld }, { joins: true });
  await bench.clock.advance(500);
  isHeld = true;
  bench.host.send(40, SIZE);
  await bench.clock.advance(LIMITS.suspectAfterMs + 200);
  expect(bench.viewer.received).toHaveLength(40);
  isHeld = false;
  await bench.clock.advance(1_000);
  bench.expectExactlyOnce();
});

test('whichever lanes die, and whenever: each frame arrives once and in order', async () => {
  const deaths = fc.array(fc.record({ lane: fc.nat(3), atMs: fc.nat(400) }), { maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(deaths, async (dying) => {
      const { bench, direct } = await striped(4);
      for (const { lane, atMs } of dying) {
        bench.clock.setTimeout(() => direct[lane]?.[0]?.cut(), atMs);
      }
      for (let n = 0; n < 20; n += 1) {
        bench.host.send(10, SIZE);
        bench.viewer.send(10, SIZE);
        await bench.clock.advance(25);
      }
      await bench.clock.advance(3_000);
      bench.expectExactlyOnce();
    }),
    { numRuns: 15 },
  );
});
