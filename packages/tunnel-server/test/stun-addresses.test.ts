import { describe, expect, test } from '@jest/globals';
import { SERVER_LIMITS } from '../src/limits.js';
import { StunAddresses } from '../src/stun/stun-addresses.js';
import { FakeClock } from './support/fake-clock.js';

const URL = 'stun:tunnel.example.org:3478';

function setUp(addresses: readonly string[] | Error) {
  const clock = new FakeClock();
  const dns = { addresses, asked: [] as string[] };
  const stun = new StunAddresses(clock, (name) => {
    dns.asked.push(name);
    const { addresses: found } = dns;
    return found instanceof Error ? Promise.reject(found) : Promise.resolve(found);
  });
  /** The answer after the look-up of the first call is over. */
  const given = async (urls: readonly string[] = [URL]): Promise<string[]> => {
    stun.beside(urls);
    await new Promise(setImmediate);
    return stun.beside(urls);
  };
  return { clock, dns, stun, given };
}

describe('beside the name of a STUN server', () => {
  test('are one address of each family', async () => {
    const { stun, given } = setUp(['203.0.113.1', '203.0.113.2', '2001:db8::1', '2001:db8::2']);
    expect(stun.beside([URL])).toEqual([URL]);
    expect(await given()).toEqual([URL, 'stun:203.0.113.1:3478', 'stun:[2001:db8::1]:3478']);
  });

  test('is nothing for further servers: engines grow slow with many', async () => {
    const { dns, given } = setUp(['203.0.113.1']);
    const other = 'stun:other.example:3478';
    expect(await given([URL, other])).toEqual([URL, other, 'stun:203.0.113.1:3478']);
    expect(dns.asked).toEqual(['tunnel.example.org']);
  });

  test.each(['10.1.2.3', '127.0.1.1', '192.168.0.5', '172.20.0.1', '::1', 'fd00::1', 'fe80::1'])(
    'is not %s, where nobody outside can reach the server',
    async (address) => {
      const { given } = setUp([address]);
      expect(await given()).toEqual([URL]);
    },
  );

  test.each(['stun:192.0.2.1:3478', 'stun:[2001:db8::5]:3478', 'stuns:tunnel.example.org:5349'])(
    'is nothing for %s',
    async (url) => {
      const { dns, given } = setUp(['203.0.113.1']);
      expect([await given([url]), dns.asked]).toEqual([[url], []]);
    },
  );

  test('is what it was while DNS is silent, and a new address after a while', async () => {
    const { clock, dns, given } = setUp(['203.0.113.1']);
    const before = await given();
    await given();
    expect(dns.asked).toHaveLength(1);
    dns.addresses = new Error('no DNS');
    clock.advance(SERVER_LIMITS.stunNameMs);
    expect(await given()).toEqual(before);
    dns.addresses = ['203.0.113.9'];
    clock.advance(SERVER_LIMITS.stunNameMs);
    expect(await given()).toEqual([URL, 'stun:203.0.113.9:3478']);
  });
});
