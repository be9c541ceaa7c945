import { WingmanError, deferred } from '@wingman/protocol';
import { byteStream, ChunkReceiver, ChunkSender, type BodyMessage } from '@wingman/protocol/ports';
import type {
  RequestMessage,
  FetchHead,
  FetchMessage,
  ReplyHead,
  ReplyMessage,
} from '../shared/exchange-messages.js';

/** An answer through the tunnel. */
export interface TunnelReply {
  head: ReplyHead;
  body: ReadableStream<Uint8Array>;
}

/** One HTTP exchange with the tunnel worker, on a port of its own. */
export class TunnelFetch {
  readonly #port: MessagePort;
  readonly #uploads: ChunkSender;
  readonly #body: ChunkReceiver;
  readonly #head = deferred<ReplyHead>();
  readonly #done = deferred<void>();
  #isOver = false;

  /** Starts the exchange: the head goes out at once. */
  constructor(worker: Pick<MessagePort, 'postMessage'>, head: FetchHead) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#uploads = new ChunkSender(port1);
    this.#body = new ChunkReceiver(port1, () =>
      this.abort(new WingmanError('CANCELLED', 'not wanted')),
    );
    port1.onmessage = (event: MessageEvent<ReplyMessage>) => this.#receive(event.data);
    worker.postMessage({ kind: 'fetch', head, port: port2 } satisfies FetchMessage, [port2]);
  }

  /** Resolves when nothing is under way any more, however it ended. */
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
   * Resolves with the head and the body as a stream; rejects with the error that ended the exchange.
   * Once `handled` is settled the browser has the head, and the other side may forget it.
   */
  async reply(handled: Promise<unknown> = Promise.resolve()): Promise<TunnelReply> {
    const head = await this.#head.promise;
    const taken = (): void => {
      if (!this.#isOver) this.#port.postMessage({ kind: 'taken' } satisfies RequestMessage);
    };
    handled.then(taken, taken);
    return { head, body: byteStream(this.#body) };
  }

  /** Ends the exchange and tells the other side. */
  abort(error: WingmanError): void {
    if (this.#isOver) return;
    const { code, message } = error;
    this.#port.postMessage({ kind: 'abort', code, message } satisfies BodyMessage);
    this.#fail(error);
  }

  #receive(message: ReplyMessage): void {
    switch (message.kind) {
      case 'head':
        return this.#head.resolve(message.head);
      case 'chunk':
        return this.#body.push(message.bytes);
      case 'credit':
        return this.#uploads.grant(message.bytes);
      case 'end':
        this.#body.end();
        return this.#finish(new WingmanError('CANCELLED', 'the exchange is over'));
      case 'abort':
        return this.#fail(new WingmanError(message.code, message.message));
    }
  }

  #fail(error: WingmanError): void {
    this.#body.fail(error);
    this.#finish(error);
  }

  #finish(error: WingmanError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#head.reject(error);
    this.#uploads.stop(error);
    this.#port.onmessage = null;
    this.#port.close();
    this.#done.resolve();
  }
}
