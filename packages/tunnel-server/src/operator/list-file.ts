import { ConfigError, messageOf } from '@wingman/node-kit';
import type { Clock, Timer } from '@wingman/protocol';
import { appendFileSync, readFileSync, statSync } from 'node:fs';
import type { Logger } from 'pino';
import { SERVER_LIMITS } from '../limits.js';

export interface ListFileOptions<T> {
  readonly path: string;
  /** Reads the lines; throws ConfigError for one that is not valid. */
  readonly parse: (lines: readonly string[]) => T;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'error'>;
  /** The file has another content now. */
  readonly changed?: (value: T) => void;
}

/**
 * A file that the operator may edit while the server runs: one entry a line, `#` starts a comment. A file that
 * can't be read any more, or has a mistake, changes nothing: what was read last stays in force, and the log says why.
 */
export class ListFile<T> {
  readonly #options: ListFileOptions<T>;
  #value: T;
  #version: string;
  #timer: Timer;

  /** Reads the file; throws ConfigError when that fails. */
  constructor(options: ListFileOptions<T>) {
    this.#options = options;
    this.#version = fileVersion(options.path);
    try {
      this.#value = this.#read();
    } catch (error) {
      throw new ConfigError(`${options.path} can't be used: ${textOf(error)}`, { cause: error });
    }
    this.#timer = this.#wait();
  }

  get value(): T {
    return this.#value;
  }

  /** Writes a line to the end of the file, and has it in force at once. Throws ConfigError for one that is not valid, or what the system says. */
  add(line: string): void {
    const text = readFileSync(this.#options.path, 'utf8');
    // The lines that are there as well: with a mistake among them the new one would not come into force.
    this.#options.parse([...linesOf(text), line]);
    const gap = text === '' || text.endsWith('\n') ? '' : '\n';
    appendFileSync(this.#options.path, `${gap}${line}\n`);
    this.#reload();
  }

  /** Looks at the file no more. */
  close(): void {
    this.#timer.cancel();
  }

  #wait(): Timer {
    return this.#options.clock.setTimeout(() => {
      this.#timer = this.#wait();
      this.#reload();
    }, SERVER_LIMITS.listFileMs);
  }

  #reload(): void {
    const { changed, logger, path } = this.#options;
    const version = fileVersion(path);
    if (version === this.#version) return;
    // Kept before the file is read: a mistake in the file is logged once.
    this.#version = version;
    try {
      this.#value = this.#read();
    } catch (error) {
      logger.error(
        { path, reason: textOf(error) },
        'a list stays as it was: its file is not valid',
      );
      return;
    }
    logger.info({ path }, 'a list was read again');
    changed?.(this.#value);
  }

  #read(): T {
    return this.#options.parse(linesOf(readFileSync(this.#options.path, 'utf8')));
  }
}

/** The entries of a text: comments and empty lines are left out. */
function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');
}

/** Changes whenever the file does, also when another file takes its place; empty when there is none. */
export function fileVersion(path: string): string {
  try {
    const { ino, mtimeMs, size } = statSync(path);
    return `${ino} ${mtimeMs} ${size}`;
  } catch {
    return '';
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? messageOf(error) : String(error);
}
