import { describe, expect, test } from '@jest/globals';
import { LIMITS } from '../src/limits.js';
import type { LaneQuality } from '../src/link/lane-evidence.js';
import { PathHistory, type Measured } from '../src/link/path-history.js';

const SETTLE = LIMITS.p2pSettleMs;
const LOOK = LIMITS.qualityLookMs;

function quality(more: Partial<LaneQuality> = {}): LaneQuality {
  const idle = { rttMs: 50, baseRttMs: 50, waitMs: 50, inPerSecond: null, outPerSecond: null };
  return { ...idle, stalls: 0, ...more };
}

const even: Measured = { p2p: quality(), relay: quality() };
/** An answer of the direct path waits two seconds behind what is carried, at so many bytes a second. */
const loaded = quality({ waitMs: 2_000, inPerSecond: 1_000 });
const slow: Measured = { p2p: loaded, relay: quality() };

/** Compares once a second from one moment to another, both included. */
function compare(history: PathHistory, from: number, to: number, measured: Measured): void {
  for (let now = from; now <= to; now += LOOK) history.compare(now, measured);
}

describe('a failure of the direct path', () => {
  test('is held against it for a while', () => {
    const history = new PathHistory();
    expect(history.standing(0)).toBe('trusted');
    history.failed(1_000);
    expect(history.standing(1_000 + SETTLE - 1)).toBe('distrusted');
    expect(history.standing(1_000 + SETTLE)).toBe('trusted');
  });

  test('is held against it for twice as long when another came before, up to a limit', () => {
    const history = new PathHistory();
    let now = 0;
    for (const expected of [3_000, 6_000, 12_000, 24_000, 48_000, 60_000, 60_000]) {
      history.failed(now);
      expect(history.standing(now + expected - 1)).toBe('distrusted');
      expect(history.standing(now + expected)).toBe('trusted');
      now += expected;
    }
  });

  test('is forgotten after two minutes without another', () => {
    const history = new PathHistory();
    history.failed(0);
    history.failed(LIMITS.p2pForgiveMs - 1);
    const now = 2 * LIMITS.p2pForgiveMs - 1;
    history.failed(now);
    expect(history.standing(now + SETTLE)).toBe('trusted');
  });

  test('is forgiven when somebody wants the path', () => {
    const history = new PathHistory();
    history.suspected(0);
    history.forgive();
    expect(history.standing(1)).toBe('trusted');
    history.failed(1);
    expect(history.standing(1 + SETTLE)).toBe('trusted');
  });
});

describe('a suspected direct path', () => {
  test('is distrusted until it has been ready for a while', () => {
    const history = new PathHistory();
    history.suspected(0);
    expect(history.standing(1e9)).toBe('distrusted');
    history.ready(10_000, false);
    expect(history.standing(10_000 + SETTLE - 1)).toBe('distrusted');
    expect(history.standing(10_000 + SETTLE)).toBe('trusted');
  });

  test('is not distrusted anew by being ready again', () => {
    const history = new PathHistory();
    history.ready(0, true);
    expect(history.standing(0)).toBe('trusted');
    history.suspected(0);
    history.ready(10_000, false);
    history.ready(12_000, false);
    expect(history.standing(10_000 + SETTLE)).toBe('trusted');
  });

  test('has a successor that is trusted soon, if this was the only failure', () => {
    const history = new PathHistory();
    history.suspected(0);
    history.ready(1_000, true);
    expect(history.standing(1_000 + LIMITS.p2pFreshMs - 1)).toBe('distrusted');
    expect(history.standing(1_000 + LIMITS.p2pFreshMs)).toBe('trusted');
    history.suspected(5_000);
    history.ready(6_000, true);
    expect(history.standing(6_000 + 2 * SETTLE - 1)).toBe('distrusted');
    expect(history.standing(6_000 + 2 * SETTLE)).toBe('trusted');
  });

  test('that was closed has such a successor too', () => {
    const history = new PathHistory();
    history.failed(0);
    history.ready(100, true);
    expect(history.standing(100 + LIMITS.p2pFreshMs)).toBe('trusted');
  });
});

