import { isPrivateIpv4 } from './nat-kind.js';

/**
 * Why no direct path came up, as far as candidates tell. no-answer: the host has not answered the offer.
 * no-candidates: one end has no address to offer. viewer-udp, host-udp: STUN was not answered at that end. udp: STUN was
 * answered at neither end. nat: both ends know their outer addresses, but nothing got through. dtls: packets pass, but
 * the channel did not open. lan: no STUN server is known, and the ends are not on one network. turn: an end has an address at
 * a TURN server, and nothing came by it.
 */
export type PathFault =
  | 'no-answer'
  | 'no-candidates'
  | 'viewer-udp'
  | 'host-udp'
  | 'udp'
  | 'nat'
  | 'dtls'
  | 'lan'
  | 'turn';

/** What was seen of an attempt at a direct path. Candidates are the lines of RFC 8839 section 5.1. */
export interface PathSights {
  readonly viewer: readonly string[];
  readonly host: readonly string[];
  readonly isAnswered: boolean;
  /** Whether ICE has found a pair of addresses between which packets pass. */
  readonly isConnected: boolean;
  readonly hasStun: boolean;
}

/** Finds out why an attempt has failed. */
export function pathFault({ viewer, host, ...sights }: PathSights): PathFault {
  // One engine sees packets pass by a TURN server over TCP whose answers the other end never gets.
  if (sights.isAnswered && [...viewer, ...host].some(isTurned)) return 'turn';
  if (sights.isConnected) return 'dtls';
  if (!sights.isAnswered) return 'no-answer';
  if (viewer.length === 0 || host.length === 0) return 'no-candidates';
  if (!sights.hasStun) return 'lan';
  const isViewerOut = viewer.some(isOuter);
  const isHostOut = host.some(isOuter);
  if (isViewerOut && isHostOut) return 'nat';
  if (!isViewerOut && !isHostOut) return 'udp';
  return isViewerOut ? 'host-udp' : 'viewer-udp';
}

function isTurned(candidate: string): boolean {
  return / typ relay( |$)/.test(candidate);
}

/**
 * Whether a candidate is an address that others on the internet can send to. A machine with a public address of its own
 * offers that address as a host candidate, and STUN adds no other.
 */
function isOuter(candidate: string): boolean {
  if (/ typ (srflx|prflx)( |$)/.test(candidate)) return true;
  const [, , , , address = ''] = candidate.split(' ');
  return /^\d+(\.\d+){3}$/.test(address) && !isPrivateIpv4(address);
}

/** What a person reads about each fault: what was seen, and what would help. */
export const PATH_FAULT_WORDS: Readonly<Record<PathFault, string>> = {
  'no-answer': 'The developer’s machine has not answered the offer of a direct path.',
  'no-candidates': 'One end has no address to offer: WebRTC may be switched off or filtered there.',
  'viewer-udp':
    'The reviewer’s network lets no UDP out (STUN was not answered there). Another network, or a TURN server over TCP, would help.',
  'host-udp':
    'The developer’s network lets no UDP out (STUN was not answered there). Another network, or a TURN server, would help.',
  udp: 'STUN was answered at neither end: no UDP gets out, or the STUN server is down. A TURN server over TCP would help.',
  nat: 'UDP gets out at both ends and in at neither: one router gives out another port for each destination (a symmetric NAT). A TURN server, or another network at either end, would help.',
  dtls: 'Packets pass, but the encrypted channel did not open: something between the ends changes or drops large packets.',
  turn: 'The two networks let no direct path through, and the way by the TURN server has not come up. Over TCP or TLS it takes a second attempt, with another WebRTC library at the developer’s machine.',
  lan: 'The ends are not on one network, and no STUN server is known that tells their outer addresses.',
};
