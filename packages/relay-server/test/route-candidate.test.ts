import { describe, expect, test } from '@jest/globals';
import { listAddresses } from '../src/tunnel/address-watch.js';
import { findRoute, RouteCandidate } from '../src/tunnel/webrtc/route-candidate.js';

const host = (address: string): string => `candidate:1 1 UDP 2114977791 ${address} 4000 typ host`;

function setUp(route: string | undefined) {
  const told: string[] = [];
  const candidates = new RouteCandidate(
    ({ candidate, mid }) => told.push(`${mid} ${candidate}`),
    () => Promise.resolve(route),
  );
  const take = async (...lines: readonly string[]): Promise<void> => {
    for (const candidate of lines) {
      candidates.take({ candidate, mid: 'm' });
      await Promise.resolve();
      await Promise.resolve();
    }
  };
  return { told, take };
}

describe('the address of the default route', () => {
  const added = 'm candidate:route 1 UDP 2130706431 192.168.7.5 4000 typ host';

  test('is offered above all others, at the port of the others', async () => {
    const { told, take } = setUp('192.168.7.5');
    await take(host('172.17.0.1'), host('172.18.0.1'));
    expect(told).toEqual([`m ${host('172.17.0.1')}`, added, `m ${host('172.18.0.1')}`]);
  });

  test('is not offered twice', async () => {
    const { told, take } = setUp('192.168.7.5');
    await take(host('172.17.0.1'), host('192.168.7.5'));
    expect(told).toEqual([`m ${host('172.17.0.1')}`, added]);
    const first = setUp('172.17.0.1');
    await first.take(host('172.17.0.1'));
    expect(first.told).toHaveLength(1);
  });

  test('that there is none changes nothing', async () => {
    const { told, take } = setUp(undefined);
    await take(host('172.17.0.1'), host('172.18.0.1'));
    expect(told).toHaveLength(2);
  });

  test.each([
    ['an outer address', 'candidate:2 1 UDP 1678769919 203.0.113.5 4000 typ srflx raddr 0.0.0.0'],
    ['an IPv6 address', host('2001:db8::1')],
    ['an address for TCP', 'candidate:3 1 TCP 2114977791 172.17.0.1 9 typ host tcptype active'],
    ['nonsense', 'candidate'],
  ])('does not follow from %s, which passes as it is', async (_, line) => {
    const { told, take } = setUp('192.168.7.5');
    await take(line);
    expect(told).toEqual([`m ${line}`]);
  });

  test('is one of this machine’s, where it has a route at all', async () => {
    const address = await findRoute();
    expect([undefined, ...listAddresses()]).toContain(address);
  });
});
