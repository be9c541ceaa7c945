import { LIMITS } from '../limits.js';
import type { MuxStream } from '../mux/mux-stream.js';
import { MessageType, tag } from './message-type.js';

const BODY = tag(MessageType.BODY);

/**
 * Sends bytes of any length as BODY messages. Resolves when the last message has been handed to the link. With `isLast`
 * this message ends our side, if there is one.
 */
export async function writeBody(
  stream: MuxStream,
  bytes: Uint8Array,
  isLast = false,
): Promise<void> {
  for (let offset = 0; offset < bytes.byteLength; offset += LIMITS.bodyChunkBytes) {
    const end = offset + LIMITS.bodyChunkBytes;
    await stream.write([BODY, bytes.subarray(offset, end)], isLast && end >= bytes.byteLength);
  }
}

/**
 * A body that is read from a stream. Leaving the iteration early calls `cancel`, even while a read is pending. A
 * generator could not do that.
 */
export class BodyReader implements AsyncIterableIterator<Uint8Array> {
  #done = false;

  constructor(
    private readonly nextChunk: () => Promise<Uint8Array | undefined>,
    private readonly cancel: () => void,
  ) {}

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#done) return { done: true, value: undefined };
    const chunk = await this.nextChunk();
    if (chunk !== undefined) return { done: false, value: chunk };
    this.#done = true;
    return { done: true, value: undefined };
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (!this.#done) this.cancel();
    this.#done = true;
    return Promise.resolve({ done: true, value: undefined });
  }
}
