import { proveToken, tokenKey } from '@wingman/node-kit';
import { CAPABILITIES, PROTOCOL_VERSION, type HostMessage, type SentCase } from '@wingman/protocol';
import { randomBytes } from 'node:crypto';
import type { HostKeys } from './admission.js';
import type { HostOptions } from './host-types.js';
import type { Lease } from './lease.js';

type RegistrationOptions = Pick<
  HostOptions,
  'identity' | 'ingress' | 'sharedBy' | 'token' | 'takeOver'
>;

/** What one run of a host says about itself whenever it registers. */
export class Registrations {
  readonly #options: RegistrationOptions;
  readonly #keys: HostKeys;
  readonly #lease: Lease;
  readonly #instance = randomBytes(16);

  constructor(options: RegistrationOptions, keys: HostKeys, lease: Lease) {
    this.#options = options;
    this.#keys = keys;
    this.#lease = lease;
  }

  /** A registration for the connection that the nonce belongs to. */
  create(nonce: Uint8Array): SentCase<HostMessage> {
    const { identity, ingress, sharedBy = '', takeOver = false, token } = this.#options;
    return {
      $case: 'registerHost',
      value: {
        ...identity.proveRegistration(nonce),
        ttlSeconds: Math.max(1, Math.round(this.#lease.remainingMs / 1000)),
        prekey: this.#keys.prekeys.current,
        gateKey: this.#keys.admission.gateKey,
        ingressAllowed: ingress !== 'off',
        protocolVersion: PROTOCOL_VERSION,
        capabilities: [...CAPABILITIES],
        sharedBy,
        instance: this.#instance,
        // Once: a host that comes back and finds another in its place has been replaced itself.
        takeOver: takeOver && !this.#lease.isGranted,
        ...(token === undefined
          ? {}
          : { tokenProof: proveToken(tokenKey(token), identity.session, nonce) }),
      },
    };
  }
}
