import { setTimeout as after } from 'node:timers/promises';

/** Waits, at most until the signal. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return after(milliseconds, undefined, { signal }).catch(() => undefined);
}
