import { isIP, isIPv4 } from 'node:net';
import { isLoopbackHost, parseIceUrl } from '@wingman/node-kit';
import { fingerprintOf, WingmanError, type Binding } from '@wingman/protocol';
import { HOST_LIMITS } from '../../limits.js';
import { listAddresses } from '../address-watch.js';
import type { Candidate, IceServerAddress } from './engine.js';

/** Keeps candidates until the other side's description is known: engines refuse them before. */
export class PendingCandidates {
  #waiting: Candidate[] | undefined = [];
  #taken = 0;
  readonly #add: (candidate: Candidate) => void;

  constructor(add: (candidate: Candidate) => void) {
    this.#add = add;
  }

  /** Adds now or later; candidates above the cap, and the empty end-of-candidates mark, are dropped. */
  push(candidate: Candidate): void {
    if (candidate.candidate === '' || this.#taken >= HOST_LIMITS.candidatesPerAttempt) return;
    this.#taken++;
    if (this.#waiting !== undefined) this.#waiting.push(candidate);
    else this.#add(candidate);
  }

  /** The description is known. */
  release(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const candidate of waiting) this.#add(candidate);
  }
}

/** What both sides of a peer connection must agree on; whoever made the offer initiates the link handshake. Fails with HANDSHAKE_FAILED. */
export function bindingOf(offer: string | undefined, answer: string | undefined): Binding {
  const [initiator, responder] = [fingerprintOf(offer ?? ''), fingerprintOf(answer ?? '')];
  if (initiator === undefined || responder === undefined) {
    throw new WingmanError('HANDSHAKE_FAILED', 'a description has not one fingerprint');
  }
  return { initiator, responder };
}

/**
 * The servers for an engine that asks one STUN server, chosen at random: those that are the most likely to answer. A
 * name leads to an address of the family that this machine has, and an address may not; loopback leads nowhere if any
 * other server is named. Where there is IPv4, that is what is behind a NAT.
 */
export function withLikelyStun(
  servers: readonly IceServerAddress[],
  own: readonly string[] = listAddresses(),
): IceServerAddress[] {
  const hasIpv4 = own.some((address) => isIPv4(address) && !isLoopbackHost(address));
  const rank = (url: string): number => rankOf(url, hasIpv4 ? 4 : 6);
  const best = Math.min(...servers.flatMap(({ urls }) => urls.map(rank)));
  return servers.map((server) => {
    const urls = server.urls.filter((url) => rank(url) === best || rank(url) === Infinity);
    return { ...server, urls };
  });
}

/** How likely a STUN server is to answer, the lower the more; infinity for what is no STUN server. */
function rankOf(url: string, family: 4 | 6): number {
  const { hostname = '', scheme } = parseIceUrl(url) ?? {};
  if (scheme !== 'stun') return Infinity;
  if (isLoopbackHost(hostname)) return 3;
  const found = isIP(hostname.replace(/^\[|\]$/g, ''));
  if (found === 0) return 0;
  return found === family ? 1 : 2;
}
