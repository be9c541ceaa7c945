import { WingmanError, type ErrorCode } from '../errors.js';
import { ResponseHead, type Header, type RequestHead } from '../gen/wingman/v1/exchange.js';
import { LIMITS } from '../limits.js';
import type { MuxStream } from '../mux/mux-stream.js';
import { BodyReader, writeBody } from './body.js';
import { MessageReader } from './message-reader.js';
import { MessageType, tag } from './message-type.js';
import { encodeMessage } from './proto-message.js';
import { sendTrailers } from './request.js';

/** A request at the host, and the means to answer it. */
export class IncomingRequest {
  readonly body: AsyncIterable<Uint8Array>;
  readonly #reader: MessageReader;
  readonly #abort = new AbortController();
  #responded = false;

  constructor(
    private readonly stream: MuxStream,
    readonly head: RequestHead,
  ) {
    this.#reader = new MessageReader(stream);
    this.body = new BodyReader(
      () => this.#reader.bodyChunk(),
      () => stream.stopReading(),
    );
    stream.onStopSending((error) => this.#abort.abort(error));
  }

  /** Aborted, with the WingmanError as its reason, when the opener has cancelled or the link is gone. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Resolves once the body has been read to its end. */
  get requestTrailers(): Promise<Header[]> {
    return this.#reader.trailers;
  }

  /** Sends a 1xx head (RFC 9110 section 15.2). */
  informational(head: ResponseHead): void {
    if (!this.#responded) this.#encoded(head)();
  }

  /** Sends the final head, once; LIMIT_EXCEEDED when it is larger than LIMITS.maxHeadBytes. With `isAll` no body follows. */
  respond(head: ResponseHead, isAll = false): void {
    this.prepare(head)(isAll);
  }

  /** As `respond`, in two steps: a head that is too large shows before anything of its answer is read. */
  prepare(head: ResponseHead): (isAll: boolean) => void {
    const send = this.#encoded(head);
    return (isAll) => {
      if (this.#responded) throw new WingmanError('INTERNAL', 'second response head');
      send(isAll);
      this.#responded = true;
    };
  }

  /**
   * Sends a piece of the body, of any size. Resolves when the piece has been handed to the link, rejects when the stream
   * fails. Nothing follows the last piece.
   */
  write(chunk: Uint8Array, isLast = false): Promise<void> {
    return writeBody(this.stream, chunk, isLast);
  }

  /** Ends the response. The reader of the request body still has to read it to its end, or to leave it, which stops the opener. */
  end(trailers: readonly Header[] = []): void {
    sendTrailers(this.stream, trailers);
    this.stream.end();
  }

  /** Ends both directions with an error. Does nothing after a clean end. */
  abort(code: ErrorCode): void {
    this.stream.reset(code);
  }

  #encoded(head: ResponseHead): (isLast?: boolean) => void {
    const { unpacksHeads, readsLast, readsUnordered } = this.head;
    const encoded = encodeMessage(ResponseHead, {
      ...head,
      unpacksHeads,
      readsLast,
      readsUnordered,
    });
    if (encoded.byteLength > LIMITS.maxHeadBytes) {
      throw new WingmanError('LIMIT_EXCEEDED', 'the response head is too large');
    }
    const pieces = [tag(MessageType.RESPONSE), encoded];
    return (isLast) => void this.stream.writeHead(pieces, isLast).catch(() => undefined);
  }
}
