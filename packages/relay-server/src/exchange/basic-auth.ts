import { systemClock, type Clock } from '@wingman/protocol';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { GuessLimit } from '../entry/guess-limit.js';
import { HOST_LIMITS } from '../limits.js';

/** A user name without a colon, and a password (RFC 7617 section 2). */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** What became of a request that shows credentials: `limited` has guessed too often, and its guess was not looked at. */
type Judgement = 'admitted' | 'wrong' | 'limited';

/**
 * Lets in who shows a user name and a password (RFC 7617). Guessing is limited by address and in total. The total
 * does not count for an address that has once shown the right ones: nobody can lock it out from elsewhere.
 */
export class BasicAuth {
  readonly #key = randomBytes(32);
  readonly #expected: Buffer;
  readonly #guesses: GuessLimit;

  constructor({ user, password }: Credentials, clock: Clock = systemClock) {
    this.#guesses = new GuessLimit(HOST_LIMITS.passwordGuesses, clock);
    this.#expected = this.#digest(Buffer.from(`${user}:${password}`));
  }

  /** Judges an Authorization field of the Basic scheme that has come from an address. */
  judge(authorization: string, address: string): Judgement {
    if (this.#guesses.isSpent(address)) return 'limited';
    const [, encoded = ''] = authorization.split(' ');
    const isRight = timingSafeEqual(this.#digest(Buffer.from(encoded, 'base64')), this.#expected);
    if (isRight) this.#guesses.trust(address);
    else this.#guesses.take(address);
    return isRight ? 'admitted' : 'wrong';
  }

  /** A digest has one length whatever was shown, so that a comparison tells nothing of the right one's. */
  #digest(credentials: Buffer): Buffer {
    return createHmac('sha256', this.#key).update(credentials).digest();
  }
}

/** Whether an Authorization field is one of the Basic scheme. */
export function isBasic(authorization: string): boolean {
  return /^basic /i.test(authorization);
}
