import type { LogLevel } from '@wingman/node-kit';
import { destination, pino, type Logger } from 'pino';

const STDERR = 2;

/** Logs as JSON lines on stderr: stdout belongs to the view. */
export function createLogger(level: LogLevel): Logger {
  return pino({ level, base: null }, destination({ fd: STDERR, sync: true }));
}
