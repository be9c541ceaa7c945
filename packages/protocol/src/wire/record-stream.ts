import { WingmanError } from '../errors.js';
import { LIMITS } from '../limits.js';
import { concatBytes } from './bytes.js';

const LENGTH_BYTES = 4;

/** Encodes a message for a byte stream: its length as four bytes, big-endian, then the message. */
export function encodeRecord(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setUint32(0, message.byteLength);
  return concatBytes([length, message]);
}

/** Cuts a byte stream back into messages. */
export class RecordReader {
  #rest: Uint8Array = new Uint8Array();

  /** Refuses a message above so many bytes. */
  constructor(private readonly maxBytes: number = LIMITS.maxMessageBytes) {}

  /** Whether the stream stands between two messages. */
  get isAtBoundary(): boolean {
    return this.#rest.byteLength === 0;
  }

  /** Takes a chunk and returns the messages that it completes; LIMIT_EXCEEDED for a message that is too large. */
  push(chunk: Uint8Array): Uint8Array[] {
    const messages: Uint8Array[] = [];
    let bytes = this.isAtBoundary ? chunk : concatBytes([this.#rest, chunk]);
    for (;;) {
      const end = recordEnd(bytes, this.maxBytes);
      if (end === undefined || end > bytes.byteLength) break;
      messages.push(bytes.slice(LENGTH_BYTES, end));
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes;
    return messages;
  }
}

function recordEnd(bytes: Uint8Array, maxBytes: number): number | undefined {
  if (bytes.byteLength < LENGTH_BYTES) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  if (length > maxBytes) {
    throw new WingmanError('LIMIT_EXCEEDED', 'a message is too large');
  }
  return LENGTH_BYTES + length;
}
