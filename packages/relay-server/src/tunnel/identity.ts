import {
  NoSmallFile,
  proveRegistration,
  readSmallFile,
  type RegistrationProof,
  type SmallFile,
} from '@wingman/node-kit';
import { createLinkKey, sessionNameFor, WingmanError } from '@wingman/protocol';
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomUUID,
  type KeyObject,
} from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { HOST_LIMITS } from '../limits.js';

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

const OWNER_ONLY = 0o600;
const OWNER_ONLY_DIRECTORY = 0o700;
/** Every right of the group and of all others. */
const OTHERS = 0o077;

const Stored = z.object({
  privateKey: z.base64().min(1),
  // 16 bytes.
  linkKey: z.base64().length(24),
});

/** The kept identity of a named session; made and kept now if there is none. Fails when the file is damaged, with KEY_UNSAFE when it is not its owner's alone. */
export async function namedIdentity(configDirectory: string, name: string): Promise<HostIdentity> {
  const directory = join(configDirectory, 'wingman', 'sessions');
  const path = join(directory, `${name}.json`);
  const stored = readIfThere(path);
  if (stored !== undefined) return HostIdentity.restore(parse(stored, path), name);
  const identity = await HostIdentity.create(name);
  await mkdir(directory, { recursive: true, mode: OWNER_ONLY_DIRECTORY });
  await writeAtomically(path, JSON.stringify(identity.secrets()));
  return identity;
}

/** Looks at the open file, not at the path: nobody can exchange it in between. */
function readIfThere(path: string): string | undefined {
  const file = keyFile(path);
  if (file === undefined) return undefined;
  demandPrivacy(path, file.stats);
  return file.text;
}

function keyFile(path: string): SmallFile | undefined {
  try {
    return readSmallFile(path, HOST_LIMITS.keyFileBytes);
  } catch (error) {
    if (!(error instanceof NoSmallFile)) throw error;
    throw new WingmanError('KEY_UNSAFE', `${error.message}. Delete it to get a new URL`);
  }
}

/** Whoever can read the keys can take the session over, and whoever can write them can put in their own. */
function demandPrivacy(path: string, { mode, uid }: { mode: number; uid: number }): void {
  const own = process.getuid?.();
  // Windows has neither owners in numbers nor these bits.
  if (own === undefined) return;
  if (uid !== own) {
    throw new WingmanError(
      'KEY_UNSAFE',
      `${path} belongs to another user, who knows or can change the keys of this name. Delete it to get a new URL for this name`,
    );
  }
  if ((mode & OTHERS) === 0) return;
  throw new WingmanError(
    'KEY_UNSAFE',
    `${path} holds the keys of this name, and others on this machine can get at it. If nobody has: chmod 600 ${path}; else delete it to get a new URL`,
  );
}

function parse(text: string, path: string): HostSecrets {
  try {
    return Stored.parse(JSON.parse(text));
  } catch (cause) {
    // The file is not overwritten: what is left of it may still hold the keys of the reviewers' URL.
    throw new Error(`${path} is damaged; delete it to get a new URL for this name`, { cause });
  }
}

async function writeAtomically(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  try {
    await writeFile(temporary, text, { mode: OWNER_ONLY, flag: 'wx' });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
