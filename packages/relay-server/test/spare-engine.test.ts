import { describe, expect, test } from '@jest/globals';
import type { WingmanError } from '@wingman/protocol';
import type { IceServerAddress, PeerEngine } from '../src/tunnel/webrtc/engine.js';
import { SpareEngine } from '../src/tunnel/webrtc/spare-engine.js';

const engine = (name: PeerEngine['name']): PeerEngine => ({
  name,
  createPeer: () => {
    throw new Error('no peer is made here');
  },
});
const USUAL = engine('node-datachannel');
const SPARE = engine('wrtc');

const server = (...urls: string[]): IceServerAddress => ({ urls, username: 'u', credential: 'c' });
const BY_TCP = [server('stun:a'), server('turn:b:443?transport=tcp')];

function setUp({ usual = USUAL, hasSpare = true } = {}) {
  const told: WingmanError[] = [];
  const loads = { count: 0 };
  const engines = new SpareEngine(usual, () => {
    loads.count += 1;
    return Promise.resolve(hasSpare ? SPARE : undefined);
  });
  const fail = (link: string, servers: readonly IceServerAddress[] = BY_TCP): Promise<void> =>
    engines.failed(link, servers, (error) => told.push(error));
  return { engines, told, loads, fail };
}

describe('another engine', () => {
  test('takes over for a viewer that the usual one doesn’t reach, and for no other', async () => {
    const { engines, fail, loads, told } = setUp();
    expect([engines.engineFor('a'), loads.count]).toEqual([USUAL, 0]);
    await fail('a');
    await fail('b');
    expect([engines.engineFor('a'), engines.engineFor('b')]).toEqual([SPARE, SPARE]);
    expect([engines.engineFor('c'), loads.count, told]).toEqual([USUAL, 1, []]);
  });

  test.each([
    ['TURN over UDP', [server('turn:b'), server('turn:c?transport=udp')]],
    ['no TURN', [server('stun:a')]],
    ['nothing', []],
  ])('is not needed for %s', async (_, servers) => {
    const { engines, fail, loads, told } = setUp();
    await fail('a', servers);
    expect([engines.engineFor('a'), loads.count, told]).toEqual([USUAL, 0, []]);
  });

  test('is needed for TURN over TLS', async () => {
    const { engines, fail } = setUp();
    await fail('a', [server('turns:b:443')]);
    expect(engines.engineFor('a')).toBe(SPARE);
  });

  test('that is missing is told once, and the usual one goes on', async () => {
    const { engines, fail, told } = setUp({ hasSpare: false });
    await fail('a');
    await fail('b');
    expect(told.map(({ message }) => message)).toEqual([expect.stringContaining('@roamhq/wrtc')]);
    expect(engines.engineFor('a')).toBe(USUAL);
  });

  test('is not asked for by the one that can do it', async () => {
    const { engines, fail, loads, told } = setUp({ usual: SPARE });
    await fail('a');
    expect([engines.engineFor('a'), loads.count, told]).toEqual([SPARE, 0, []]);
  });
});
