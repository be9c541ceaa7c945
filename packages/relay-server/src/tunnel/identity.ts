import { proveRegistration, type RegistrationProof } from '@wingman/node-kit';
import {
  createLinkKey,
  derivePortLinkKey,
  portSessionName,
  sessionNameFor,
} from '@wingman/protocol';
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { join } from 'node:path';
import * as z from 'zod';
import { HOST_LIMITS } from '../limits.js';
import { readPrivateFile, writePrivateFile } from '../private-file.js';

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

  /** The identity of the session that shows another port: the same key certifies its name, and its link opens no other. */
  async forPort(port: number): Promise<HostIdentity> {
    const linkKey = await derivePortLinkKey(this.linkKey, port);
    return new HostIdentity(portSessionName(this.session, port), linkKey, this.#privateKey);
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

const KEYS = {
  holds: 'the keys of this name',
  deleting: 'to get a new URL for this name',
};

const Stored = z.object({
  privateKey: z.base64().min(1),
  // 16 bytes.
  linkKey: z.base64().length(24),
});

/** Where a user's files about a name are: its keys, or what has been said of its visitors. */
export function nameFile(configDirectory: string, name: string, kind?: 'visitors'): string {
  const file = kind === undefined ? `${name}.json` : `${name}.${kind}.json`;
  return join(configDirectory, 'wingman', 'sessions', file);
}

/** The kept identity of a named session; made and kept now if there is none. Fails when the file is damaged, with KEY_UNSAFE when it is not its owner's alone. */
export async function namedIdentity(configDirectory: string, name: string): Promise<HostIdentity> {
  const path = nameFile(configDirectory, name);
  const stored = readPrivateFile(path, HOST_LIMITS.keyFileBytes, KEYS);
  if (stored !== undefined) return HostIdentity.restore(parse(stored, path), name);
  const identity = await HostIdentity.create(name);
  writePrivateFile(path, JSON.stringify(identity.secrets()));
  return identity;
}

function parse(text: string, path: string): HostSecrets {
  try {
    return Stored.parse(JSON.parse(text));
  } catch (cause) {
    // The file is not overwritten: what is left of it may still hold the keys of the reviewers' URL.
    throw new Error(`${path} is damaged; delete it to get a new URL for this name`, { cause });
  }
}
