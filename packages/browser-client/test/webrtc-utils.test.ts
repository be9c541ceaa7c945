import { describe, expect, jest, test } from '@jest/globals';
import { IceServer, create } from '@wingman/protocol';
import { BROWSER_LIMITS } from '../src/shared/limits.js';
import { pairOf, selectedPair, toRtcIceServers, wayOf } from '../src/shell/webrtc-utils.js';

describe('toRtcIceServers', () => {
  test('leaves out empty credentials and empty entries', () => {
    const servers = [
      create(IceServer, { urls: ['stun:a'] }),
      create(IceServer, { urls: ['turn:b'], username: 'u', credential: 'c' }),
      create(IceServer, {}),
    ];
    expect(toRtcIceServers(servers)).toEqual([
      { urls: ['stun:a'] },
      { urls: ['turn:b'], username: 'u', credential: 'c' },
    ]);
  });
});

test.each([
  ['host 10.0.0.1:5 udp', 'srflx 192.0.2.1:6 udp', 'p2p'],
  ['relay 192.0.2.9:5 udp', 'host hidden udp', 'turn'],
  ['prflx 192.0.2.3:5 udp', 'relay 192.0.2.9:6 udp', 'turn'],
])('from %s to %s is a way by %s', (local, remote, way) => {
  expect(wayOf({ local, remote })).toBe(way);
});

describe('selectedPair', () => {
  const ends = [
    { id: 'L', type: 'local-candidate', candidateType: 'host', port: 1, protocol: 'udp' },
    {
      id: 'R',
      type: 'remote-candidate',
      candidateType: 'srflx',
      address: '::1',
      port: 2,
      protocol: 'udp',
    },
  ];
  const pair = { id: 'P', type: 'candidate-pair', localCandidateId: 'L', remoteCandidateId: 'R' };
  const expected = { local: 'host hidden:1 udp', remote: 'srflx [::1]:2 udp' };

  test('follows the transport', () => {
    const transport = { id: 'T', type: 'transport', selectedCandidatePairId: 'P' };
    expect(selectedPair([...ends, pair, transport])).toEqual(expected);
  });

  test('falls back to the nominated pair', () => {
    const nominated = { ...pair, nominated: true, state: 'succeeded' };
    expect(selectedPair([...ends, nominated])).toEqual(expected);
  });

  test('is null while there is none', () => {
    expect(selectedPair([...ends, pair])).toBeNull();
    expect(selectedPair([])).toBeNull();
  });

  test('is null when the browser never says', async () => {
    jest.useFakeTimers();
    try {
      const pair = pairOf({ getStats: () => new Promise(() => undefined) });
      await jest.advanceTimersByTimeAsync(BROWSER_LIMITS.statusAnswerMs);
      expect(await pair).toBeNull();
    } finally {
      jest.useRealTimers();
    }
  });
});
