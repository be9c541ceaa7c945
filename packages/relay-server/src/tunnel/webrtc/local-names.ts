import { deferred, systemClock } from '@wingman/protocol';
import { HOST_LIMITS } from '../../limits.js';
import type { Candidate, PeerEngine } from './engine.js';
import { findRoute, type FindRoute } from './route-candidate.js';

/** Finds the address behind a name of multicast DNS; undefined when nobody tells it in time. Never rejects. */
export type ResolveName = (name: string) => Promise<string | undefined>;

/** A browser that hides its addresses gives each a name like this (draft-ietf-mmusic-mdns-ice-candidates section 3.1.1). */
const NAME = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.local$/i;
/** The place of the address in a candidate (RFC 8839 section 5.1). */
const ADDRESS = 4;

/**
 * An engine whose peers know the addresses that a browser on the same network hides behind names of multicast DNS: the
 * engines ask the system for names, and most systems know none of these. A name that nobody answers for goes on as it is.
 */
export function withLocalNames(engine: PeerEngine, resolve: ResolveName = resolveName): PeerEngine {
  return {
    name: engine.name,
    createPeer: (iceServers, handlers) => {
      const peer = engine.createPeer(iceServers, handlers);
      const add = peer.addCandidate.bind(peer);
      let left: number = HOST_LIMITS.localNamesPerPeer;
      const addCandidate = (candidate: Candidate): void => {
        const parts = candidate.candidate.split(' ');
        const name = parts[ADDRESS] ?? '';
        if (!NAME.test(name) || left-- <= 0) return add(candidate);
        void resolve(name).then((address = name) =>
          add({ ...candidate, candidate: parts.with(ADDRESS, address).join(' ') }),
        );
      };
      return Object.assign(peer, { addCandidate });
    },
  };
}

/** Asks on the network of the default route. */
export async function resolveName(
  name: string,
  find: FindRoute = findRoute,
): Promise<string | undefined> {
  const address = await find();
  if (address === undefined) return undefined;
  const { openMulticast } = await import('../multicast.js');
  const multicast = openMulticast(address);
  const found = deferred<string | undefined>();
  multicast.on('response', ({ answers = [], additionals = [] }) => {
    for (const answer of [...answers, ...additionals]) {
      const isAddress = answer.type === 'A' || answer.type === 'AAAA';
      if (isAddress && answer.name.toLowerCase() === name.toLowerCase()) found.resolve(answer.data);
    }
  });
  const ask = (): void => multicast.query(name, 'A');
  ask();
  // A packet may be lost, and nobody asks again within a second (RFC 6762 section 5.2).
  const again = systemClock.setTimeout(ask, HOST_LIMITS.localNameMs / 2);
  const deadline = systemClock.setTimeout(() => found.resolve(undefined), HOST_LIMITS.localNameMs);
  const result = await found.promise;
  again.cancel();
  deadline.cancel();
  multicast.destroy();
  return result;
}
