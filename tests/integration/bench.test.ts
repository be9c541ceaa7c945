import { describe, expect, test } from '@jest/globals';
import { settingsOf } from '../../bench/lib/settings.mjs';
import { paired, targetRows, type Sample, type Target } from '../../bench/lib/targets.mjs';

const names = (list: string): string[] => settingsOf(list).map(({ name }) => name);

describe('settings of the bench', () => {
  test('S has a shorter way from viewer to developer than over the server', () => {
    const [setting] = settingsOf('S');
    expect(setting?.links).toMatchObject({
      viewerServer: { rttMs: 40, rateMbit: 100, queueMs: 100, lossPercent: 0 },
      serverHost: { rttMs: 40 },
      viewerHost: { rttMs: 30 },
    });
  });

  test('a name gives round trip, rate and loss; what it leaves out is 100 Mbit/s without loss', () => {
    const [all, short, lossy] = settingsOf('50ms-10mbit-0.1%,20ms,200ms-1%');
    expect(all?.links?.viewerHost).toMatchObject({ rttMs: 50, rateMbit: 10, lossPercent: 0.1 });
    expect(short?.links?.serverHost).toMatchObject({ rttMs: 20, rateMbit: 100, lossPercent: 0 });
    expect(lossy?.links?.viewerServer).toMatchObject({ rttMs: 200, lossPercent: 1 });
  });

  test('the grid is each round trip with each rate and each loss, and no setting comes twice', () => {
    expect(new Set(names('grid')).size).toBe(4 * 3 * 3);
    expect(names('grid,round-trips,rates,losses,50ms')).toHaveLength(4 * 3 * 3);
  });

  test('loopback has no links', () => {
    expect(settingsOf('loopback')).toMatchObject([{ name: 'loopback', links: undefined }]);
  });

  test.each(['', 's', '50', '50ms-fast', '50ms-1%-10mbit', 'constructor'])(
    'refuses %p with the names there are',
    (name) => {
      expect(() => settingsOf(name)).toThrow(/unknown setting .*loopback, round-trips/);
    },
  );
});

const [S] = settingsOf('S');
const sample = (peer: string, run: number, figures: Sample['figures']): Sample => ({
  ...{ peer, run, figures },
});

describe('targets of the bench', () => {
  const cold = (peer: string): { peer: string; figure: string } => ({ peer, figure: 'cold' });

  test('hold a peer against the other in the same run: medians of each would compare other runs', () => {
    const samples = [
      { direct: 80, localhost: 100 },
      { direct: 300, localhost: 200 },
      { direct: 90, localhost: 150 },
    ].flatMap((run, index) => [
      sample('direct', index, { cold: run.direct }),
      sample('localhost', index, { cold: run.localhost }),
    ]);
    expect(paired(samples, cold('direct'), cold('localhost'))).toBeCloseTo(0.8);
    expect(paired(samples, cold('direct'), cold('localhost'), 'difference')).toBe(-20);
  });

  test('leave out a run in which one of both is missing', () => {
    const samples = [
      sample('direct', 1, { cold: 500 }),
      sample('direct', 2, { cold: 90 }),
      sample('localhost', 2, { cold: 100 }),
    ];
    expect(paired(samples, cold('direct'), cold('localhost'))).toBeCloseTo(0.9);
    expect(paired(samples, cold('direct'), cold('caddy'))).toBeUndefined();
  });

  const rows = (target: Target, samples: Sample[]): ReturnType<typeof targetRows> =>
    targetRows(
      { targets: [target], figures: { cold: { unit: 'ms' }, warm: { unit: 'ms' } } },
      S!,
      samples,
    );

  const samples = [
    sample('direct', 1, { cold: 80, warm: 30 }),
    sample('relayed', 1, { cold: 120, warm: 40 }),
    sample('localhost', 1, { cold: 100, warm: 20 }),
  ];

  test('are met or missed by each peer', () => {
    const target = { figure: 'cold', peers: ['direct', 'relayed'], base: { peer: 'localhost' } };
    expect(rows({ ...target, atMost: 0.9 }, samples)).toMatchObject([
      { value: '0.8 ×', target: '<= 0.9 ×', met: true },
      { value: '1.2 ×', met: false },
    ]);
    expect(rows({ ...target, atLeast: 0.9 }, samples).map(({ met }) => met)).toEqual([false, true]);
  });

  test('can be a difference from another figure of the same peer, or a number', () => {
    const target = { figure: 'cold', peers: ['direct'], base: { figure: 'warm' } };
    expect(rows({ ...target, way: 'difference', atMost: 25 }, samples)).toMatchObject([
      { value: '50 ms', target: '<= 25 ms', met: false },
    ]);
    expect(rows({ figure: 'warm', peers: ['direct'], atMost: 30 }, samples)).toMatchObject([
      { value: '30 ms', met: true },
    ]);
  });

  test('say nothing of a peer that was not measured, nor in settings where they do not hold', () => {
    const target = { figure: 'cold', base: { peer: 'localhost' }, atMost: 1 };
    expect(rows({ ...target, peers: ['caddy'] }, samples)).toEqual([]);
    expect(rows({ ...target, peers: ['direct'], holdsIn: () => false }, samples)).toEqual([]);
  });
});
