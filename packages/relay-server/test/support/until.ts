import { setTimeout as delay } from 'node:timers/promises';

/** Waits until something is true; fails after `withinMs`. */
export async function until(
  condition: () => boolean,
  what: string,
  withinMs = 20_000,
): Promise<void> {
  // Not of `Date`, which some tests stop.
  const deadline = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await delay(5);
  }
}
