import { encodeMessage } from '../exchange/proto-message.js';
import { ResponderHello } from '../gen/wingman/v1/handshake.js';
import { LIMITS } from '../limits.js';
import { toHex } from '../wire/bytes.js';
import { createKeyPair, sha256 } from './key-schedule.js';
import { HANDSHAKE_VERSION } from './transcript.js';

/** A responder's half of handshakes: its key pair, and its hello in serialized form. */
export class ResponderKey {
  readonly #nonces = new Set<string>();

  private constructor(
    readonly pair: CryptoKeyPair,
    /** A serialized ResponderHello. */
    readonly hello: Uint8Array,
    readonly helloHash: string,
  ) {}

  static async create(): Promise<ResponderKey> {
    const { pair, publicKey } = await createKeyPair();
    const nonce = crypto.getRandomValues(new Uint8Array(32));
    const fields = { version: HANDSHAKE_VERSION, publicKey, nonce };
    const hello = encodeMessage(ResponderHello, fields);
    return new ResponderKey(pair, hello, toHex(await sha256(hello)));
  }

  /** Takes an initiator nonce. False when the nonce was taken before, as in a first flight that is played again. */
  claim(nonce: Uint8Array): boolean {
    const text = toHex(nonce);
    if (this.#nonces.has(text) || this.#nonces.size >= LIMITS.maxPrekeyNonces) return false;
    this.#nonces.add(text);
    return true;
  }
}

/** The keys that a host publishes so that a viewer can speak first: the current one and the one before. */
export class PrekeyRing {
  #previous: ResponderKey | undefined;

  private constructor(private newest: ResponderKey) {}

  static async create(): Promise<PrekeyRing> {
    return new PrekeyRing(await ResponderKey.create());
  }

  /** The serialized ResponderHello to publish. */
  get current(): Uint8Array {
    return this.newest.hello;
  }

  /** Makes a new key and returns the hello to publish. The key before stays valid until the next rotation. */
  async rotate(): Promise<Uint8Array> {
    const next = await ResponderKey.create();
    this.#previous = this.newest;
    this.newest = next;
    return next.hello;
  }

  /** The key whose hello has this SHA-256, given in hex. */
  find(helloHash: string): ResponderKey | undefined {
    return [this.newest, this.#previous].find((key) => key?.helloHash === helloHash);
  }
}
