import { ConfigError, messageOf } from '@wingman/node-kit';
import type { Clock, Timer } from '@wingman/protocol';
import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import { createSecureContext } from 'node:tls';
import { SERVER_LIMITS } from '../limits.js';
import { fileVersion } from './list-file.js';

/** A certificate with its chain, and its key, as PEM. */
export interface CertificatePair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface CertificateOptions {
  /** Paths of PEM files. */
  readonly cert: string;
  readonly key: string;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'error'>;
}

/**
 * The certificate of a server that ends TLS itself. A renewal replaces two files, one after the other. While the two files
 * don't fit together, the old pair stays in use. The next look finds the complete new pair.
 */
export class Certificate {
  readonly #options: CertificateOptions;
  #pair: CertificatePair;
  #version: string;
  #timer: Timer;
  #renewed: (pair: CertificatePair) => void = () => undefined;

  /** Reads both files; throws ConfigError when they are not a certificate and its key. */
  constructor(options: CertificateOptions) {
    this.#options = options;
    this.#version = this.#readVersion();
    try {
      this.#pair = this.#read();
    } catch (error) {
      const { cert, key } = options;
      throw new ConfigError(`${cert} and ${key} can't be used for TLS: ${textOf(error)}`);
    }
    this.#timer = this.#wait();
  }

  get pair(): CertificatePair {
    return this.#pair;
  }

  /** Sets what happens with a renewed certificate. New connections use it, and open connections keep the old one. */
  onRenewed(renewed: (pair: CertificatePair) => void): void {
    this.#renewed = renewed;
  }

  /** Reads both files again now, changed or not. */
  reload(): void {
    const { cert: path, logger } = this.#options;
    // The version is noted before the files are read, so a mistake in the files is logged only once.
    this.#version = this.#readVersion();
    try {
      this.#pair = this.#read();
    } catch (error) {
      return logger.error(
        { path, reason: textOf(error) },
        'the certificate stays as it was: its files are not valid',
      );
    }
    this.#renewed(this.#pair);
    logger.info({ path }, 'the certificate was read again');
  }

  /** Stops looking at the files. */
  close(): void {
    this.#timer.cancel();
  }

  #wait(): Timer {
    return this.#options.clock.setTimeout(() => {
      this.#timer = this.#wait();
      if (this.#readVersion() !== this.#version) this.reload();
    }, SERVER_LIMITS.listFileMs);
  }

  #readVersion(): string {
    return `${fileVersion(this.#options.cert)} ${fileVersion(this.#options.key)}`;
  }

  #read(): CertificatePair {
    const pair = { cert: readFileSync(this.#options.cert), key: readFileSync(this.#options.key) };
    createSecureContext(pair);
    return pair;
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? messageOf(error) : String(error);
}
