import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ConnectionRequest, Offer } from '@wingman/protocol';
import {
  deriveAdmissionKey,
  deriveGateKey,
  isLinkId,
  offerPayload,
  PrekeyRing,
  requestPayload,
} from '@wingman/protocol';
import { IngressKey } from '../exchange/ingress-key.js';
import { HOST_LIMITS } from '../limits.js';
import type { HostIdentity } from './identity.js';

const NONCE_BYTES = 16;

/** Tells who has the link key, before anything is done for them (SPEC section 4.5). */
export class Admission {
  readonly #key: Uint8Array;
  /** By link, the oldest first: the nonce that its next offer has to be made with. */
  readonly #nonces = new Map<string, Uint8Array>();

  private constructor(
    /** What the tunnel server checks passes with. */
    readonly gateKey: Uint8Array,
    key: Uint8Array,
  ) {
    this.#key = key;
  }

  static async create(linkKey: Uint8Array): Promise<Admission> {
    const [gateKey, key] = await Promise.all([deriveGateKey(linkKey), deriveAdmissionKey(linkKey)]);
    return new Admission(gateKey, key);
  }

  /** Whether a connection request comes from a holder of the link key. */
  admitsRequest({ linkId, proof }: ConnectionRequest): boolean {
    return isLinkId(linkId) && this.#proves(requestPayload(linkId), proof);
  }

  /**
   * The nonce for a link's next offer: 16 bytes, good once. Two requests in a row get the same one,
   * because the viewer may answer the accept of either.
   */
  nonceFor(linkId: string): Uint8Array {
    const nonce = this.#nonces.get(linkId) ?? randomBytes(NONCE_BYTES);
    this.#nonces.set(linkId, nonce);
    const [oldest] = this.#nonces.keys();
    if (this.#nonces.size > HOST_LIMITS.awaitedOffers && oldest !== undefined) {
      this.#nonces.delete(oldest);
    }
    return nonce;
  }

  /** Whether an offer was made by a holder of the link key, for this host, and comes for the first time. */
  admitsOffer(offer: Offer): boolean {
    const nonce = this.#nonces.get(offer.linkId);
    if (nonce === undefined || !this.#proves(offerPayload(offer, nonce), offer.proof)) return false;
    return this.#nonces.delete(offer.linkId);
  }

  #proves(payload: Uint8Array, proof: Uint8Array): boolean {
    const expected = createHmac('sha256', this.#key).update(payload).digest();
    return proof.byteLength === expected.byteLength && timingSafeEqual(proof, expected);
  }
}

/** What a host makes before it registers. */
export interface HostKeys {
  readonly prekeys: PrekeyRing;
  readonly admission: Admission;
  readonly ingressKey: IngressKey;
}

export async function createHostKeys({ linkKey, session }: HostIdentity): Promise<HostKeys> {
  const [prekeys, admission, ingressKey] = await Promise.all([
    PrekeyRing.create(),
    Admission.create(linkKey),
    IngressKey.create(linkKey, session),
  ]);
  return { prekeys, admission, ingressKey };
}