describe('a slow direct path', () => {
  test('is slow after three seconds, for half a minute', () => {
    const history = new PathHistory();
    compare(history, 10_000, 12_000, slow);
    expect(history.standing(12_000)).toBe('trusted');
    history.compare(13_000, slow);
    expect(history.standing(13_000)).toBe('slow');
    expect(history.standing(13_000 + LIMITS.demotionMs - 1)).toBe('slow');
    expect(history.standing(13_000 + LIMITS.demotionMs)).toBe('trusted');
  });

  test('is slow for twice as long the next time, up to a limit', () => {
    const history = new PathHistory();
    let now = 10_000;
    for (const expected of [30_000, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000]) {
      compare(history, now, now + LIMITS.slowForMs, slow);
      now += LIMITS.slowForMs + expected;
      expect(history.standing(now - 1)).toBe('slow');
      expect(history.standing(now)).toBe('trusted');
    }
  });

  test('is not slow when one look in between finds it well', () => {
    const history = new PathHistory();
    compare(history, 10_000, 12_000, slow);
    history.compare(13_000, even);
    compare(history, 14_000, 16_000, slow);
    expect(history.standing(16_000)).toBe('trusted');
  });

  test('is not slow by looks that are far apart', () => {
    const history = new PathHistory();
    history.compare(10_000, slow);
    history.compare(10_000 + 2 * LOOK + 1, slow);
    history.compare(10_000 + 4 * LOOK + 1, slow);
    expect(history.standing(14_001)).toBe('trusted');
    history.compare(10_000 + 6 * LOOK + 1, slow);
    expect(history.standing(16_001)).toBe('slow');
  });

  test('is compared at most once a second', () => {
    const history = new PathHistory();
    history.compare(10_000, slow);
    for (let now = 10_000; now < 10_999; now += 50) history.compare(now, even);
    compare(history, 11_000, 13_000, slow);
    expect(history.standing(13_000)).toBe('slow');
  });

  test.each<[string, boolean, Partial<LaneQuality>, Partial<LaneQuality>]>([
    ['behind a queue', true, { waitMs: 351 }, {}],
    ['behind a short queue', false, { waitMs: 350 }, {}],
    ['behind a queue, and so is the relay', false, { waitMs: 2_000 }, { waitMs: 1_000 }],
    ['behind a queue, and the relay somewhat', true, { waitMs: 2_001 }, { waitMs: 1_000 }],
    ['without a first answer', false, { waitMs: 5_000, baseRttMs: null }, {}],
    ['a detour', true, { baseRttMs: 151, waitMs: 151 }, {}],
    ['almost a detour', false, { baseRttMs: 150, waitMs: 150 }, {}],
    ['a detour or not: the relay has not answered', false, { baseRttMs: 900 }, { baseRttMs: null }],
  ])('%s: %s', (_, isSlow, p2p, relay) => {
    const history = new PathHistory();
    compare(history, 10_000, 13_000, { p2p: quality(p2p), relay: quality(relay) });
    expect(history.standing(13_000)).toBe(isSlow ? 'slow' : 'trusted');
  });

  test.each<Measured>([
    { p2p: loaded, relay: null },
    { p2p: null, relay: quality() },
  ])('is not compared with a path that is not there', (measured) => {
    const history = new PathHistory();
    compare(history, 10_000, 20_000, measured);
    expect(history.standing(20_000)).toBe('trusted');
  });
});

describe('while the relay is tried', () => {
  /** Demoted at 13 s with 1,000 bytes a second. */
  function demoted(): PathHistory {
    const history = new PathHistory();
    compare(history, 10_000, 13_000, slow);
    return history;
  }
  const tried = (more: Partial<LaneQuality>): Measured => ({
    p2p: quality(),
    relay: quality({ waitMs: 350, ...more }),
  });

  test('the direct path is acquitted when the loaded relay delivers no more', () => {
    const history = demoted();
    history.compare(14_000, tried({ inPerSecond: 1_200 }));
    expect(history.standing(14_000)).toBe('trusted');
    compare(history, 15_000, 14_000 + LIMITS.acquittalMs - 1, slow);
    expect(history.standing(14_000 + LIMITS.acquittalMs - 1)).toBe('trusted');
    compare(history, 14_000 + LIMITS.acquittalMs, 17_000 + LIMITS.acquittalMs, slow);
    expect(history.standing(17_000 + LIMITS.acquittalMs)).toBe('slow');
  });

  test.each([{ inPerSecond: 1_201 }, { outPerSecond: 1_201 }])(
    'the relay stays when it delivers clearly more: %j',
    (more) => {
      const history = demoted();
      history.compare(14_000, tried(more));
      expect(history.standing(14_000)).toBe('slow');
    },
  );

  test.each<[string, Measured]>([
    ['is not loaded', tried({ waitMs: 349 })],
    ['has never answered', tried({ baseRttMs: null })],
    ['is gone', { p2p: quality(), relay: null }],
  ])('nothing is said of a relay that %s', (_, measured) => {
    const history = demoted();
    history.compare(14_000, measured);
    expect(history.standing(14_000)).toBe('slow');
  });
});

test('the next change is the earliest of those to come', () => {
  const history = new PathHistory();
  expect(history.changesAt(0)).toBe(Infinity);
  history.failed(0);
  expect(history.changesAt(0)).toBe(SETTLE);
  expect(history.changesAt(SETTLE)).toBe(Infinity);
  compare(history, 10_000, 13_000, slow);
  expect(history.changesAt(13_000)).toBe(14_000);
  expect(history.changesAt(14_000)).toBe(13_000 + LIMITS.demotionMs);
});
