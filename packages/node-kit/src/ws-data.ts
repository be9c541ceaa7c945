import type { RawData } from 'ws';

/** The bytes of a `ws` message, which is one Buffer unless another binaryType was set; nothing is copied then. */
export function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
