import { describe, expect, test } from '@jest/globals';
import type { NetworkInterfaceInfo } from 'node:os';
import { lanAddress, lanAddresses, type Interfaces } from '../src/cli/lan/lan-address.js';

function at(address: string, internal = false): NetworkInterfaceInfo[] {
  const rest = { netmask: '', mac: '00:00:00:00:00:01', cidr: null };
  const isV6 = address.includes(':');
  return [{ ...rest, address, internal, ...(isV6 ? { family: 'IPv6', scopeid: 0 } : IPV4) }];
}

const IPV4 = { family: 'IPv4' } as const;
const LO = { lo: at('127.0.0.1', true) };
const nobody = (): Promise<undefined> => Promise.resolve(undefined);

describe('the address on the local network', () => {
  test.each<[string, Interfaces, string | undefined, string]>([
    ['the only one', { wlan0: at('192.168.1.5') }, undefined, '192.168.1.5'],
    [
      'not that of containers',
      { docker0: at('172.17.0.1'), wlan0: at('10.0.0.7') },
      undefined,
      '10.0.0.7',
    ],
    [
      'that which the system sends from',
      { eth0: at('10.0.0.7'), wlan0: at('192.168.1.5') },
      '192.168.1.5',
      '192.168.1.5',
    ],
    [
      'not that of a VPN, though everything is sent from there',
      { utun3: at('10.8.0.2'), en0: at('192.168.1.5') },
      '10.8.0.2',
      '192.168.1.5',
    ],
    [
      'a private one before a public one',
      { eth0: at('203.0.113.9'), eth1: at('172.20.1.2') },
      '203.0.113.9',
      '172.20.1.2',
    ],
    [
      'of IPv6 where there is no other, and of that one of the network’s own',
      { docker0: at('172.17.0.1'), eth0: [...at('2001:db8::5'), ...at('fd00::5')] },
      undefined,
      'fd00::5',
    ],
    [
      'of IPv4 where there is one',
      { eth0: [...at('fd00::5'), ...at('192.168.1.5')] },
      undefined,
      '192.168.1.5',
    ],
    [
      'one that nobody gave out last',
      { eth0: at('169.254.3.4'), eth1: at('203.0.113.9') },
      undefined,
      '203.0.113.9',
    ],
  ])('is %s', async (_, interfaces, inUse, expected) => {
    const chosen = lanAddress(undefined, { ...LO, ...interfaces }, () => Promise.resolve(inUse));
    expect(await chosen).toBe(expected);
  });

  test('may be any of IPv6 that is asked for and needs no zone', async () => {
    const interfaces = { ...LO, eth0: [...at('2001:db8::5'), ...at('fe80::5')] };
    expect(lanAddresses(interfaces)).toEqual([]);
    expect(await lanAddress('2001:DB8:0::5', interfaces)).toBe('2001:db8::5');
    const refused = await lanAddress('fe80::5', interfaces).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'REFUSED' });
    expect(String(refused)).toMatch(/needs a zone.*It has: 127\.0\.0\.1, 2001:db8::5$/);
  });

  test('is never loopback, and without another one the cure is told', async () => {
    expect(lanAddresses(LO)).toEqual([]);
    await expect(lanAddress(undefined, LO, nobody)).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringMatching(/--lan-address.*It has: 127\.0\.0\.1/),
    });
  });

  test('is not one that only this machine reaches, though it was asked for', async () => {
    const interfaces = { ...LO, wlan0: at('10.0.0.7') };
    await expect(lanAddress('127.0.0.1', interfaces, nobody)).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringMatching(
        /nobody on a network reaches 127\.0\.0\.1\. It has: .*10\.0\.0\.7/,
      ),
    });
  });

  test('is of an interface that has one: others, and those without an entry, are passed over', async () => {
    const six = at('fe80::7');
    expect(
      await lanAddress(undefined, { eth0: six, eth1: undefined, eth2: at('10.0.0.7') }, nobody),
    ).toBe('10.0.0.7');
    await expect(lanAddress(undefined, { eth0: six }, nobody)).rejects.toMatchObject({
      message: expect.not.stringContaining('fe80'),
    });
  });

  test('is one of the first interface among equals, and a VPN’s where there is nothing else', () => {
    const equals = { eth0: at('10.0.0.7'), eth1: at('10.0.0.8'), wg0: at('10.9.0.1') };
    expect(lanAddresses(equals)).toEqual(['10.0.0.7', '10.0.0.8', '10.9.0.1']);
    expect(lanAddresses({ wg0: at('10.9.0.1') }, '10.9.0.1')).toEqual(['10.9.0.1']);
  });

  test('is the one that was asked for, when this machine has it', async () => {
    const both = { docker0: at('172.17.0.1'), wlan0: at('10.0.0.7') };
    expect(await lanAddress('172.17.0.1', both, nobody)).toBe('172.17.0.1');
    await expect(lanAddress('10.0.0.8', both, nobody)).rejects.toMatchObject({
      message: '10.0.0.8 is no address of this machine. It has: 172.17.0.1, 10.0.0.7',
    });
  });
});
