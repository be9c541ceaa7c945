import { WingmanError, toWingmanError, type HttpResponse } from '@wingman/protocol';
import { ChunkReceiver, ChunkSender } from '../shared/chunks.js';
import type { BodyMessage, FetchHead, ReplyMessage } from '../shared/exchange-messages.js';
import { toReplyHead } from './messages.js';

/** Sends a request over the link, waiting for the link if need be. */
export type SendRequest = (
  head: FetchHead,
  options: { body?: AsyncIterable<Uint8Array>; signal: AbortSignal },
) => Promise<HttpResponse>;

/** One HTTP exchange between a service worker's port and the link; every one ends with `end` or `abort`. */
export class ServedFetch {
  readonly #abort = new AbortController();
  readonly #downloads: ChunkSender;
  readonly #uploads: ChunkReceiver | undefined;

  constructor(
    private readonly port: MessagePort,
    private readonly head: FetchHead,
  ) {
    this.#downloads = new ChunkSender(port);
    this.#uploads = head.hasBody ? new ChunkReceiver(port) : undefined;
    port.onmessage = (event: MessageEvent<BodyMessage>) => this.#receive(event.data);
  }

  /** Runs the exchange; resolves when it is over and never rejects. */
  async run(send: SendRequest): Promise<void> {
    const { signal } = this.#abort;
    try {
      const body = this.#uploads === undefined ? {} : { body: this.#uploads };
      const response = await send(this.head, { ...body, signal });
      this.#post({ kind: 'head', head: toReplyHead(response.head) });
      await this.#downloads.sendAll(response.body);
    } catch (error) {
      const { code, message } = toWingmanError(error, 'INTERNAL');
      this.#post({ kind: 'abort', code, message });
    } finally {
      // The other side closes the port: closing here could overtake the last message.
      this.port.onmessage = null;
    }
  }

  /** Ends the exchange. */
  cancel(error: WingmanError): void {
    this.#uploads?.fail(error);
    this.#downloads.stop(error);
    this.#abort.abort(error);
  }

  #receive(message: BodyMessage): void {
    switch (message.kind) {
      case 'chunk':
        return this.#uploads?.push(message.bytes);
      case 'end':
        return this.#uploads?.end();
      case 'credit':
        return this.#downloads.grant(message.bytes);
      case 'abort':
        return this.cancel(new WingmanError(message.code, message.message));
    }
  }

  #post(message: ReplyMessage): void {
    this.port.postMessage(message);
  }
}
