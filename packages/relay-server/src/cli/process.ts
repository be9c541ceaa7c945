import { ConfigError, type LogLevel } from '@wingman/node-kit';
import { CommanderError } from 'commander';
import { readFileSync } from 'node:fs';
import { destination, pino, type Logger } from 'pino';
import { wrapWords } from './terminal/words.js';

/** What the process ends with. */
export const ExitCode = {
  STOPPED: 0,
  FAILED: 1,
  USAGE: 2,
  /** 128 + SIGINT, as shells have it. */
  INTERRUPTED: 130,
} as const;

const STDERR = 2;

/** Logs as JSON lines on stderr, because stdout belongs to the view, or hands each line to `write`. */
export function createLogger(level: LogLevel, write?: (line: string) => void): Logger {
  const target = write === undefined ? destination({ fd: STDERR, sync: true }) : { write };
  return pino({ level, base: null }, target);
}

/** Whether this process may read keys of its terminal: one in the background would be stopped for that. */
export function isForeground(): boolean {
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1');
    // Behind the name, which may have blanks: state, parent, group, session, terminal, the terminal's group.
    const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return group === foreground;
  } catch {
    // Not Linux: no way to know.
    return true;
  }
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Aborted at the first request to stop. A second one ends the process at once. */
export function stopSignal(signals = SIGNALS): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(ExitCode.INTERRUPTED);
    controller.abort();
  };
  for (const signal of signals) process.on(signal, stop);
  // The reader of our output has gone.
  process.stdout.on('error', () => controller.abort());
  return controller.signal;
}

const HOURLY = 3_600_000;

/**
 * Keeps the process alive until the function that it returns is called: nothing else may do that while a host waits to
 * reach the tunnel server, because its clock's timers don't.
 */
export function holdProcess(): () => void {
  const held = setInterval(() => undefined, HOURLY);
  return () => clearInterval(held);
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
}

/** Writes an error for a person; returns the exit code that goes with it. */
export function explain(error: unknown): number {
  // Commander has written its own message (or the help that was asked for).
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : ExitCode.USAGE;
  const message = error instanceof Error ? error.message : String(error);
  complain(message);
  return error instanceof ConfigError ? ExitCode.USAGE : ExitCode.FAILED;
}

/** Writes a line to stderr, in the name of the program. */
export function complain(text: string): void {
  process.stderr.write(complaint(text));
}

/** The line, broken between words. */
export function complaint(text: string): string {
  return `${wrapWords(`wingman: ${text}`, process.stderr.columns)}\n`;
}
