import type { LiveMessage } from '@wingman/inspector';
import type { Direction, Piece } from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';
import { KeptBytes } from './kept-bytes.js';

interface Message {
  readonly id: number;
  readonly at: number;
  readonly direction: Direction;
  readonly isText: boolean;
  readonly kept: KeptBytes;
  bytes: number;
}

/** What an object of this kind takes beside its data, in bytes. */
const MESSAGE_OVERHEAD = 256;

/** The newest messages of a WebSocket, or pieces of an event stream. The oldest make room for new ones. */
export class MessageLog {
  readonly #messages: Message[] = [];
  readonly #unfinished = new Map<Direction, Message>();
  readonly #listeners = new Set<(message: LiveMessage) => void>();
  #count = 0;
  #size = 0;

  /** The memory that it takes, in bytes. */
  get size(): number {
    return this.#size;
  }

  /** Messages that were kept and have been dropped again. */
  get dropped(): number {
    return this.#messages[0] === undefined ? this.#count : this.#messages[0].id - 1;
  }

  get messages(): LiveMessage[] {
    return this.#messages.map(toLive);
  }

  /** Tells each later message; returns the function that ends that. */
  listen(listener: (message: LiveMessage) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Takes a part of a message. A piece of a body is a message of its own. */
  add(direction: Direction, { bytes, isText = false, isLast = true }: Piece): void {
    const message = this.#unfinished.get(direction) ?? this.#begin(direction, isText);
    message.bytes += bytes.byteLength;
    message.kept.add(bytes);
    if (!isLast) return;
    this.#unfinished.delete(direction);
    this.#keep(message);
  }

  /** Forgets all of it. */
  clear(): void {
    this.#messages.length = 0;
    this.#size = 0;
  }

  #begin(direction: Direction, isText: boolean): Message {
    const kept = new KeptBytes(HOST_LIMITS.inspectorMessageBytes);
    // The id is given at the end: messages of both directions may overlap.
    const message = { id: 0, at: Date.now(), direction, isText, kept, bytes: 0 };
    this.#unfinished.set(direction, message);
    return message;
  }

  #keep(message: Message): void {
    const numbered = { ...message, id: ++this.#count };
    this.#messages.push(numbered);
    this.#size += numbered.kept.size + MESSAGE_OVERHEAD;
    const { inspectorMessages, inspectorBodyBytes } = HOST_LIMITS;
    while (this.#messages.length > inspectorMessages || this.#size > inspectorBodyBytes) {
      const oldest = this.#messages.shift();
      if (oldest === undefined) break;
      this.#size -= oldest.kept.size + MESSAGE_OVERHEAD;
    }
    for (const listener of this.#listeners) listener(toLive(numbered));
  }
}

function toLive({ id, at, direction, isText, kept, bytes }: Message): LiveMessage {
  const data = kept.bytes.toString(isText ? 'utf8' : 'base64');
  return { id, at, direction, isText, bytes, data, isCut: kept.length < bytes };
}
