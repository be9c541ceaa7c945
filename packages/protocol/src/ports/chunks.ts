import { WingmanError, type ErrorCode } from '../errors.js';
import { PORT_LIMITS } from '../limits.js';
import { SendWindow, TakenCount } from './credit.js';

/** Body messages; they go in both directions of an exchange's own port. */
export type BodyMessage =
  | { kind: 'chunk'; bytes: Uint8Array }
  | { kind: 'end' }
  /** So many bytes have been taken by the reader. */
  | { kind: 'credit'; bytes: number }
  /** The exchange is over, and not by its end. */
  | { kind: 'abort'; code: ErrorCode; message: string };

/** What a body is sent on: a MessagePort, or a stream of a shared one. */
export interface Poster {
  postMessage(message: BodyMessage, transfer: Transferable[]): void;
}

/** Sends a body over a port, never further ahead of its reader than the window. */
export class ChunkSender {
  readonly #window = new SendWindow(PORT_LIMITS.windowBytes);
  #stopped: WingmanError | undefined;

  constructor(private readonly port: Poster) {}

  /** Sends everything, then the end. Rejects with the reason given to `stop`; leaves the iterable early then. */
  async sendAll(body: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of body) {
      for (const piece of pieces(chunk)) await this.#send(piece);
    }
    if (this.#stopped === undefined) this.port.postMessage({ kind: 'end' }, []);
  }

  /** The reader has taken so many bytes. */
  grant(bytes: number): void {
    this.#window.grant(bytes);
  }

  /** Ends the sending; a waiting `sendAll` rejects. */
  stop(reason: WingmanError): void {
    this.#stopped ??= reason;
    this.#window.open();
  }

  async #send(bytes: Uint8Array): Promise<void> {
    await this.#window.room();
    if (this.#stopped !== undefined) throw this.#stopped;
    this.#window.spend(bytes.byteLength);
    const own = owned(bytes);
    this.port.postMessage({ kind: 'chunk', bytes: own }, [own.buffer]);
  }
}

function* pieces(chunk: Uint8Array): Generator<Uint8Array> {
  const size = PORT_LIMITS.chunkBytes;
  if (chunk.byteLength <= size) {
    if (chunk.byteLength > 0) yield chunk;
    return;
  }
  for (let at = 0; at < chunk.byteLength; at += size) yield chunk.slice(at, at + size);
}

/** Bytes whose buffer may be given away: a copy when they are a small part of a larger buffer. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  const isMostOfIt = bytes.byteLength * 2 > buffer.byteLength;
  return isMostOfIt && buffer instanceof ArrayBuffer
    ? new Uint8Array(buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes);
}

/** Receives a body from a port and gives credit back as its reader takes the bytes. */
export class ChunkReceiver implements AsyncIterable<Uint8Array> {
  readonly #queue: Uint8Array[] = [];
  #state: 'flowing' | 'ended' | 'failed' = 'flowing';
  #error: WingmanError | undefined;
  readonly #taken: TakenCount;
  #wake: (() => void) | undefined;

  constructor(
    port: Poster,
    /** Called when the reader leaves before the end. */
    private readonly onLeave: () => void = () => undefined,
  ) {
    this.#taken = new TakenCount(PORT_LIMITS.creditBytes, (bytes) => {
      if (this.#state !== 'flowing') return;
      port.postMessage({ kind: 'credit', bytes }, []);
    });
  }

  push(bytes: Uint8Array): void {
    if (this.#state !== 'flowing') return;
    this.#queue.push(bytes);
    this.#wake?.();
  }

  end(): void {
    if (this.#state === 'flowing') this.#state = 'ended';
    this.#wake?.();
  }

  /** What has not been read yet is dropped: a broken body must not look like a whole one. */
  fail(error: WingmanError): void {
    if (this.#state !== 'flowing') return;
    this.#state = 'failed';
    this.#error = error;
    this.#queue.length = 0;
    this.#wake?.();
  }

  /** The next chunk, or undefined at the end; rejects with the error given to `fail`. */
  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const chunk = this.#queue.shift();
      if (chunk !== undefined) {
        this.#taken.took(chunk.byteLength);
        return chunk;
      }
      if (this.#error !== undefined) throw this.#error;
      if (this.#state === 'ended') return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** The reader is no longer interested. */
  leave(): void {
    if (this.#state !== 'flowing') return;
    this.fail(new WingmanError('CANCELLED', 'the reader left'));
    this.onLeave();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    try {
      for (let chunk = await this.next(); chunk !== undefined; chunk = await this.next())
        yield chunk;
    } finally {
      this.leave();
    }
  }
}

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
