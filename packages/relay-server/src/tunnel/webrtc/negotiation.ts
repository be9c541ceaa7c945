import { WingmanError, type Binding } from '@wingman/protocol';
import { HOST_LIMITS } from '../../limits.js';
import type { Candidate } from './engine.js';

/** Keeps the other side's candidates until its description is known: engines refuse them before. */
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

/** The DTLS certificate fingerprint of a description, as `sha-256 AB:CD…` (RFC 8122 section 5). Fails with HANDSHAKE_FAILED. */
export function fingerprintOf(sdp: string | undefined): string {
  const match = /^a=fingerprint:(\S+) ([0-9A-Fa-f:]+)\s*$/m.exec(sdp ?? '');
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new WingmanError('HANDSHAKE_FAILED', 'the session description has no fingerprint');
  }
  return `${match[1].toLowerCase()} ${match[2].toUpperCase()}`;
}

/** What both sides of a peer connection must agree on; whoever made the offer initiates the link handshake. */
export function bindingOf(offer: string | undefined, answer: string | undefined): Binding {
  return { initiator: fingerprintOf(offer), responder: fingerprintOf(answer) };
}
