import { NoSmallFile, readSmallFile, type SmallFile } from '@wingman/node-kit';
import { WingmanError } from '@wingman/protocol';
import { randomUUID } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const OWNER_ONLY = 0o600;
const OWNER_ONLY_DIRECTORY = 0o700;
/** Every right of the group and of all others. */
const OTHERS = 0o077;

/** What a refusal says of a file: what it holds, such as `the keys`, and what deleting it leads to, such as `to …`. */
export interface PrivateFileWords {
  readonly holds: string;
  readonly deleting: string;
}

/**
 * Text of a file that nobody but its owner gets at; undefined when there is none. Fails with KEY_UNSAFE when others can
 * read or change it, and when it is no regular file of at most `maxBytes`.
 */
export function readPrivateFile(
  path: string,
  maxBytes: number,
  words: PrivateFileWords,
): string | undefined {
  const file = smallFile(path, maxBytes, words);
  if (file === undefined) return undefined;
  // The open file is looked at, not the path: nobody can exchange it in between.
  demandPrivacy(path, file.stats, words);
  return file.text;
}

/** Writes such a file, whole or not at all, and the folder around it. */
export function writePrivateFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: OWNER_ONLY_DIRECTORY });
  const temporary = `${path}.${randomUUID()}`;
  try {
    writeFileSync(temporary, text, { mode: OWNER_ONLY, flag: 'wx' });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function smallFile(
  path: string,
  maxBytes: number,
  { deleting }: PrivateFileWords,
): SmallFile | undefined {
  try {
    return readSmallFile(path, maxBytes);
  } catch (error) {
    if (!(error instanceof NoSmallFile)) throw error;
    throw new WingmanError('KEY_UNSAFE', `${error.message}. Delete it ${deleting}`);
  }
}

/** Whoever can read what is kept can pass for somebody, and whoever can write it can put in their own. */
function demandPrivacy(
  path: string,
  { mode, uid }: { mode: number; uid: number },
  { holds, deleting }: PrivateFileWords,
): void {
  const own = process.getuid?.();
  // Windows has neither owners in numbers nor these bits.
  if (own === undefined) return;
  if (uid !== own) {
    throw new WingmanError(
      'KEY_UNSAFE',
      `${path} belongs to another user, who knows or can change ${holds}. Delete it ${deleting}`,
    );
  }
  if ((mode & OTHERS) === 0) return;
  throw new WingmanError(
    'KEY_UNSAFE',
    `${path} holds ${holds}, and others on this machine can get at it. If nobody has: chmod 600 ${path}; else delete it ${deleting}`,
  );
}
