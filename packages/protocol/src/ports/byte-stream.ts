import type { ChunkReceiver } from './chunks.js';

/** A body as a stream that takes bytes only when its reader does; a failure errors it, never ends it. */
export function byteStream(body: ChunkReceiver): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = await body.next();
        if (chunk === undefined) controller.close();
        else controller.enqueue(chunk);
      },
      cancel: () => body.leave(),
    },
    { highWaterMark: 0 },
  );
}
