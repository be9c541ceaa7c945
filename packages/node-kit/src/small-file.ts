import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { systemCode } from './system-error.js';

/** What a small file is: its text, and what the system says of the very file that was read. */
export interface SmallFile {
  readonly text: string;
  readonly stats: Stats;
}

/** A path leads to something else than a regular file of the size that was expected. */
export class NoSmallFile extends Error {
  override readonly name = 'NoSmallFile';
  constructor(
    path: string,
    readonly stats: Stats,
  ) {
    super(`${path} is no regular file, or far too large`);
  }
}

/**
 * Reads a file of at most so many bytes; undefined when there is none. It neither waits, as opening a FIFO does, nor
 * reads without end, as from a device. Throws NoSmallFile for these.
 */
export function readSmallFile(path: string, maxBytes: number): SmallFile | undefined {
  const descriptor = openIfThere(path);
  if (descriptor === undefined) return undefined;
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile() || stats.size > maxBytes) throw new NoSmallFile(path, stats);
    const bytes = Buffer.alloc(maxBytes);
    return { text: bytes.toString('utf8', 0, readSync(descriptor, bytes)), stats };
  } finally {
    closeSync(descriptor);
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
