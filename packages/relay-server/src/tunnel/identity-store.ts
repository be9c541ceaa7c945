import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '@wingman/node-kit';
import { z } from 'zod';
import { HostIdentity, type HostSecrets } from './identity.js';

const OWNER_ONLY = 0o600;
const OWNER_ONLY_DIRECTORY = 0o700;

const Stored = z.object({
  privateKey: z.base64().min(1),
  // 16 bytes.
  linkKey: z.base64().length(24),
});

/** The kept identity of a named session; made and kept now if there is none. Fails when the file is damaged. */
export async function namedIdentity(configDirectory: string, name: string): Promise<HostIdentity> {
  const directory = join(configDirectory, 'wingman', 'sessions');
  const path = join(directory, `${name}.json`);
  const stored = await readIfThere(path);
  if (stored !== undefined) return HostIdentity.restore(parse(stored, path), name);
  const identity = await HostIdentity.create(name);
  await mkdir(directory, { recursive: true, mode: OWNER_ONLY_DIRECTORY });
  await writeAtomically(path, JSON.stringify(identity.secrets()));
  return identity;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parse(text: string, path: string): HostSecrets {
  try {
    return Stored.parse(JSON.parse(text));
  } catch (cause) {
    // Not overwritten: the reviewers' URL may hang on what is left of it.
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
