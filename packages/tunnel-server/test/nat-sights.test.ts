import { beforeEach, expect, test } from '@jest/globals';
import { SERVER_LIMITS } from '../src/limits.js';
import { NatSights } from '../src/signaling/nat-sights.js';

const OUTER = (port: number): string =>
  `candidate:3 1 udp 1685 198.51.100.7 ${port} typ srflx raddr 192.168.1.5 rport 50000`;

let sights: NatSights;
beforeEach(() => {
  sights = new NatSights();
  sights.asks([{ urls: ['stun:192.0.2.1:3478', 'stun:192.0.2.2'] }]);
});

test('each end has the NAT that its candidates tell', () => {
  sights.see('viewer', { attempt: 1, candidate: OUTER(40_000) });
  sights.see('viewer', { attempt: 1, candidate: OUTER(40_001) });
  sights.see('host', { attempt: 1, candidate: OUTER(40_000) });
  expect([sights.of('viewer'), sights.of('host')]).toEqual(['shifting', 'steady']);
});

test('a later attempt is looked at alone, and an earlier one no more', () => {
  sights.see('viewer', { attempt: 1, candidate: OUTER(40_000) });
  sights.see('viewer', { attempt: 2, candidate: OUTER(40_005) });
  sights.see('viewer', { attempt: 1, candidate: OUTER(40_001) });
  expect(sights.of('viewer')).toBe('steady');
});

test('no end has more candidates looked at than a host takes', () => {
  for (let n = 0; n < SERVER_LIMITS.candidatesSeen; n += 1)
    sights.see('host', { attempt: 1, candidate: OUTER(40_000) });
  sights.see('host', { attempt: 1, candidate: OUTER(40_001) });
  expect(sights.of('host')).toBe('steady');
});

test('without a candidate nothing is known but that STUN was asked', () => {
  expect(sights.of('viewer')).toBe('no-udp');
  expect(new NatSights().of('viewer')).toBe('unknown');
});
