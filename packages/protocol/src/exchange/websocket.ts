import { WingmanError, type ErrorCode } from '../errors.js';
import { WebSocketClose } from '../gen/wingman/v1/exchange.js';
import { LIMITS } from '../limits.js';
import type { MuxStream } from '../mux/mux-stream.js';
import { concatBytes } from '../wire/bytes.js';
import { MessageType, tag, type MessageTypeCode } from './message-type.js';
import { create, decodeMessage, encodeMessage } from './proto-message.js';

/** Closed without a status, and closed without a closing handshake (RFC 6455 section 7.4.1). */
export const NO_STATUS = 1005;
export const ABNORMAL_CLOSURE = 1006;

/** Is told what passes an end of a WebSocket. */
export interface WebSocketWatch {
  /** A whole message and its size in bytes, which a text doesn't tell by itself. */
  message(direction: 'sent' | 'received', message: string | Uint8Array, bytes: number): void;
  /** The peer has closed, or the stream has failed (1006): nothing more is received. */
  ended(close: WebSocketClose): void;
}

/** The messages of one WebSocket, at either end of a stream. */
export class TunnelWebSocket {
  #fragments: Uint8Array[] = [];
  #fragmentBytes = 0;
  #closeSent = false;
  #ended: WebSocketClose | undefined;

  constructor(
    protected readonly stream: MuxStream,
    private readonly watch?: WebSocketWatch,
  ) {}

  /** Sends a whole message; resolves when its last part is with the link. Rejects when the stream has failed. */
  async send(data: string | Uint8Array): Promise<void> {
    const isText = typeof data === 'string';
    const bytes = isText ? new TextEncoder().encode(data) : data;
    this.watch?.message('sent', data, bytes.byteLength);
    const last = isText ? MessageType.WEBSOCKET_TEXT : MessageType.WEBSOCKET_BINARY;
    // All parts are queued in one go, so that two messages can't mix.
    const parts: Promise<void>[] = [];
    let offset = 0;
    for (; bytes.byteLength - offset > LIMITS.bodyChunkBytes; offset += LIMITS.bodyChunkBytes) {
      const part = bytes.subarray(offset, offset + LIMITS.bodyChunkBytes);
      parts.push(this.#write(MessageType.WEBSOCKET_FRAGMENT, part));
    }
    parts.push(this.#write(last, bytes.subarray(offset)));
    await Promise.all(parts);
  }

  /**
   * The next message, or the close, which is the last and is repeated. When the stream fails it
   * is a close with 1006.
   */
  async receive(): Promise<string | Uint8Array | WebSocketClose> {
    while (this.#ended === undefined) {
      let message: Uint8Array | undefined;
      try {
        message = await this.stream.read();
      } catch (error) {
        return this.#end(abnormal(error));
      }
      if (message === undefined) return this.#end(abnormal(undefined));
      const received = this.#take(message);
      if (received !== undefined) return received;
    }
    return this.#ended;
  }

  /** Says goodbye; the peer's own close arrives by `receive`. */
  close(code: number = NO_STATUS, reason = ''): void {
    if (this.#closeSent) return;
    this.#closeSent = true;
    const close = encodeMessage(WebSocketClose, { code, reason, wasClean: true });
    this.#write(MessageType.WEBSOCKET_CLOSE, close).catch(() => undefined);
    this.stream.end();
  }

  /** Ends without a closing handshake. */
  abort(code: ErrorCode): void {
    this.stream.reset(code);
  }

  /** Calls back when the stream fails. */
  onFailure(listener: (error: WingmanError) => void): void {
    this.stream.onFailure(listener);
  }

  #write(type: MessageTypeCode, payload: Uint8Array): Promise<void> {
    return this.stream.write([tag(type), payload]);
  }

  #take(message: Uint8Array): string | Uint8Array | WebSocketClose | undefined {
    const payload = message.subarray(1);
    switch (message[0]) {
      case MessageType.WEBSOCKET_FRAGMENT:
        this.#keep(payload);
        return undefined;
      case MessageType.WEBSOCKET_TEXT:
        return this.#received(payload, textOf);
      case MessageType.WEBSOCKET_BINARY:
        return this.#received(payload, (bytes) => bytes);
      case MessageType.WEBSOCKET_CLOSE:
        return this.#closed(payload);
      default:
        this.stream.reset('PROTOCOL_ERROR');
        return this.#end(abnormal(undefined));
    }
  }

  #received<T extends string | Uint8Array>(last: Uint8Array, read: (bytes: Uint8Array) => T): T {
    const bytes = this.#assemble(last);
    const message = read(bytes);
    this.watch?.message('received', message, bytes.byteLength);
    return message;
  }

  #keep(payload: Uint8Array): void {
    this.#fragmentBytes += payload.byteLength;
    this.#fragments.push(payload);
    if (this.#fragmentBytes <= LIMITS.maxWebSocketMessageBytes) return;
    this.#fragments = [];
    this.stream.reset('LIMIT_EXCEEDED');
  }

  #assemble(last: Uint8Array): Uint8Array {
    if (this.#fragments.length === 0) return last;
    const whole = concatBytes([...this.#fragments, last]);
    this.#fragments = [];
    this.#fragmentBytes = 0;
    return whole;
  }

  #closed(payload: Uint8Array): WebSocketClose {
    try {
      return this.#end(decodeMessage(WebSocketClose, payload));
    } catch {
      this.stream.reset('PROTOCOL_ERROR');
      return this.#end(abnormal(undefined));
    }
  }

  #end(close: WebSocketClose): WebSocketClose {
    this.#ended = close;
    this.#fragments = [];
    this.watch?.ended(close);
    if (this.#closeSent || close.code === ABNORMAL_CLOSURE) return close;
    // Answering the close frees the stream on both sides (RFC 6455 section 5.5.1).
    this.close(close.code, close.reason);
    return close;
  }
}

/** A byte order mark is part of a message's text (RFC 6455 section 5.6). */
function textOf(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

function abnormal(error: unknown): WebSocketClose {
  const reason = error instanceof WingmanError ? error.code : '';
  return create(WebSocketClose, { code: ABNORMAL_CLOSURE, reason, wasClean: false });
}
