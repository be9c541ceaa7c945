import { expect, test } from '@jest/globals';
import { create, PathChangeCause, PathReport, systemClock } from '@wingman/protocol';
import { SERVER_LIMITS } from '../src/limits.js';
import { Metrics } from '../src/metrics.js';
import { PathReports } from '../src/signaling/path-reports.js';
import { NO_SOURCES } from './support/no-sources.js';

const begun = () => {
  const metrics = new Metrics(NO_SOURCES);
  const reports = new PathReports(metrics, systemClock);
  const say = (report: Partial<PathReport>): void => reports.count(create(PathReport, report));
  return { metrics, say };
};

test('bytes, changes and round trips are counted', async () => {
  const { metrics, say } = begun();
  say({ directBytes: 1_000n, turnBytes: 10n, savedMs: [45, -30] });
  say({ directBytes: 1n, changes: [{ cause: PathChangeCause.FELL_BACK, count: 3 }] });
  expect(await metrics.value('wingman_path_bytes_total', { way: 'direct' })).toBe(1_001);
  expect(await metrics.value('wingman_path_bytes_total', { way: 'turn' })).toBe(10);
  expect(await metrics.value('wingman_path_changes_total', { cause: 'fell-back' })).toBe(3);
  const { body } = await metrics.render();
  expect(body).toContain('wingman_p2p_saved_seconds_count 2');
  expect(body).toContain('wingman_p2p_saved_seconds_bucket{le="0"} 1');
});

test('a host can neither spoil the sums nor make labels of its own, nor say too much', async () => {
  const { metrics, say } = begun();
  const cause = 77 as PathChangeCause;
  say({ directBytes: 2n ** 64n - 1n, changes: [{ cause, count: 4e9 }] });
  for (let n = 0; n < 20; n += 1) say({ turnBytes: 1n });
  expect(await metrics.value('wingman_path_bytes_total', { way: 'direct' })).toBe(
    SERVER_LIMITS.pathBytesPerReport,
  );
  expect(await metrics.value('wingman_path_changes_total', { cause: 'unknown' })).toBe(
    SERVER_LIMITS.pathChangesPerReport,
  );
  expect(await metrics.value('wingman_path_bytes_total', { way: 'turn' })).toBe(
    SERVER_LIMITS.pathReportBurst - 1,
  );
});
