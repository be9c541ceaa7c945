import { createCipheriv, createHash } from 'node:crypto';

/** So many bytes that look random, and that only the seed decides. */
export function bytesOf(seed, length) {
  const key = createHash('sha256').update(seed).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}
