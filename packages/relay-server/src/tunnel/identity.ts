import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { proveRegistration, type RegistrationProof } from '@wingman/node-kit';
import { createLinkKey, sessionNameFor } from '@wingman/protocol';

/** Who this host is: the key its session name certifies, and the key viewers get in the URL. */
export class HostIdentity {
  readonly #privateKey: KeyObject;

  private constructor(
    /** The session's name: a hash of the public key, after the label if there is one. */
    readonly session: string,
    /** 16 bytes, never sent anywhere: it travels in the URL's fragment. */
    readonly linkKey: Uint8Array,
    privateKey: KeyObject,
  ) {
    this.#privateKey = privateKey;
  }

  /** A new identity; its session has never existed before. */
  static create(label?: string): Promise<HostIdentity> {
    const { privateKey } = generateKeyPairSync('ed25519');
    return HostIdentity.#from(privateKey, createLinkKey(), label);
  }

  /** The identity that `secrets()` came from. */
  static restore(secrets: HostSecrets, label?: string): Promise<HostIdentity> {
    const privateKey = createPrivateKey({
      key: Buffer.from(secrets.privateKey, 'base64'),
      format: 'der',
      type: 'pkcs8',
    });
    return HostIdentity.#from(privateKey, Buffer.from(secrets.linkKey, 'base64'), label);
  }

  static async #from(
    privateKey: KeyObject,
    linkKey: Uint8Array,
    label: string | undefined,
  ): Promise<HostIdentity> {
    const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
    const session = await sessionNameFor(publicKey, label);
    return new HostIdentity(session, linkKey, privateKey);
  }

  /** Proves the name to the tunnel server, for the connection its challenge came on. */
  proveRegistration(nonce: Uint8Array): RegistrationProof {
    return proveRegistration(this.#privateKey, this.session, nonce);
  }

  /** What to keep so that the session's URL stays the same. */
  secrets(): HostSecrets {
    const privateKey = this.#privateKey.export({ format: 'der', type: 'pkcs8' });
    return {
      privateKey: privateKey.toString('base64'),
      linkKey: Buffer.from(this.linkKey).toString('base64'),
    };
  }
}

/** Both keys in base64: PKCS #8 DER and 16 raw bytes. */
export interface HostSecrets {
  readonly privateKey: string;
  readonly linkKey: string;
}
