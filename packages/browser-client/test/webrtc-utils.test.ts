import { describe, expect, jest, test } from '@jest/globals';
import { IceServer, create } from '@wingman/protocol';
import { BROWSER_LIMITS } from '../src/shared/limits.js';
import { fingerprintOf, pairOf, selectedPair, toRtcIceServers } from '../src/shell/webrtc-utils.js';

const SDP = [
  'v=0',
  'a=group:BUNDLE 0',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'a=fingerprint:SHA-256 ab:cd:EF:01',
  'a=setup:actpass',
  '',
].join('\r\n');

describe('fingerprintOf', () => {
  test('reads one, in one spelling', () => {
    expect(fingerprintOf(SDP)).toBe('sha-256 AB:CD:EF:01');
  });

  test('takes the same one twice, refuses two different and none', () => {
    const again = SDP + 'a=fingerprint:sha-256 AB:CD:EF:01\r\n';
    expect(fingerprintOf(again)).toBe('sha-256 AB:CD:EF:01');
    expect(fingerprintOf(SDP + 'a=fingerprint:sha-256 00:11\r\n')).toBeUndefined();
    expect(fingerprintOf('v=0\r\n')).toBeUndefined();
  });

  test('is not fooled by a fingerprint inside another line', () => {
    expect(fingerprintOf('a=x a=fingerprint:sha-256 00:11\r\n')).toBeUndefined();
  });
});

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
