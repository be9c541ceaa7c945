import { WingmanError, deferred } from '@wingman/protocol';
import { byteStream, ChunkReceiver, ChunkSender, type PortStream } from '@wingman/protocol/ports';
import {
  awaitsTaken,
  type FetchHead,
  type ReplyHead,
  type ReplyMessage,
  type RequestMessage,
  type TunnelPort,
} from '../shared/exchange-messages.js';
import type { RequestBody } from './request-body.js';
import type { UploadReports } from './upload-reports.js';

/** A body that came with its head is bytes: browsers take them at once, where a stream costs turns of both threads. */
export type ReplyBody = ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>;

/** An answer through the tunnel. */
export interface TunnelReply {
  head: ReplyHead;
  body: ReplyBody;
}

/** Sends a request of the page into the tunnel; the page's abort goes with it. */
export function startExchange(
  port: TunnelPort,
  head: FetchHead,
  chunks: RequestBody['chunks'],
  signal: AbortSignal,
  reports?: UploadReports,
): TunnelFetch {
  const exchange = new TunnelFetch(port, head, reports);
  if (chunks !== undefined) exchange.upload(chunks);
  const cancel = (): void => exchange.abort(new WingmanError('CANCELLED', 'the page gave up'));
  if (signal.aborted) cancel();
  signal.addEventListener('abort', cancel, { once: true });
  return exchange;
}

/** One HTTP exchange with the tunnel worker. */
export class TunnelFetch {
  readonly #stream: PortStream<RequestMessage, ReplyMessage>;
  readonly #uploads: ChunkSender;
  readonly #body: ChunkReceiver;
  #whole: Uint8Array<ArrayBuffer> | undefined;
  readonly #head = deferred<ReplyHead>();
  readonly #done = deferred<void>();
  /** The other side keeps the answer until it is told that the browser has it. */
  readonly #awaitsTaken: boolean;
  #isOver = false;

  /** Starts the exchange: the head goes out at once. */
  constructor(
    port: TunnelPort,
    head: FetchHead,
    private readonly reports?: UploadReports,
  ) {
    this.#awaitsTaken = awaitsTaken(head);
    const stream = port.open(reports === undefined ? head : { ...head, reportsUpload: true });
    this.#stream = stream;
    this.#uploads = new ChunkSender(stream);
    this.#body = new ChunkReceiver(stream, () =>
      this.abort(new WingmanError('CANCELLED', 'not wanted')),
    );
    stream.onmessage = ({ data }) => this.#receive(data);
    stream.onfailure = (error) => this.#fail(error);
  }

  /** Resolves when the exchange is over, whether it went well or not. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  /** Sends the body; a body that fails aborts the exchange. */
  upload(body: AsyncIterable<Uint8Array>): void {
    this.#uploads.sendAll(body).catch((error: unknown) => {
      // The answer may come before the whole body was read: then nothing is wrong.
      if (!this.#isOver)
        this.abort(new WingmanError('CANCELLED', 'the request body broke off', { cause: error }));
    });
  }

  /**
   * Resolves with the head and the body as a stream; rejects with the error that ended the exchange. An app may
   * take its time. A tunnel worker may not: one that shows no sign of life fails its port, and this with LINK_LOST.
   * Once `handled` is settled the browser has the head, and the other side may forget it.
   */
  async reply(handled: Promise<unknown> = Promise.resolve()): Promise<TunnelReply> {
    const head = await this.#head.promise;
    await this.reports?.heard();
    const taken = (): void => {
      this.#stream.postMessage({ kind: 'taken' });
      if (this.#isOver) this.#stream.close();
    };
    if (this.#awaitsTaken) handled.then(taken, taken);
    return { head, body: this.#whole ?? byteStream(this.#body) };
  }

  /** Ends the exchange and tells the other side. */
  abort(error: WingmanError): void {
    if (this.#isOver) return;
    const { code, message } = error;
    this.#stream.postMessage({ kind: 'abort', code, message });
    this.#fail(error);
  }

  #receive(message: ReplyMessage): void {
    switch (message.kind) {
      case 'head':
        return this.#answered(message);
      case 'sent':
        return this.reports?.tell(message);
      case 'pushed':
        // Push streams are heard by `Pushes`.
        return;
      case 'chunk':
        return this.#body.push(message.bytes);
      case 'credit':
        return this.#uploads.grant(message.bytes);
      case 'end':
        this.#body.end();
        return this.#complete();
      case 'abort':
        return this.#fail(new WingmanError(message.code, message.message));
    }
  }

  #answered({ head, body }: Extract<ReplyMessage, { kind: 'head' }>): void {
    this.#whole = body;
    this.#head.resolve(head);
    if (body === undefined) return;
    this.#settle(new WingmanError('CANCELLED', 'the exchange is over'));
    if (!this.#awaitsTaken) this.#stream.close();
  }

  #complete(): void {
    this.#settle(new WingmanError('CANCELLED', 'the exchange is over'));
    this.#stream.close();
  }

  #fail(error: WingmanError): void {
    this.reports?.close();
    this.#body.fail(error);
    this.#settle(error);
    this.#stream.close();
  }

  #settle(error: WingmanError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#head.reject(error);
    this.#uploads.stop(error);
    this.#done.resolve();
  }
}
