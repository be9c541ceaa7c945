import { networkInterfaces } from 'node:os';
import type { Clock, Timer } from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';

/** Every address of this machine; tests pass their own. */
export type ListAddresses = () => readonly string[];

/** Addresses of this machine now. Throws nothing: a system that doesn't tell them has none. */
export function listAddresses(): string[] {
  try {
    return Object.values(networkInterfaces()).flatMap((entries = []) =>
      entries.map(({ address }) => address),
    );
  } catch {
    return [];
  }
}

/**
 * Tells when this machine's addresses have changed: what was bound to an old one is dead and doesn't know it. Node
 * has no event for that, so the list is looked at every HOST_LIMITS.addressLookMs. Returns what ends the watch.
 */
export function watchAddresses(
  clock: Clock,
  onChange: (addresses: readonly string[]) => void,
  list: ListAddresses = listAddresses,
): () => void {
  let before = list();
  let timer: Timer;
  const look = (): void => {
    timer = clock.setTimeout(look, HOST_LIMITS.addressLookMs);
    const now = list();
    const isSame = now.length === before.length && now.every((one) => before.includes(one));
    before = now;
    if (!isSame) onChange(now);
  };
  timer = clock.setTimeout(look, HOST_LIMITS.addressLookMs);
  return () => timer.cancel();
}
