import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { verifyRegistrationProof } from '@wingman/node-kit';
import { derivePortLinkKey } from '@wingman/protocol';
import { HostIdentity, namedIdentity } from '../src/tunnel/identity.js';
import { scratchFolder } from './support/scratch.js';

describe('an identity', () => {
  test('its name carries the hash of its key, and its signature proves the key', async () => {
    const identity = await HostIdentity.create('my-app');
    const nonce = new Uint8Array(32).fill(7);
    const proof = identity.proveRegistration(nonce);
    expect(proof.session).toBe(identity.session);
    expect(() => verifyRegistrationProof(proof, nonce)).not.toThrow();
  });

  test('for another port it proves that port’s name with the same key, and has a link key of its own', async () => {
    const main = await HostIdentity.create('shop');
    const other = await main.forPort(8080);
    expect(other.session).toBe(`${main.session}-8080`);
    const nonce = new Uint8Array(32).fill(7);
    expect(() => verifyRegistrationProof(other.proveRegistration(nonce), nonce)).not.toThrow();
    expect(other.linkKey).toEqual(await derivePortLinkKey(main.linkKey, 8080));
    expect(other.linkKey).not.toEqual(main.linkKey);
  });

  test('is new each time', async () => {
    const [one, two] = await Promise.all([HostIdentity.create(), HostIdentity.create()]);
    expect(one.session).not.toBe(two.session);
    expect(one.linkKey).not.toEqual(two.linkKey);
    expect(one.linkKey).toHaveLength(16);
  });
});

describe('a named identity', () => {
  test('is the same in the next run, and readable by its owner only', async () => {
    const directory = scratchFolder();
    const first = await namedIdentity(directory, 'my-app');
    const second = await namedIdentity(directory, 'my-app');
    expect(second.session).toBe(first.session);
    expect(second.session).toMatch(/^my-app-[a-z2-7]{16}$/);
    expect(Buffer.from(second.linkKey)).toEqual(Buffer.from(first.linkKey));
    const folder = join(directory, 'wingman', 'sessions');
    expect(readdirSync(folder)).toEqual(['my-app.json']);
    expect(statSync(join(folder, 'my-app.json')).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  test.each([0o640, 0o604, 0o620, 0o666])(
    'a file with the rights %o is not used, and the way out is said',
    async (mode) => {
      const directory = scratchFolder();
      await namedIdentity(directory, 'a');
      const path = join(directory, 'wingman', 'sessions', 'a.json');
      chmodSync(path, mode);
      await expect(namedIdentity(directory, 'a')).rejects.toMatchObject({
        code: 'KEY_UNSAFE',
        message: expect.stringContaining(`chmod 600 ${path}`),
      });
      chmodSync(path, 0o600);
      await expect(namedIdentity(directory, 'a')).resolves.toBeDefined();
    },
  );

  test('a file of another user is not used', async () => {
    const directory = scratchFolder();
    await namedIdentity(directory, 'a');
    const owner = jest.spyOn(process, 'getuid').mockReturnValue(statSync(directory).uid + 1);
    const refused = expect(namedIdentity(directory, 'a')).rejects.toMatchObject({
      code: 'KEY_UNSAFE',
      message: expect.stringContaining('belongs to another user'),
    });
    await refused.finally(() => owner.mockRestore());
  });

  test.each<[string, (path: string) => void]>([
    [
      'a FIFO in place of the keys does not hold the start up',
      (path) => void execFileSync('mkfifo', ['-m', '600', path]),
    ],
    ['a link to a device without an end is not read', (path) => symlinkSync('/dev/zero', path)],
    [
      'a huge file in place of the keys is not read',
      (path) => writeFileSync(path, 'x'.repeat(1_000_000), { mode: 0o600 }),
    ],
  ])('%s', async (_name, make) => {
    const directory = scratchFolder();
    const folder = join(directory, 'wingman', 'sessions');
    mkdirSync(folder, { recursive: true });
    make(join(folder, 'a.json'));
    await expect(namedIdentity(directory, 'a')).rejects.toMatchObject({ code: 'KEY_UNSAFE' });
  });

  test('another name is another session', async () => {
    const directory = scratchFolder();
    const one = await namedIdentity(directory, 'one');
    expect((await namedIdentity(directory, 'two')).session).not.toBe(one.session);
  });

  test.each(['', 'null', '{"privateKey":"x"}', '{"privateKey":"AAAA","linkKey":"AAAA"}'])(
    'a damaged file (%j) is said to be one, and kept',
    async (text) => {
      const directory = scratchFolder();
      await namedIdentity(directory, 'a');
      const path = join(directory, 'wingman', 'sessions', 'a.json');
      writeFileSync(path, text);
      await expect(namedIdentity(directory, 'a')).rejects.toThrow(`${path} is damaged`);
      expect(readFileSync(path, 'utf8')).toBe(text);
    },
  );
});
