import { describe, expect, test } from '@jest/globals';
import { Diagnosis } from '../../src/diagnostics/diagnosis.js';
import { reportOf, stressWords } from '../../src/diagnostics/report.js';
import type { LinkStatus, Preference } from '../../src/shared/status.js';
import { fakeTab, type FakeTab } from '../support/diagnosed-tab.js';

const PLACE = {
  host: 'gentle-otter-abc123.example.org',
  userAgent: 'a browser',
  date: new Date(0),
};

function setUp(more: Partial<LinkStatus> = {}): FakeTab & { diagnosis: Diagnosis } {
  const tab = fakeTab(more);
  const diagnosis = new Diagnosis(tab.tab, tab.world, () => tab.draws.push(diagnosis.busy));
  return { ...tab, diagnosis };
}

const texts = ({ history }: Diagnosis): string[] => history.log.map(({ text }) => text);

describe('a look', () => {
  test('keeps what the tunnel says, and says why there is no direct path, once', async () => {
    const { diagnosis, whyNot } = setUp();
    whyNot('No UDP.');
    await diagnosis.look();
    await diagnosis.look();
    expect(diagnosis.status.mode).toBe('relay');
    expect(diagnosis.history.samples).toHaveLength(2);
    expect(texts(diagnosis)).toEqual(['No direct path: No UDP.', 'The path is relay.']);
  });

  test('at a tab whose tunnel has ended keeps what was known', async () => {
    const { diagnosis, endTunnel } = setUp();
    await diagnosis.look();
    endTunnel();
    await diagnosis.look();
    expect(diagnosis.status.mode).toBe('relay');
    expect(diagnosis.history.samples).toHaveLength(1);
  });
});

describe('measuring', () => {
  test('loads each path on its own, one after the other, and leaves the choice as it was', async () => {
    const { asked, diagnosis, draws, preferred } = setUp({ preference: 'relay' });
    await diagnosis.measure();
    expect(preferred).toEqual(['p2p', 'relay', 'relay'] satisfies Preference[]);
    expect(asked).toEqual([
      ...Array<string>(4).fill('GET p2p'),
      ...Array<string>(4).fill('POST p2p'),
      ...Array<string>(4).fill('GET relay'),
      ...Array<string>(4).fill('POST relay'),
    ]);
    expect(new Set(draws)).toEqual(
      new Set([...['The direct path is measured…', 'The relay is measured…', undefined]]),
    );
    for (const way of ['direct', 'relay'] as const) {
      expect(diagnosis.speedOf(way)).toMatchObject({ down: { bytes: 4_000 }, share: 1 });
      expect(diagnosis.speedOf(way)?.up.bytes).toBe(4_000);
    }
    expect(diagnosis.busy).toBeUndefined();
  });

  test('a path that the link doesn’t take is left out, and said', async () => {
    const { asked, diagnosis, only } = setUp();
    only('relay');
    await diagnosis.measure();
    expect(asked.filter((text) => text.endsWith('p2p'))).toEqual([]);
    expect(diagnosis.speedOf('direct')).toBeUndefined();
    expect(diagnosis.speedOf('relay')?.share).toBe(1);
    expect(texts(diagnosis)[0]).toBe('The direct path could not be measured.');
  });

  test('says when another path has carried a part', async () => {
    const { diagnosis, wander } = setUp();
    wander();
    await diagnosis.measure();
    expect(diagnosis.speedOf('direct')?.share).toBeLessThan(0.9);
    expect(texts(diagnosis)[0]).toMatch(/but the path changed meanwhile\.$/);
  });

  test('what the host refuses is said, and the choice is as it was', async () => {
    const { diagnosis, preferred, refuse } = setUp();
    refuse();
    await diagnosis.measure();
    expect(texts(diagnosis)).toContain('Try again in 9 s.');
    expect(preferred.at(-1)).toBe('auto');
    expect(diagnosis.busy).toBeUndefined();
  });

  test('is done once at a time', async () => {
    const { asked, diagnosis } = setUp();
    await Promise.all([diagnosis.measure(), diagnosis.stressTest(), diagnosis.measure()]);
    expect(asked).toHaveLength(16);
    expect(diagnosis.stress).toBeUndefined();
  });
});

describe('the stress test', () => {
  test('loads both directions at once, and tells what that did', async () => {
    const { asked, diagnosis } = setUp({ rttMs: 12.3 });
    await diagnosis.stressTest();
    expect([...asked].sort()).toEqual([
      ...Array<string>(8).fill('GET relay'),
      ...Array<string>(8).fill('POST relay'),
    ]);
    expect(diagnosis.stress).toMatchObject({
      bytes: 16_000,
      failed: 0,
      switches: 0,
      worstRttMs: 12.3,
    });
    expect(texts(diagnosis).at(-1)).toMatch(/^Stress: 16 KiB in \d+ ms\.$/);
  });
});

describe('the report', () => {
  test('has what helps, and no more of the session’s name than its beginning', async () => {
    const { diagnosis, whyNot } = setUp({ rtt: { p2p: 4.2, turn: null, relay: 31 } });
    whyNot('No UDP.');
    await diagnosis.look();
    await diagnosis.measure();
    await diagnosis.stressTest();
    const lines = reportOf(diagnosis, PLACE).split('\n');
    expect(lines.slice(0, 5)).toEqual([
      'Wingman connection report',
      'Time: 1970-01-01T00:00:00.000Z',
      'Session: gen…',
      'Browser: a browser',
      'Path: relay; changes: 0',
    ]);
    expect(lines[5]).toMatch(
      /^Direct: ready; round trip 4\.2 ms; .*\/s down, .*\/s up, 100 % on this path; .* loss: not told/,
    );
    expect(lines[6]).toMatch(/^Relay: ready; round trip 31 ms; /);
    expect(lines).toContain('No direct path: No UDP.');
    expect(lines).toContain('  viewer host udp 192.168.1.5:50000');
    expect(lines.find((line) => line.startsWith('Stress: '))).toMatch(/16 KiB in .* 0 failed/);
    expect(lines.join('\n')).not.toContain('otter');
    expect(lines.join('\n')).not.toContain('link-id');
  });

  test('before anything was measured says so', () => {
    const { diagnosis } = setUp();
    const text = reportOf(diagnosis, PLACE);
    expect(text).toContain('Direct: away; round trip –; not measured; 0 B in, 0 B out');
    expect(text).not.toContain('Stress');
  });
});

test('the stress test’s result is told in words', () => {
  const stress = { bytes: 33_554_432, ms: 4_000, worstRttMs: 250, switches: 1, failed: 2 };
  expect(stressWords(stress)).toBe(
    '32 MiB in 4.0 s (8.0 MiB/s), round trip up to 250 ms, 1 path changes, 2 failed requests',
  );
});
