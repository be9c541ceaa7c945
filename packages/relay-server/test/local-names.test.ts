import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { Carrier } from '@wingman/protocol';
import { openMulticast } from '../src/tunnel/multicast.js';
import { resolveName, withLocalNames } from '../src/tunnel/webrtc/local-names.js';
import type { Candidate, Peer, PeerEngine } from '../src/tunnel/webrtc/engine.js';
import { loadNodeDatachannel } from '../src/tunnel/webrtc/node-datachannel.js';
import { until } from './support/until.js';

jest.setTimeout(60_000);

const NAME = '6ba7b810-9dad-41d1-80b4-00c04fd430c8.local';
const OTHER = '6ba7b811-9dad-41d1-80b4-00c04fd430c8.local';
const LOOPBACK = '127.0.0.1';
const onLoopback = (name: string): Promise<string | undefined> =>
  resolveName(name, () => Promise.resolve(LOOPBACK));
const ends: (() => void)[] = [];

afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A machine on the network that has this name, as a browser has. */
async function answering(name: string): Promise<() => number> {
  const multicast = openMulticast(LOOPBACK);
  let asked = 0;
  ends.push(() => multicast.destroy());
  multicast.on('query', ({ questions = [] }) => {
    if (!questions.some((question) => question.name === name)) return;
    asked += 1;
    multicast.respond([{ name: name.toUpperCase(), type: 'A', ttl: 120, data: LOOPBACK }]);
  });
  await new Promise<void>((resolve) => multicast.on('ready', resolve));
  return () => asked;
}

describe('a name of multicast DNS', () => {
  test('leads to the address of who has it, in any case of its letters', async () => {
    const asked = await answering(NAME);
    expect(await onLoopback(NAME)).toBe(LOOPBACK);
    expect(asked()).toBeGreaterThan(0);
  });

  test('that nobody has leads nowhere, within the deadline', async () => {
    await answering(NAME);
    expect(await onLoopback(OTHER)).toBeUndefined();
    expect(await resolveName(NAME, () => Promise.resolve(undefined))).toBeUndefined();
  });
});

describe('an engine with such names', () => {
  test('reaches a peer that tells nothing but its name', async () => {
    await answering(NAME);
    const engine = await loadNodeDatachannel();
    const carriers: Carrier[] = [];
    const make = (by: PeerEngine, candidate: (candidate: Candidate) => void): Peer => {
      const channel = (carrier: Carrier): void => void carriers.push(carrier);
      const peer = by.createPeer([], { candidate, channel, closed: () => undefined });
      ends.push(() => peer.close());
      return peer;
    };
    const resolved: Candidate[] = [];
    const watched: PeerEngine = {
      ...engine,
      createPeer: (...given) => {
        const peer = engine.createPeer(...given);
        const add = peer.addCandidate.bind(peer);
        return Object.assign(peer, {
          addCandidate: (candidate: Candidate) => {
            resolved.push(candidate);
            add(candidate);
          },
        });
      },
    };
    const host = make(withLocalNames(watched, onLoopback), () => undefined);
    const viewer = make(engine, ({ candidate, mid }) => {
      host.addCandidate({ candidate: candidate.split(' ').with(4, NAME).join(' '), mid });
    });
    const offer = await viewer.createOffer();
    // Nothing of the host's candidates comes to the viewer: only the host can make the first step.
    await viewer.acceptAnswer(withoutCandidates(await host.acceptOffer(withoutCandidates(offer))));
    await until(() => carriers.length === 2, 'channels open', 40_000);
    expect(resolved.length).toBeGreaterThan(0);
    expect(resolved.map(({ candidate }) => candidate.split(' ')[4])).toContain(LOOPBACK);
  });

  test('asks for few names of a peer, and for no others', async () => {
    const asked: string[] = [];
    const added: string[] = [];
    const engine = {
      name: 'wrtc' as const,
      createPeer: () =>
        ({ addCandidate: ({ candidate }: Candidate) => void added.push(candidate) }) as Peer,
    };
    const peer = withLocalNames(engine, (name) => {
      asked.push(name);
      return Promise.resolve(undefined);
    }).createPeer([], {
      candidate: () => undefined,
      channel: () => undefined,
      closed: () => undefined,
    });
    const line = (address: string): string => `candidate:1 1 udp 1 ${address} 9 typ host`;
    const all = ['printer.local', '192.0.2.1', ...Array.from({ length: 6 }, () => NAME)].map(line);
    for (const candidate of all) peer.addCandidate({ candidate, mid: '0' });
    await until(() => added.length === all.length, 'all are added', 5_000);
    expect(asked).toEqual(Array.from({ length: 4 }, () => NAME));
  });
});

function withoutCandidates(sdp: string): string {
  return sdp.replaceAll(/^a=candidate:.*\r?\n/gm, '');
}
