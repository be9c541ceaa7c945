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

/** Is told what passes at one end of a WebSocket. */
export interface WebSocketWatch {
  /** A part of a message has come, or a message goes out. A message that goes out is told whole. */
  part(direction: 'sent' | 'received', part: MessagePart): void;
  /** The peer has closed, or the stream has failed (1006). No more messages are received. */
  ended(close: WebSocketClose): void;
}

/** A part of a message, mostly the whole. Our own senders make it no larger than LIMITS.bodyChunkBytes. */
export interface MessagePart {
  readonly bytes: Uint8Array;
  /** The same for all parts of a message. A part of a text may end within a character. */
  readonly isText: boolean;
  readonly isLast: boolean;
}

const PART_OF = new Map<number | undefined, Omit<MessagePart, 'bytes'>>([
  [MessageType.WEBSOCKET_BINARY_FRAGMENT, { isText: false, isLast: false }],
  [MessageType.WEBSOCKET_BINARY, { isText: false, isLast: true }],
  [MessageType.WEBSOCKET_TEXT_FRAGMENT, { isText: true, isLast: false }],
  [MessageType.WEBSOCKET_TEXT, { isText: true, isLast: true }],
]);

/** The messages of one WebSocket, at either end of a stream. */
export class TunnelWebSocket {
  /** Whether the current message is a text; undefined between messages. */
  #isText: boolean | undefined;
  #messageBytes = 0;
  #closeSent = false;
  #ended: WebSocketClose | undefined;

  constructor(
    protected readonly stream: MuxStream,
    private readonly watch?: WebSocketWatch,
  ) {}

  /**
   * Sends a whole message. Resolves when the last part has been handed to the link, rejects when the stream has
   * failed. Bytes are a binary message unless `isText` says that they are a text in UTF-8.
   */
  async send(data: string | Uint8Array, isText = typeof data === 'string'): Promise<void> {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
    this.watch?.part('sent', { bytes, isText, isLast: true });
    const [fragment, last] = isText
      ? [MessageType.WEBSOCKET_TEXT_FRAGMENT, MessageType.WEBSOCKET_TEXT]
      : [MessageType.WEBSOCKET_BINARY_FRAGMENT, MessageType.WEBSOCKET_BINARY];
    // All parts are queued at once, so that two messages can't mix.
    const parts: Promise<void>[] = [];
    let offset = 0;
    for (; bytes.byteLength - offset > LIMITS.bodyChunkBytes; offset += LIMITS.bodyChunkBytes) {
      parts.push(this.#write(fragment, bytes.subarray(offset, offset + LIMITS.bodyChunkBytes)));
    }
    parts.push(this.#write(last, bytes.subarray(offset)));
    await Promise.all(parts);
  }

  /** The next whole message, or the close as in `receivePart`. */
  async receive(): Promise<string | Uint8Array | WebSocketClose> {
    const parts: Uint8Array[] = [];
    for (;;) {
      const part = await this.receivePart();
      if (!isMessagePart(part)) return part;
      if (part.bytes.byteLength > 0) parts.push(part.bytes);
      if (!part.isLast) continue;
      const whole = parts.length > 1 ? concatBytes(parts) : (parts[0] ?? part.bytes);
      return part.isText ? textOf(whole) : whole;
    }
  }

  /**
   * The next part of a message, for callers that pass parts on. After the last part it is the close, also in
   * later calls. The close of a stream that has failed has the code 1006.
   */
  async receivePart(): Promise<MessagePart | WebSocketClose> {
    if (this.#ended !== undefined) return this.#ended;
    let message: Uint8Array | undefined;
    try {
      message = await this.stream.read();
    } catch (error) {
      return this.#end(abnormal(error));
    }
    return message === undefined ? this.#end(abnormal(undefined)) : this.#take(message);
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

  #take(message: Uint8Array): MessagePart | WebSocketClose {
    const bytes = message.subarray(1);
    if (message[0] === MessageType.WEBSOCKET_CLOSE) return this.#closed(bytes);
    const kind = PART_OF.get(message[0]);
    const isFitting = this.#isText === undefined || this.#isText === kind?.isText;
    if (kind === undefined || !isFitting) return this.#violated('PROTOCOL_ERROR');
    this.#messageBytes += bytes.byteLength;
    if (this.#messageBytes > LIMITS.maxWebSocketMessageBytes) {
      return this.#violated('LIMIT_EXCEEDED');
    }
    this.#isText = kind.isLast ? undefined : kind.isText;
    if (kind.isLast) this.#messageBytes = 0;
    const part = { bytes, ...kind };
    this.watch?.part('received', part);
    return part;
  }

  #closed(payload: Uint8Array): WebSocketClose {
    try {
      return this.#end(decodeMessage(WebSocketClose, payload));
    } catch {
      return this.#violated('PROTOCOL_ERROR');
    }
  }

  #violated(code: ErrorCode): WebSocketClose {
    this.stream.reset(code);
    return this.#end(abnormal(new WingmanError(code, 'the peer broke the rules')));
  }

  #end(close: WebSocketClose): WebSocketClose {
    this.#ended = close;
    this.watch?.ended(close);
    if (this.#closeSent || close.code === ABNORMAL_CLOSURE) return close;
    // Answering the close frees the stream on both sides (RFC 6455 section 5.5.1).
    this.close(close.code, close.reason);
    return close;
  }
}

/** Tells a part of a message from the close. */
export function isMessagePart(received: MessagePart | WebSocketClose): received is MessagePart {
  return 'isLast' in received;
}

/** A byte order mark is part of a message's text (RFC 6455 section 5.6). */
function textOf(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

function abnormal(error: unknown): WebSocketClose {
  const reason = error instanceof WingmanError ? error.code : '';
  return create(WebSocketClose, { code: ABNORMAL_CLOSURE, reason, wasClean: false });
}
