import { BoundedMap, systemClock, type Clock } from '@wingman/protocol';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { HOST_LIMITS } from '../limits.js';

/** A user name without a colon, and a password (RFC 7617 section 2). */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** What became of a request that shows credentials: `limited` has guessed too often, and its guess was not looked at. */
export type Verdict = 'admitted' | 'wrong' | 'limited';

/** The wrong guesses of one client address since a moment. */
interface Guesses {
  readonly since: number;
  readonly count: number;
}

/**
 * Lets in who shows a user name and a password (RFC 7617). Guessing is limited by address and in total. The total
 * does not count for an address that has once shown the right ones: nobody can lock it out from elsewhere.
 */
export class BasicAuth {
  readonly #key = randomBytes(32);
  readonly #expected: Buffer;
  readonly #byAddress = new BoundedMap<string, Guesses>(HOST_LIMITS.guessingAddresses);
  readonly #known = new BoundedMap<string, true>(HOST_LIMITS.guessingAddresses);
  #all: Guesses | undefined;

  constructor(
    { user, password }: Credentials,
    private readonly clock: Clock = systemClock,
  ) {
    this.#expected = this.#digest(Buffer.from(`${user}:${password}`));
  }

  /** Judges an Authorization field of the Basic scheme that has come from an address. */
  judge(authorization: string, address: string): Verdict {
    if (this.#isLimited(address)) return 'limited';
    const [, encoded = ''] = authorization.split(' ');
    const isRight = timingSafeEqual(this.#digest(Buffer.from(encoded, 'base64')), this.#expected);
    if (isRight) this.#known.set(address, true);
    else this.#count(address);
    return isRight ? 'admitted' : 'wrong';
  }

  #isLimited(address: string): boolean {
    const { guessesPerAddress, guessesInAll } = HOST_LIMITS;
    const mine = this.#fresh(this.#byAddress.get(address));
    if (mine.count >= guessesPerAddress) return true;
    return this.#known.get(address) !== true && this.#fresh(this.#all).count >= guessesInAll;
  }

  #count(address: string): void {
    const mine = this.#fresh(this.#byAddress.get(address));
    const all = this.#fresh(this.#all);
    this.#byAddress.set(address, { ...mine, count: mine.count + 1 });
    this.#all = { ...all, count: all.count + 1 };
  }

  /** The guesses of the present window. */
  #fresh(guesses: Guesses | undefined): Guesses {
    const now = this.clock.now();
    const isOver = guesses === undefined || now - guesses.since >= HOST_LIMITS.guessWindowMs;
    return isOver ? { since: now, count: 0 } : guesses;
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
