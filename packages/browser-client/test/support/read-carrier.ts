import type { Carrier } from '@wingman/protocol';

/** What a carrier has told whoever reads it, in order. */
export function read(carrier: Carrier): unknown[] {
  const told: unknown[] = [];
  carrier.start({
    message: (bytes) => told.push([...bytes]),
    close: (reason) => told.push(`closed: ${reason}`),
    writable: () => told.push('writable'),
  });
  return told;
}
