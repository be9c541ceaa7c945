import {
  concatBytes,
  deferred,
  hasNoBody,
  headerValue,
  PORT_LIMITS,
  toWingmanError,
  WingmanError,
  within,
  type Deferred,
  type HttpResponse,
} from '@wingman/protocol';
import { ChunkReceiver, ChunkSender, readAhead, type Poster } from '@wingman/protocol/ports';
import {
  awaitsTaken,
  type FetchHead,
  type ReplyMessage,
  type RequestMessage,
  type ServedStream,
} from '../shared/exchange-messages.js';
import { BROWSER_LIMITS, SERVICE_WORKER_LIMITS } from '../shared/limits.js';
import { toReplyHead } from './messages.js';

/** Sends a request over the link, waiting for the link if need be. */
export type SendRequest = (
  head: FetchHead,
  options: { body?: AsyncIterable<Uint8Array>; signal: AbortSignal },
) => Promise<HttpResponse>;

/** One HTTP exchange between a service worker and the link; every one ends with a whole answer, `end` or `abort`. */
export class ServedFetch {
  readonly #abort = new AbortController();
  readonly #downloads: ChunkSender;
  readonly #uploads: ChunkReceiver | undefined;
  /** The start of the request's body, by which the request is recognised. */
  readonly mark = new PrefixMark(SERVICE_WORKER_LIMITS.bodyPeekBytes);
  #stream: ServedStream;
  #received = 0;
  /** Bytes of the body that are still going to come a second time. */
  #repeated = 0;
  #isUnanswered = true;
  /** Resolved when the page can be told that its upload is over; undefined when no page wants to know. */
  #uploaded: Deferred<void> | undefined;
  /** Resolved while somebody listens at the other end of the stream. */
  #reader = deferred<void>();
  /** Whether the browser has got the head that was posted last. */
  #taken = deferred<boolean>();

  constructor(
    stream: ServedStream,
    readonly head: FetchHead,
    early: readonly RequestMessage[] = [],
  ) {
    this.#stream = stream;
    // The stream may be replaced, so nobody else may hold a reference to it.
    const poster: Poster = { postMessage: (message, transfer) => this.#post(message, transfer) };
    this.#downloads = new ChunkSender(poster);
    this.#uploads = head.hasBody ? new ChunkReceiver(poster) : undefined;
    this.#listen(early);
  }

  /** The browser has nothing of the answer. */
  get isUnanswered(): boolean {
    return this.#isUnanswered && !this.#abort.signal.aborted;
  }

  /** Runs the exchange; resolves when it is over and never rejects. */
  async run(send: SendRequest): Promise<void> {
    const { signal } = this.#abort;
    try {
      const body = this.#requestBody();
      const response = await send(this.head, { ...(body && { body }), signal });
      await this.#answer(response);
    } catch (error) {
      const { code, message } = toWingmanError(error, 'INTERNAL');
      await this.#reader.promise;
      this.#post({ kind: 'abort', code, message });
    } finally {
      this.#stream.close();
    }
  }

  /** Ends the exchange. */
  cancel(error: WingmanError): void {
    this.#uploads?.fail(error);
    this.#downloads.stop(error);
    this.#abort.abort(error);
    this.#reader.resolve();
    this.#taken.resolve(true);
  }

  /** The other side has gone, and may come back: the answer waits for it. */
  detach(): void {
    this.#stream.onmessage = null;
    this.#reader = deferred();
    this.#taken.resolve(false);
    this.#taken = deferred();
  }

  /** The same request has come again on another stream: its body begins anew, and the answer goes there. */
  moveTo(stream: ServedStream, early: readonly RequestMessage[]): void {
    this.#stream.close();
    this.#stream = stream;
    this.#repeated = this.#received;
    this.#listen(early);
  }

  #requestBody(): AsyncIterable<Uint8Array> | undefined {
    const uploads = this.#uploads;
    return this.head.reportsUpload === true && uploads ? this.#reported(uploads) : uploads;
  }

