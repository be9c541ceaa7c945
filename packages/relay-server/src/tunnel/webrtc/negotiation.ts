import { fingerprintOf, WingmanError, type Binding } from '@wingman/protocol';
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

/** What both sides of a peer connection must agree on; whoever made the offer initiates the link handshake. Fails with HANDSHAKE_FAILED. */
export function bindingOf(offer: string | undefined, answer: string | undefined): Binding {
  const [initiator, responder] = [fingerprintOf(offer ?? ''), fingerprintOf(answer ?? '')];
  if (initiator === undefined || responder === undefined) {
    throw new WingmanError('HANDSHAKE_FAILED', 'a description has not one fingerprint');
  }
  return { initiator, responder };
}
