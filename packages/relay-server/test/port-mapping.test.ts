import { describe, expect, test } from '@jest/globals';
import type { Peer, PeerEngine, PeerHandlers } from '../src/tunnel/webrtc/engine.js';
import {
  withMappedPorts,
  type MappedPort,
  type PortMapper,
} from '../src/tunnel/webrtc/port-mapping.js';

const ROUTE = '192.168.7.5';
const host = (address: string, port = 4000): string =>
  `candidate:1 1 UDP 2114977791 ${address} ${port} typ host`;
const MAPPED =
  'candidate:mapped 1 UDP 1694498815 198.51.100.7 4001 typ srflx raddr 0.0.0.0 rport 0';

/** Long enough for every promise that is settled already. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A router that answers when it is told to. */
function fakeRouter() {
  const asked: number[] = [];
  const released: number[] = [];
  let answer: (mapped: MappedPort | undefined) => void = () => undefined;
  const mapper: PortMapper = {
    map: (port) => {
      asked.push(port);
      return new Promise((resolve) => (answer = resolve));
    },
    close: () => Promise.resolve(),
  };
  const grant = async (): Promise<void> => {
    const port = asked.at(-1) ?? 0;
    answer({ address: '198.51.100.7', port: port + 1, release: () => released.push(port) });
    await settled();
  };
  const refuse = async (): Promise<void> => {
    answer(undefined);
    await settled();
  };
  return { mapper, asked, released, grant, refuse };
}

function setUp(route: string | undefined = ROUTE) {
  const router = fakeRouter();
  const told: string[] = [];
  const closed: string[] = [];
  let inside: PeerHandlers | undefined;
  const engine: PeerEngine = {
    name: 'node-datachannel',
    createPeer: (_, handlers) => {
      inside = handlers;
      return { close: () => closed.push('engine') } as unknown as Peer;
    },
  };
  const peer = withMappedPorts(engine, router.mapper, () => Promise.resolve(route)).createPeer([], {
    candidate: ({ candidate, mid }) => told.push(`${mid} ${candidate}`),
    channel: () => undefined,
    closed: (reason) => closed.push(reason),
  });
  const offers = async (...candidates: readonly string[]): Promise<void> => {
    for (const candidate of candidates) inside?.candidate({ candidate, mid: 'm' });
    await settled();
  };
  const ends = (reason: string): void => inside?.closed(reason);
  return { ...router, peer, told, closed, offers, ends };
}

describe('a mapped port', () => {
  test('is one candidate more, and no other waits for it', async () => {
    const { asked, grant, offers, told } = setUp();
    await offers(host('172.17.0.1'), host(ROUTE), host('172.18.0.1'));
    expect([asked, told.length]).toEqual([[4000], 3]);
    await grant();
    expect(told.slice(3)).toEqual([`m ${MAPPED}`]);
  });

  test('is asked for once, for the address that the router knows', async () => {
    const { asked, offers } = setUp();
    await offers(host('172.17.0.1', 5000));
    expect(asked).toEqual([]);
    await offers(host(ROUTE, 4000), host(ROUTE, 4000), host(ROUTE, 6000));
    expect(asked).toEqual([4000]);
  });

  test.each([
    ['a candidate over TCP', ROUTE, `candidate:1 1 TCP 1 ${ROUTE} 9 typ host tcptype active`],
    ['an address seen from outside', ROUTE, `candidate:1 1 UDP 1 ${ROUTE} 4000 typ srflx`],
    ['an IPv6 address', ROUTE, host('fd00::7')],
    ['a machine without a route', undefined, host(ROUTE)],
  ])('is not asked for %s', async (_, route, candidate) => {
    const { asked, offers, told } = setUp(route ?? 'nowhere');
    await offers(candidate);
    expect([asked, told]).toEqual([[], [`m ${candidate}`]]);
  });

  test('that is refused changes nothing', async () => {
    const { offers, peer, refuse, released, told } = setUp();
    await offers(host(ROUTE));
    await refuse();
    peer.close();
    expect([told, released]).toEqual([[`m ${host(ROUTE)}`], []]);
  });

  test('is released with its peer, once, whichever side ends it', async () => {
    const here = setUp();
    await here.offers(host(ROUTE));
    await here.grant();
    here.peer.close();
    here.peer.close();
    expect([here.released, here.closed]).toEqual([[4000], ['engine', 'engine']]);
    const there = setUp();
    await there.offers(host(ROUTE));
    await there.grant();
    there.ends('failed');
    there.peer.close();
    expect([there.released, there.closed]).toEqual([[4000], ['failed', 'engine']]);
  });

  test('that is granted after the end of its peer is released, and told to nobody', async () => {
    const { grant, offers, peer, released, told } = setUp();
    await offers(host(ROUTE));
    peer.close();
    await grant();
    expect([released, told.length]).toEqual([[4000], 1]);
    await offers(host(ROUTE));
    expect(told.at(-1)).toBe(`m ${host(ROUTE)}`);
  });
});
