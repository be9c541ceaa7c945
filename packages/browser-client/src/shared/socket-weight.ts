/** Even an empty message takes a place in a queue. */
const MESSAGE_OVERHEAD = 64;

/** What a WebSocket message counts against the window between the tunnel worker and a page. */
export function socketWeight(data: string | Uint8Array): number {
  return (typeof data === 'string' ? data.length : data.byteLength) + MESSAGE_OVERHEAD;
}
