import { randomBytes, randomInt, scrypt, timingSafeEqual } from 'node:crypto';
import { WingmanError } from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';

const SALT_BYTES = 16;
const HASH_BYTES = 32;

/**
 * A passphrase, of which the host keeps a memory-hard hash only. One guess is checked at a time, so that
 * many of them don't cost the host its memory.
 */
export class Passphrase {
  readonly #salt = randomBytes(SALT_BYTES);
  readonly #hash: Promise<Buffer>;
  /** Settles when the checks in line are made. */
  #turn: Promise<unknown>;
  #inLine = 0;

  constructor(text: string) {
    this.#hash = this.#hashOf(text);
    this.#turn = this.#hash;
  }

  /** Whether this is it. Fails with LIMIT_EXCEEDED when HOST_LIMITS.passphraseQueue guesses are in line. */
  async matches(guess: string): Promise<boolean> {
    if (this.#inLine >= HOST_LIMITS.passphraseQueue) {
      throw new WingmanError('LIMIT_EXCEEDED', 'too many passphrases are being checked');
    }
    this.#inLine++;
    const hash = this.#turn.then(() => this.#hashOf(guess));
    this.#turn = hash.catch(() => undefined);
    try {
      return timingSafeEqual(await hash, await this.#hash);
    } finally {
      this.#inLine--;
    }
  }

  #hashOf(text: string): Promise<Buffer> {
    // Keyboards write one and the same letter in several ways (RFC 8265 section 4.2).
    const bytes = Buffer.from(text.trim().normalize('NFC'));
    return new Promise((resolve, reject) => {
      scrypt(bytes, this.#salt, HASH_BYTES, HOST_LIMITS.passphraseCost, (error, hash) => {
        if (error === null) resolve(hash);
        else reject(error);
      });
    });
  }
}

/** 32 characters that nobody takes for each other, so 5 bits each. */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789';
const GROUPS = 3;
const GROUP_CHARS = 4;

/** A new passphrase of 60 random bits, such as `k7pd-x2mq-a9ts`. */
export function createPassphrase(): string {
  const character = (): string => ALPHABET.charAt(randomInt(ALPHABET.length));
  const group = (): string => Array.from({ length: GROUP_CHARS }, character).join('');
  return Array.from({ length: GROUPS }, group).join('-');
}
