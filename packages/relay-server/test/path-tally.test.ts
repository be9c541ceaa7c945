import { expect, test } from '@jest/globals';
import { PathChangeCause, type Link, type PathReport } from '@wingman/protocol';
import { HOST_LIMITS } from '../src/limits.js';
import { PathTally } from '../src/tunnel/path-tally.js';
import { FakeClock } from './support/fake-clock.js';

/** A link that has carried what it is told. */
function linkWith() {
  const bytes = { p2p: { in: 0, out: 0 }, turn: { in: 0, out: 0 } };
  const listeners: (() => void)[] = [];
  const link = {
    state: 'open',
    path: 'relay',
    rttMs: { p2p: 20, turn: null, relay: 65.4 },
    stats: () => ({ bytes, rttMs: link.rttMs }),
    on: (_event: string, listener: () => void) => listeners.push(listener),
    attachment: () => ({ state: 'ready' }),
  };
  const become = (change: Partial<typeof link>): void => {
    Object.assign(link, change);
    for (const listener of listeners) listener();
  };
  return { bytes, become, link: link as unknown as Link };
}

function begun() {
  const clock = new FakeClock();
  const reports: PathReport[] = [];
  const tally = new PathTally(clock, (report) => reports.push(report));
  return { clock, reports, tally };
}

test('what links carry is told once, with what ended links had', () => {
  const { clock, reports, tally } = begun();
  const [one, other] = [linkWith(), linkWith()];
  tally.watch(one.link);
  tally.watch(other.link);
  one.bytes.p2p = { in: 1_000, out: 200 };
  other.bytes.turn.out = 7;
  other.become({ state: 'closed' });
  clock.advance(HOST_LIMITS.pathReportMs);
  one.bytes.p2p.in += 5;
  clock.advance(HOST_LIMITS.pathReportMs);
  expect(reports.map(({ directBytes, turnBytes }) => [directBytes, turnBytes])).toEqual([
    [1_200n, 7n],
    [5n, 0n],
  ]);
});

test('nothing is said of nothing, and the rest at the end', () => {
  const { clock, reports, tally } = begun();
  const { bytes, link } = linkWith();
  tally.watch(link);
  clock.advance(2 * HOST_LIMITS.pathReportMs);
  expect(reports).toEqual([]);
  bytes.p2p.out = 9;
  tally.close();
  expect([reports.length, reports[0]?.directBytes, clock.timers]).toEqual([1, 9n, 0]);
});

test('changes are counted by their cause, and round trips where the direct path takes over', () => {
  const { reports, tally } = begun();
  const { become, link } = linkWith();
  tally.watch(link);
  become({ path: 'p2p' });
  become({ path: 'relay' });
  become({ path: 'p2p', rttMs: { p2p: 90, turn: null, relay: 60 } });
  tally.close();
  expect(reports[0]).toMatchObject({
    changes: [
      { cause: PathChangeCause.UPGRADED, count: 2 },
      { cause: PathChangeCause.CHOSEN, count: 1 },
    ],
    savedMs: [45, -30],
  });
});
