import { describe, expect, test } from '@jest/globals';
import { sessionNameFor, toWingmanError } from '@wingman/protocol';
import {
  createHash,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
} from 'node:crypto';
import {
  isTokenProof,
  proveRegistration,
  proveToken,
  tokenKey,
  verifyRegistrationProof,
  type RegistrationProof,
} from '../src/registration-proof.js';

const nonce = randomBytes(32);

/** A host's proof for its own session, with these parts changed. */
async function proof(changes: Partial<RegistrationProof> = {}): Promise<RegistrationProof> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  const session = await sessionNameFor(publicKey, 'my-app');
  return { ...proveRegistration(privateKey, session, nonce), ...changes };
}

function failure(given: RegistrationProof, at: Uint8Array = nonce): string {
  try {
    verifyRegistrationProof(given, at);
    return 'verified';
  } catch (error) {
    return toWingmanError(error, 'INTERNAL').code;
  }
}

describe('a proof of registration', () => {
  test('verifies', async () => {
    expect(failure(await proof())).toBe('verified');
  });

  test('is worth nothing on another connection', async () => {
    expect(failure(await proof(), randomBytes(32))).toBe('REFUSED');
  });

  test('is worth nothing for the session of another key', async () => {
    const { session } = await proof();
    expect(failure(await proof({ session }))).toBe('REFUSED');
  });

  test('is worth nothing under another label', async () => {
    const { session, ...rest } = await proof();
    const other = session.replace('my-app', 'my-bank');
    expect(failure({ ...rest, session: other })).toBe('REFUSED');
  });

  test('by another key is refused', async () => {
    const { signature } = await proof();
    expect(failure(await proof({ signature }))).toBe('REFUSED');
  });

  test.each([0, 63, 65])('with a signature of %d bytes is refused', async (length) => {
    expect(failure(await proof({ signature: new Uint8Array(length) }))).toBe('REFUSED');
  });

  test.each([
    ['nothing', Buffer.of()],
    ['zeros', Buffer.alloc(44)],
    ['too much', Buffer.alloc(4096)],
    ['a key of another kind', rsaKey()],
    ['a key of another curve of that size', x25519Key()],
  ])('with %s for a key fails with PROTOCOL_ERROR', async (_what, publicKey) => {
    expect(failure(await proof({ publicKey }))).toBe('PROTOCOL_ERROR');
  });

  test('survives a name that is none', async () => {
    expect(failure(await proof({ session: '' }))).toBe('REFUSED');
  });
});

describe('a proof of a token', () => {
  const TOKEN = tokenKey('the token');

  test('is the MAC that SPEC section 2 describes', () => {
    const key = createHash('sha256').update('the token').digest();
    const text = Buffer.concat([Buffer.from('wingman-host-token-v1\0my-app\0'), nonce]);
    const expected = createHmac('sha256', key).update(text).digest();
    expect(proveToken(TOKEN, 'my-app', nonce)).toEqual(expected);
  });

  test('is one by any of the keys, wherever it stands', () => {
    const proof = proveToken(TOKEN, 'a', nonce);
    const other = tokenKey('another');
    expect(isTokenProof([TOKEN, other], 'a', nonce, proof)).toBe(true);
    expect(isTokenProof([other, TOKEN], 'a', nonce, proof)).toBe(true);
    expect(isTokenProof([other], 'a', nonce, proof)).toBe(false);
    expect(isTokenProof([], 'a', nonce, proof)).toBe(false);
  });

  test('is none when it is shorter or longer', () => {
    const proof = proveToken(TOKEN, 'a', nonce);
    expect(isTokenProof([TOKEN], 'a', nonce, proof.subarray(0, 31))).toBe(false);
    expect(isTokenProof([TOKEN], 'a', nonce, Buffer.concat([proof, Buffer.alloc(1)]))).toBe(false);
  });
});

function rsaKey(): Buffer {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  return publicKey.export({ format: 'der', type: 'spki' });
}

function x25519Key(): Buffer {
  return generateKeyPairSync('x25519').publicKey.export({ format: 'der', type: 'spki' });
}
