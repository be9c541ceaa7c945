import type { LogLevel } from '@wingman/node-kit';
import { destination, pino, type Logger } from 'pino';

/** What the process ends with. */
export const ExitCode = {
  STOPPED: 0,
  FAILED: 1,
  USAGE: 2,
  /** 128 + SIGINT, as shells have it. */
  INTERRUPTED: 130,
} as const;

const STDERR = 2;

/** Logs as JSON lines on stderr: stdout belongs to the view. */
export function createLogger(level: LogLevel): Logger {
  return pino({ level, base: null }, destination({ fd: STDERR, sync: true }));
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

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
}