  /** Whoever asks for the next chunk has handed the one before to the link. */
  async *#reported(uploads: ChunkReceiver): AsyncGenerator<Uint8Array, void, void> {
    this.#uploaded = deferred();
    const length = this.head.headers.find(([name]) => name === 'content-length')?.[1];
    let [bytes, isAll] = [0, false];
    for await (const chunk of uploads) {
      yield chunk;
      bytes += chunk.byteLength;
      // The app may answer as soon as it has so much, before the end of the body has come here.
      isAll = String(bytes) === length;
      this.#post({ kind: 'sent', bytes, isAll });
      if (isAll) this.#uploaded.resolve();
    }
    if (!isAll) this.#post({ kind: 'sent', bytes, isAll: true });
    this.#uploaded.resolve();
  }

  /** A body that is small and comes at once goes with the head, in one message. */
  async #answer({ head, body }: HttpResponse): Promise<void> {
    // An app may answer while it still reads. Nothing is told of an upload after its answer.
    const uploaded = this.#uploaded?.promise;
    if (uploaded !== undefined) await within(uploaded, BROWSER_LIMITS.uploadEndMs);
    const message = { kind: 'head', head: toReplyHead(head) } as const;
    if (!isSmall(head, this.head)) return this.#sendStreaming(message, body);
    const { smallBodyBytes: maxBytes, smallBodyWaitMs: waitMs } = PORT_LIMITS;
    const ahead = await readAhead(body, { maxBytes, waitMs });
    if (!ahead.isWhole) return this.#sendStreaming(message, ahead.body);
    await this.#deliver({ ...message, body: concatBytes(ahead.start) });
  }

  async #sendStreaming(head: ReplyMessage, body: AsyncIterable<Uint8Array>): Promise<void> {
    await this.#deliver(head);
    await this.#downloads.sendAll(body);
  }

  /**
   * Passes the head on. A service worker that is killed before the browser has taken it will be
   * asked the same again, and then the head is still here. A safe method need not wait for that.
   */
  async #deliver(head: ReplyMessage): Promise<void> {
    const isSafe = !awaitsTaken(this.head);
    for (;;) {
      await this.#reader.promise;
      const { promise } = this.#taken;
      this.#post(head);
      if (isSafe || (await promise)) break;
    }
    this.#isUnanswered = false;
  }

  #listen(early: readonly RequestMessage[]): void {
    this.#reader.resolve();
    for (const message of early) this.#receive(message);
    this.#stream.onmessage = ({ data }) => this.#receive(data);
  }

  #receive(message: RequestMessage): void {
    switch (message.kind) {
      case 'chunk':
        return this.#take(message.bytes);
      case 'end':
        return this.#uploads?.end();
      case 'credit':
        return this.#downloads.grant(message.bytes);
      case 'taken':
        return this.#taken.resolve(true);
      case 'abort':
        return this.cancel(new WingmanError(message.code, message.message));
    }
  }

  #take(chunk: Uint8Array): void {
    const known = Math.min(this.#repeated, chunk.byteLength);
    this.#repeated -= known;
    if (known > 0) this.#post({ kind: 'credit', bytes: known });
    if (known === chunk.byteLength) return;
    const fresh = chunk.subarray(known);
    this.#received += fresh.byteLength;
    this.mark.add(fresh);
    this.#uploads?.push(fresh);
  }

  #post(message: ReplyMessage, transfer: Transferable[] = []): void {
    this.#stream.postMessage(message, transfer);
  }
}

/** Whether there is no body, or the app says that it is small. */
function isSmall({ headers, status }: HttpResponse['head'], { method }: FetchHead): boolean {
  if (hasNoBody(method, status)) return true;
  const length = headerValue(headers, 'content-length');
  return length !== undefined && Number(length) <= PORT_LIMITS.smallBodyBytes;
}

/** FNV-1a with two seeds. It tells bodies apart, and resists no attacker. */
const SEEDS = [0x811c9dc5, 0x01000193] as const;
const PRIME = 0x01000193;

/** A fingerprint of the first bytes of a body. */
export class PrefixMark {
  #bytes = 0;
  #hashes: [number, number] = [...SEEDS];

  /** Takes no more than so many bytes into account. */
  constructor(private readonly limit: number) {}

  /** Bytes taken into account. */
  get bytes(): number {
    return this.#bytes;
  }

  add(chunk: Uint8Array): void {
    const taken = chunk.subarray(0, this.limit - this.#bytes);
    let [left, right] = this.#hashes;
    for (const byte of taken) {
      left = Math.imul(left ^ byte, PRIME);
      right = Math.imul(right ^ byte, PRIME);
    }
    this.#hashes = [left, right];
    this.#bytes += taken.byteLength;
  }

  equals(other: PrefixMark): boolean {
    const [left, right] = this.#hashes;
    const [otherLeft, otherRight] = other.#hashes;
    return this.#bytes === other.#bytes && left === otherLeft && right === otherRight;
  }
}
