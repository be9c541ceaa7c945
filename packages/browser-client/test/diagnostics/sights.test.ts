import { describe, expect, test } from '@jest/globals';
import { look, NO_SIGHTS } from '../../src/diagnostics/sights.js';
import type { DiagnosedAttempt } from '../../src/shared/diagnosed.js';

const HOST = 'candidate:1 1 udp 2122 192.168.1.5 50000 typ host';
const OUTER = 'candidate:3 1 udp 1685 198.51.100.7 40000 typ srflx raddr 192.168.1.5 rport 50000';
const PAIR = {
  ...{ id: 'pair', type: 'candidate-pair', nominated: true, state: 'succeeded' },
  ...{ localCandidateId: 'local', remoteCandidateId: 'remote' },
};

function attempt(
  entries: readonly object[],
  urls: string[] = [],
  more: Partial<DiagnosedAttempt> = {},
): DiagnosedAttempt {
  return {
    peer: {
      getStats: async () => entries,
      getConfiguration: () => ({ iceServers: [{ urls }, { urls: 'stun:192.0.2.1:3478' }] }),
    },
    seen: { viewer: [HOST, OUTER], host: [HOST] },
    ...more,
  };
}

const lookAt = (last: DiagnosedAttempt | undefined, whyNot?: string) =>
  look({ tunnel: undefined, p2p: { whyNot, last } });

describe('what ICE knows', () => {
  test('is nothing before there was an attempt', async () => {
    expect(await look({ tunnel: undefined, p2p: undefined })).toEqual(NO_SIGHTS);
    expect(await lookAt(undefined, 'No UDP.')).toEqual({ ...NO_SIGHTS, whyNot: 'No UDP.' });
  });

  test('are the candidates of both ends, and the NAT that they tell of', async () => {
    const { candidates, nat } = await lookAt(attempt([]));
    expect(candidates.map(({ end, type, address }) => [end, type, address])).toEqual([
      ['viewer', 'host', '192.168.1.5'],
      ['viewer', 'srflx', '198.51.100.7'],
      ['host', 'host', '192.168.1.5'],
    ]);
    expect(nat).toEqual({ viewer: 'some', host: 'no-udp' });
  });

  test('takes two addresses of STUN servers for two servers, and two names not', async () => {
    const named = attempt([], ['stun:a.example', 'stun:b.example', 'stun:192.0.2.1:9']);
    expect((await lookAt(named)).nat.viewer).toBe('some');
    const second = attempt([], ['stun:192.0.2.2:3478']);
    expect((await lookAt(second)).nat.viewer).toBe('steady');
  });

  test('an end that the other sees at a port of its own has a strict NAT', async () => {
    const local = {
      ...{ id: 'local', type: 'local-candidate', candidateType: 'prflx' },
      ...{ address: '198.51.100.7', port: 40_077 },
    };
    expect((await lookAt(attempt([PAIR, local]))).nat.viewer).toBe('shifting');
    const known = { ...local, candidateType: 'srflx' };
    expect((await lookAt(attempt([PAIR, known]))).nat.viewer).toBe('some');
  });

  test('are the checks on the pair in use, where the browser counts them', async () => {
    const counted = { ...PAIR, requestsSent: 20, responsesReceived: 19 };
    const other = { ...counted, id: 'other', nominated: false, requestsSent: 3 };
    expect((await lookAt(attempt([other, counted]))).checks).toEqual({ asked: 20, answered: 19 });
    expect((await lookAt(attempt([PAIR]))).checks).toBeNull();
    expect((await lookAt(attempt([{ ...counted, requestsSent: 0 }]))).checks).toBeNull();
  });

  test('stays what it is when the browser doesn’t answer for a connection that is closed', async () => {
    const peer = {
      getStats: () => Promise.reject(new Error('closed')),
      getConfiguration: () => ({}),
    };
    const { candidates, checks, nat } = await lookAt(attempt([], [], { peer }));
    expect([candidates.length, checks, nat.host]).toEqual([3, null, 'unknown']);
  });
});
