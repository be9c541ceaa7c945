import { WingmanError } from '../errors.js';
import { Trailers, type Header } from '../gen/wingman/v1/exchange.js';
import type { MuxStream } from '../mux/mux-stream.js';
import { deferred } from '../promises.js';
import { MessageType } from './message-type.js';
import { decodeMessage } from './proto-message.js';

/** Reads one side's part of an HTTP exchange: heads, then body, then trailers. */
export class MessageReader {
  readonly #trailers = deferred<Header[]>();

  constructor(private readonly stream: MuxStream) {
    stream.onFailure((error) => this.#trailers.reject(error));
  }

  /** Resolves at the end of the body; empty when there are none. */
  get trailers(): Promise<Header[]> {
    return this.#trailers.promise;
  }

  /** The next message, which has to be a head; PROTOCOL_ERROR when it is anything else. */
  async head(): Promise<Uint8Array> {
    const message = await this.#guard(this.stream.read());
    if (message?.[0] !== MessageType.RESPONSE) throw this.#violation('expected a response head');
    return message.subarray(1);
  }

  /** The next piece of the body, or undefined at its end. */
  async bodyChunk(): Promise<Uint8Array | undefined> {
    const message = await this.#guard(this.stream.read());
    if (message?.[0] === MessageType.BODY) return message.subarray(1);
    if (message === undefined) this.#trailers.resolve([]);
    else await this.#readTrailers(message);
    return undefined;
  }

  async #readTrailers(message: Uint8Array): Promise<void> {
    if (message[0] !== MessageType.TRAILERS) throw this.#violation('expected body or trailers');
    const { headers } = await this.#guard(
      Promise.resolve().then(() => decodeMessage(Trailers, message.subarray(1))),
    );
    if ((await this.stream.read()) !== undefined) throw this.#violation('message after trailers');
    this.#trailers.resolve(headers);
  }

  /** A peer that breaks the order of an exchange loses this stream. The link stays. */
  #violation(message: string): WingmanError {
    this.stream.reset('PROTOCOL_ERROR');
    const error = new WingmanError('PROTOCOL_ERROR', message);
    this.#trailers.reject(error);
    return error;
  }

  async #guard<T>(reading: Promise<T>): Promise<T> {
    try {
      return await reading;
    } catch (error) {
      this.stream.reset('PROTOCOL_ERROR');
      this.#trailers.reject(error);
      throw error;
    }
  }
}
