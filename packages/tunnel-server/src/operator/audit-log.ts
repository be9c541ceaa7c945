import { ConfigError, systemCode } from '@wingman/node-kit';
import { within, type Clock } from '@wingman/protocol';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { pino, type Logger } from 'pino';
import { SERVER_LIMITS } from '../limits.js';
import { TokenBucket } from '../signaling/token-bucket.js';

/** What is noted: who has registered, who has come, and how that has ended. */
export type AuditEvent =
  | 'host-registered'
  | 'host-refused'
  | 'host-replaced'
  | 'viewer-connected'
  | 'viewer-disconnected'
  | 'session-ended';

interface AuditFields {
  readonly session?: string | undefined;
  /** Where the host or the viewer has come from. */
  readonly address?: string;
  /** The start of the id of the viewer's link. */
  readonly viewer?: string;
  /** Why: an error code, or how a session has ended. */
  readonly reason?: string;
}

/** Notes an event; never throws and never waits. */
export type Audit = (event: AuditEvent, fields: AuditFields) => void;

/** Only the operator may read who has come from where. */
const OWNER_ONLY = 0o600;

export interface AuditLogOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'error'>;
  /** How a session is written down. */
  readonly abridged: (name: unknown) => string;
}

/**
 * A file of its own for what an operator has to be able to tell later: one JSON object a line, always appended. A
 * flood of events, or a disk that takes none, leaves events out: the next line says how many, and the server goes on.
 */
export class AuditLog {
  readonly #options: AuditLogOptions;
  readonly #file: ReturnType<typeof pino.destination>;
  readonly #lines: Logger;
  readonly #bucket: TokenBucket;
  #missed = 0;
  #troubleToldAt = -Infinity;
  #isClosed = false;

  /** Throws ConfigError when the file can't be written. */
  constructor(options: AuditLogOptions) {
    const { path, clock, abridged } = options;
    const { auditBurst, auditPerSecond, auditBytes } = SERVER_LIMITS;
    this.#options = options;
    this.#bucket = new TokenBucket(clock, auditBurst, auditPerSecond);
    demandWritable(path);
    const file = { dest: path, mode: OWNER_ONLY, sync: false, maxLength: auditBytes };
    this.#file = pino.destination(file);
    this.#file.on('error', (error: Error) => this.#trouble(error.message));
    this.#file.on('drop', () => this.#missedOne('its disk is too slow'));
    const format = { base: null, timestamp: pino.stdTimeFunctions.isoTime };
    // Where all logs are collected in one place, this field tells the lines apart.
    const formatters = { level: () => ({ log: 'audit' }) };
    this.#lines = pino({ ...format, formatters, serializers: { session: abridged } }, this.#file);
  }

  readonly note: Audit = (event, fields) => {
    // Connections that end by force may still say so after the end of the server.
    if (this.#isClosed) return;
    if (!this.#bucket.take()) return this.#missedOne('too many events');
    const missed = this.#missed;
    this.#missed = 0;
    this.#lines.info({ event, ...fields, ...(missed > 0 && { missed }) });
    // The line itself was left out, and the count in it.
    if (this.#missed > 0) this.#missed += missed;
  };

  /** Begins a new file under the same name, after the old one was moved away; does nothing after `close`. */
  reopen(): void {
    if (!this.#isClosed) this.#file.reopen();
  }

  /** Writes what is left, if the disk takes it in time. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const closed = once(this.#file, 'close').then(
      () => true,
      () => false,
    );
    this.#file.end();
    const isClosed = await within(closed, SERVER_LIMITS.closeMs);
    if (isClosed !== true) this.#trouble('its last lines could not be written');
  }

  #missedOne(reason: string): void {
    this.#missed += 1;
    this.#trouble(reason);
  }

  #trouble(reason: string): void {
    const { clock, logger, path } = this.#options;
    if (clock.now() - this.#troubleToldAt < SERVER_LIMITS.auditTroubleMs) return;
    this.#troubleToldAt = clock.now();
    logger.error({ path, reason }, 'the audit log leaves events out');
  }
}

function demandWritable(path: string): void {
  try {
    closeSync(openSync(path, 'a', OWNER_ONLY));
  } catch (error) {
    throw new ConfigError(`the audit log ${path} can't be written: ${systemCode(error)}`, {
      cause: error,
    });
  }
}
