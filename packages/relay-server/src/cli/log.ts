import { destination, pino, type Logger } from 'pino';
import type { LogLevel } from '../config.js';

const STDERR = 2;

/** Logs as JSON lines on stderr: stdout belongs to the view. */
export function createLogger(level: LogLevel): Logger {
  return pino({ level, base: null }, destination({ fd: STDERR, sync: true }));
}
