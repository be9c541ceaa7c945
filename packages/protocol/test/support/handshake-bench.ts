import { expect } from '@jest/globals';
import { settle } from './fake-clock.js';

export const KEY = Uint8Array.from({ length: 16 }, (_, index) => index);
export const tagged = (type: number, bytes: Uint8Array): Uint8Array =>
  Uint8Array.of(type, ...bytes);

/** WebCrypto answers on other threads, in a few turns of the event loop. */
export async function until(isDone: () => boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!isDone() && performance.now() < end) await settle();
  expect(isDone()).toBe(true);
}

export function failed(message: string, code = 'HANDSHAKE_FAILED') {
  return { code, message };
}
