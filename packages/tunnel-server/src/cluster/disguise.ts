import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** What nodes write into Redis and nobody else is to read; the key is made from the secret that the nodes share. */
export class Disguise {
  readonly #sealKey: Uint8Array;
  readonly #nameKey: Uint8Array;

  constructor(secret: string) {
    this.#sealKey = keyFor(secret, 'wingman-announcement-v1');
    this.#nameKey = keyFor(secret, 'wingman-network-v1');
  }

  /** Always the same 128 bits for a text, as base64url. An address alone could be tried out; without the secret none can. */
  nameOf(text: string): string {
    const mac = createHmac('sha256', this.#nameKey).update(text).digest();
    return mac.subarray(0, 16).toString('base64url');
  }

  /** Encrypts a text (AES-256-GCM); `place` is where it stands, and it is worth nothing elsewhere. */
  seal(text: string, place: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#sealKey, nonce).setAAD(Buffer.from(place));
    const sealed = [nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()];
    return Buffer.concat(sealed).toString('base64url');
  }

  /** The text that was sealed for this place; undefined when it was not, or with another secret. */
  unseal(sealed: string, place: string): string | undefined {
    const bytes = Buffer.from(sealed, 'base64url');
    if (bytes.byteLength < NONCE_BYTES + TAG_BYTES) return undefined;
    const nonce = bytes.subarray(0, NONCE_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', this.#sealKey, nonce);
    decipher.setAAD(Buffer.from(place)).setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
      return Buffer.concat([text, decipher.final()]).toString('utf8');
    } catch {
      return undefined;
    }
  }
}

function keyFor(secret: string, use: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', use, 32));
}
