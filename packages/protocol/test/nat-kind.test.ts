import { describe, expect, test } from '@jest/globals';
import { NAT_WORDS, natKind, readCandidate, type NatKind } from '../src/signaling/nat-kind.js';

const HOST = 'candidate:1 1 UDP 2122 192.168.1.5 50000 typ host';
const SECOND_HOST = 'candidate:2 1 UDP 2122 192.168.7.5 50001 typ host';
const HIDDEN = 'candidate:1 1 udp 2113 0b1c.local 50000 typ host generation 0';
const PUBLIC = 'candidate:1 1 udp 2122 203.0.113.9 50000 typ host';
const outer = (port: number, base = 'raddr 192.168.1.5 rport 50000'): string =>
  `candidate:3 1 udp 1685 198.51.100.7 ${port} typ srflx ${base}`;
const ANY = 'raddr 0.0.0.0 rport 0';

describe('a candidate’s line', () => {
  test('tells the address, and the one behind the NAT', () => {
    expect(readCandidate(outer(40_000))).toEqual({
      ...{ type: 'srflx', protocol: 'udp', address: '198.51.100.7', port: '40000' },
      base: '192.168.1.5:50000',
    });
  });

  test('whose base is hidden has none', () => {
    expect(readCandidate(outer(40_000, ANY))?.base).toBeUndefined();
    expect(readCandidate(HIDDEN)).toMatchObject({ address: '0b1c.local', base: undefined });
  });

  test.each(['', 'candidate:1', 'candidate:1 1 udp 1 192.0.2.1 9 host'])('%j is none', (line) => {
    expect(readCandidate(line)).toBeUndefined();
  });
});

test('what no STUN server has seen tells nothing of the NAT', () => {
  const unseen = ['mapped', 'guess'].map((name) =>
    outer(40_001, ANY).replace('candidate:3', `candidate:${name}`),
  );
  expect(natKind([HOST, outer(40_000, ANY), ...unseen], { stunServers: 2 })).toBe('steady');
});

describe('the NAT of an end', () => {
  test.each<[NatKind, string[], number]>([
    ['none', [PUBLIC], 1],
    ['none', [PUBLIC], 0],
    ['no-udp', [HOST], 1],
    ['no-udp', [HIDDEN], 1],
    ['no-udp', [], 2],
    ['unknown', [HOST], 0],
    ['unknown', ['candidate:3 1 udp 1685 127.0.0.1 40000 typ srflx'], 1],
    // One server can't tell whether another would see the same port.
    ['some', [HOST, outer(40_000)], 1],
    ['steady', [HOST, outer(40_000)], 2],
    ['shifting', [HOST, outer(40_000), outer(40_001)], 2],
    ['shifting', [HIDDEN, outer(40_000, ANY), outer(40_001, ANY)], 2],
    // Each of two networks has a port of its own.
    [
      'steady',
      [HOST, SECOND_HOST, outer(40_000), outer(40_001, 'raddr 192.168.7.5 rport 50001')],
      2,
    ],
    ['steady', [HOST, SECOND_HOST, outer(40_000, ANY), outer(40_001, ANY)], 2],
    // TCP says nothing about it.
    ['no-udp', ['candidate:1 1 tcp 2122 203.0.113.9 9 typ host tcptype active'], 1],
  ])('is %s with %j, by %i servers', (kind, lines, stunServers) => {
    expect(natKind(lines, { stunServers })).toBe(kind);
    expect(NAT_WORDS[kind]).toMatch(/\.$/);
  });

  test('shifts when the other end sees the outer address at another port', () => {
    const sights = { stunServers: 1, seenAt: '198.51.100.7:40077' };
    expect(natKind([HOST, outer(40_000)], sights)).toBe('shifting');
  });

  test.each(['198.51.100.7:40000', '192.168.1.5:50000', '198.51.100.77:40000'])(
    'does not shift because the other end sees it at %s',
    (seenAt) => {
      expect(natKind([HOST, outer(40_000)], { stunServers: 1, seenAt })).toBe('some');
    },
  );
});
