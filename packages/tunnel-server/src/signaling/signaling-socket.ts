import { bytesOf } from '@wingman/node-kit';
import { CloseCode } from '@wingman/protocol';
import type { RawData, WebSocket } from 'ws';
import { SERVER_LIMITS } from '../limits.js';
import type { TokenBucket } from './token-bucket.js';

/** What the owner of a signaling socket is told. */
export interface SignalingHandlers {
  message(bytes: Uint8Array): void;
  /** Once, whoever closed; the code is the peer's, or 1006 when it has vanished. */
  closed(code: number): void;
}

/** A WebSocket with the caps every signaling connection has: messages a second, bytes queued, binary only. */
export class SignalingSocket {
  readonly #socket: WebSocket;
  readonly #bucket: TokenBucket;
  readonly #handlers: SignalingHandlers;
  #closing = false;

  constructor(socket: WebSocket, bucket: TokenBucket, handlers: SignalingHandlers) {
    this.#socket = socket;
    this.#bucket = bucket;
    this.#handlers = handlers;
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('close', (code) => {
      this.#closing = true;
      handlers.closed(code);
    });
    // `close` always follows and is what we act on.
    socket.on('error', () => undefined);
  }

  /** Whether messages still go out. */
  get isOpen(): boolean {
    return !this.#closing;
  }

  /** Sends one message; a reader that lets the queue grow past its cap is cut off. */
  send(bytes: Uint8Array): void {
    if (this.#closing) return;
    if (this.#socket.bufferedAmount > SERVER_LIMITS.signalingQueueBytes) {
      this.#closing = true;
      this.#socket.terminate();
      return;
    }
    this.#socket.send(bytes, { binary: true });
  }

  close(code: number, reason: string): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#socket.close(code, reason);
  }

  /** Ends the connection without waiting for the peer. */
  terminate(): void {
    this.#socket.terminate();
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#closing) return;
    if (!isBinary) return this.close(CloseCode.PROTOCOL, 'signaling is binary');
    if (!this.#bucket.take()) return this.close(CloseCode.PROTOCOL, 'too many messages');
    this.#handlers.message(bytesOf(data));
  }
}
