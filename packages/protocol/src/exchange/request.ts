import { WingmanError } from '../errors.js';
import {
  RequestHead,
  ResponseHead,
  Trailers,
  TransferCoding,
  type Header,
} from '../gen/wingman/v1/exchange.js';
import { LIMITS } from '../limits.js';
import type { MuxStream } from '../mux/mux-stream.js';
import type { Mux } from '../mux/mux.js';
import { concatBytes } from '../wire/bytes.js';
import { BodyReader, writeBody } from './body.js';
import { MessageReader } from './message-reader.js';
import { MessageType, tag } from './message-type.js';
import { decodeMessage, encodeMessage } from './proto-message.js';
import { gunzipped } from './transfer-coding.js';

/** The answer to a request. Its body is still on the way. */
export interface HttpResponse {
  head: ResponseHead;
  /**
   * The plain body: a transfer coding has been undone. Throws WingmanError when the stream fails, and PROTOCOL_ERROR
   * when the coded bytes are damaged. Leaving the iteration early cancels the exchange.
   */
  body: AsyncIterable<Uint8Array>;
  /** Resolves once the body has been read to its end. */
  trailers: Promise<Header[]>;
}

export interface RequestOptions {
  body?: AsyncIterable<Uint8Array>;
  /** Called once the body has ended. */
  trailers?: () => Header[];
  /** Aborting resets the stream with CANCELLED. */
  signal?: AbortSignal;
  /**
   * Whether the request may leave as early data (RFC 8470), before the host has been heard. A host that is replaced
   * at that moment and its successor may then both execute the request. Ignored unless the request is a GET or HEAD
   * without a body.
   */
  isEarly?: boolean;
  /** Called with each 1xx head. */
  onInformational?: (head: ResponseHead) => void;
}

/**
 * Sends one HTTP request over the link; resolves with the final response head.
 *
 * Rejects with WingmanError: LIMIT_EXCEEDED when the head is larger than LIMITS.maxHeadBytes,
 * CANCELLED on abort, else the code of the reset.
 */
export async function request(
  mux: Mux,
  head: RequestHead,
  options: RequestOptions = {},
): Promise<HttpResponse> {
  const { signal } = options;
  if (signal?.aborted === true) throw new WingmanError('CANCELLED', 'aborted before it was sent');
  const isEarly = options.isEarly === true && isRepeatable(head);
  const isLast = options.body === undefined && options.trailers === undefined;
  const stream = mux.open(encodeHead(head, mux.unpacksHeads), { isEarly, isLast });
  const reader = new MessageReader(stream);
  const abort = (): void => stream.reset('CANCELLED');
  signal?.addEventListener('abort', abort, { once: true });
  const settled = (): void => signal?.removeEventListener('abort', abort);
  stream.onFailure(settled);
  if (!isLast) sendBody(stream, options);
  const final = await finalHead(reader, stream, options);
  if (final.unpacksHeads) mux.packHeads();
  if (final.readsLast) mux.joinEnds();
  if (final.readsUnordered) mux.sendUnordered();
  if (isCoded(final) && !head.transferCodings.includes(final.transferCoding)) {
    stream.reset('PROTOCOL_ERROR');
    throw new WingmanError(
      'PROTOCOL_ERROR',
      'the answer has a transfer coding that the request does not name',
    );
  }
  const nextChunk = async (): Promise<Uint8Array | undefined> => {
    const chunk = await reader.bodyChunk();
    if (chunk === undefined) settled();
    return chunk;
  };
  const coded = new BodyReader(nextChunk, abort);
  const body = isCoded(final) ? gunzipped(coded, ({ code }) => stream.reset(code)) : coded;
  return { head: final, body, trailers: reader.trailers };
}

function isCoded({ transferCoding }: ResponseHead): boolean {
  return transferCoding !== TransferCoding.UNSPECIFIED;
}

/** Whether a request is safe (RFC 9110 section 9.2.1) and has nothing but a head. */
function isRepeatable({ hasBody, method }: RequestHead): boolean {
  return !hasBody && (method === 'GET' || method === 'HEAD');
}

/** What this end reads. */
const READS = { readsLast: true, readsUnordered: true } as const;

function encodeHead(head: RequestHead, unpacksHeads: boolean): Uint8Array {
  const encoded = encodeMessage(RequestHead, { ...head, unpacksHeads, ...READS });
  if (encoded.byteLength > LIMITS.maxHeadBytes) {
    throw new WingmanError('LIMIT_EXCEEDED', 'the request head is too large');
  }
  return concatBytes([tag(MessageType.REQUEST), encoded]);
}

async function finalHead(
  reader: MessageReader,
  stream: MuxStream,
  options: RequestOptions,
): Promise<ResponseHead> {
  for (;;) {
    const bytes = await reader.head();
    let head: ResponseHead;
    try {
      head = decodeMessage(ResponseHead, bytes);
    } catch (error) {
      stream.reset('PROTOCOL_ERROR');
      throw error;
    }
    if (head.status >= 200) return head;
    options.onInformational?.(head);
  }
}

/** Pumps the request body until it ends or fails, or the peer wants no more of it. */
function sendBody(stream: MuxStream, options: RequestOptions): void {
  const iterator = options.body?.[Symbol.asyncIterator]();
  const leave = (): void => void iterator?.return?.().catch(() => undefined);
  stream.onStopSending(leave);
  const pump = async (): Promise<void> => {
    for (;;) {
      const next = await iterator?.next();
      if (next === undefined || next.done === true) break;
      await writeBody(stream, next.value);
    }
    sendTrailers(stream, options.trailers?.() ?? []);
    stream.end();
  };
  pump().catch(() => {
    leave();
    // A body cut short must not look like a whole one.
    if (!stream.isFinished) stream.reset('CANCELLED');
  });
}

/** Sends trailers, if there are any. */
export function sendTrailers(stream: MuxStream, headers: readonly Header[]): void {
  if (headers.length === 0) return;
  const encoded = encodeMessage(Trailers, { headers: [...headers] });
  stream.write([tag(MessageType.TRAILERS), encoded]).catch(() => undefined);
}
