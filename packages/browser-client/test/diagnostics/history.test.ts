import { describe, expect, test } from '@jest/globals';
import { carried, History } from '../../src/diagnostics/history.js';
import { DIAGNOSTICS_LIMITS } from '../../src/diagnostics/limits.js';
import { NO_LINK, type LinkStatus } from '../../src/shared/status.js';

const statusOf = (more: Partial<LinkStatus> = {}): LinkStatus => ({
  ...NO_LINK,
  mode: 'relay',
  link: { id: 'one', state: 'open' },
  ...more,
});
const bytesOf = (p2p: number, relay: number): Pick<LinkStatus, 'bytes'> => ({
  bytes: {
    p2p: { in: p2p, out: 0 },
    turn: { in: 0, out: 0 },
    relay: { in: relay, out: relay },
  },
});
const texts = ({ log }: History): string[] => log.map(({ text }) => text);

describe('the samples', () => {
  test('have both round trips, and by TURN counts as direct', () => {
    const history = new History();
    history.add(0, statusOf({ rtt: { p2p: null, turn: 7, relay: 20 } }));
    history.add(1_000, statusOf({ rtt: { p2p: 5, turn: 7, relay: null } }));
    expect(history.samples.map(({ rtt }) => rtt)).toEqual([
      { direct: 7, relay: 20 },
      { direct: 5, relay: null },
    ]);
  });

  test('have the rate of all paths since the one before', () => {
    const history = new History();
    history.add(0, statusOf(bytesOf(0, 100)));
    history.add(2_000, statusOf(bytesOf(1_000, 2_100)));
    expect(history.samples.map(({ down, up }) => [down, up])).toEqual([
      [null, null],
      [1_500, 1_000],
    ]);
  });

  test('have no rate across two links, nor at one moment', () => {
    const history = new History();
    history.add(0, statusOf(bytesOf(0, 100)));
    history.add(0, statusOf(bytesOf(0, 200)));
    history.add(1_000, statusOf({ ...bytesOf(0, 0), link: { id: 'two', state: 'open' } }));
    expect(history.samples.map(({ down }) => down)).toEqual([null, null, null]);
  });

  test('are kept for ten minutes, and the log for so many lines', () => {
    const history = new History();
    const { logLines, samples } = DIAGNOSTICS_LIMITS;
    for (let at = 0; at < samples + 5; at++) {
      history.add(at, statusOf());
      history.say(at, `line ${at}`);
    }
    expect(history.samples).toHaveLength(samples);
    expect(history.samples[0]?.at).toBe(5);
    expect(history.log).toHaveLength(logLines);
    expect(history.log.at(-1)?.text).toBe(`line ${samples + 4}`);
  });
});

describe('the log', () => {
  test('tells what changes, once', () => {
    const history = new History();
    history.add(0, statusOf({ relayConnected: true }));
    history.add(1, statusOf({ relayConnected: true }));
    history.add(2, statusOf({ relayConnected: true, directConnected: true, mode: 'p2p' }));
    history.add(3, statusOf({ relayConnected: false, directConnected: true, mode: 'turn' }));
    history.add(4, statusOf({ mode: 'offline', link: { id: 'two', state: 'waiting' } }));
    expect(texts(history)).toEqual([
      'The path is relay.',
      'The path is direct.',
      'The direct path is ready.',
      'The path is by TURN.',
      'The relay is away.',
      'The path is offline.',
      'The link is new.',
      'The direct path is away.',
    ]);
  });
});

test('what a way has carried has TURN among the direct', () => {
  const status = statusOf({
    bytes: { p2p: { in: 1, out: 2 }, turn: { in: 10, out: 20 }, relay: { in: 5, out: 6 } },
  });
  expect(carried(status, 'direct')).toEqual({ in: 11, out: 22 });
  expect(carried(status, 'relay')).toEqual({ in: 5, out: 6 });
});
