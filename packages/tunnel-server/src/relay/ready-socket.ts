import { bytesOf } from '@wingman/node-kit';
import { CloseCode } from '@wingman/protocol';
import type { RawData, WebSocket } from 'ws';
import { SERVER_LIMITS } from '../limits.js';

/** A host's dial-back that waits for its use, with what the host has already said on it. */
export class ReadySocket {
  readonly socket: WebSocket;
  readonly #early: Buffer[] = [];
  #earlyBytes = 0;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', this.#keep);
    // `close` always follows and is what we act on.
    socket.on('error', () => undefined);
  }

  get isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN;
  }

  /** Hands over what was kept; from here on the caller must listen, in this very turn. */
  claim(): Buffer[] {
    this.socket.off('message', this.#keep);
    return this.#early;
  }

  close(code: number, reason: string): void {
    this.socket.close(code, reason);
  }

  readonly #keep = (data: RawData, isBinary: boolean): void => {
    const bytes = bytesOf(data);
    this.#earlyBytes += bytes.byteLength;
    const fits =
      this.#early.length < SERVER_LIMITS.earlyMessages &&
      this.#earlyBytes <= SERVER_LIMITS.earlyBytes;
    if (isBinary && fits) this.#early.push(bytes);
    else this.close(CloseCode.PROTOCOL, 'too much before the viewer came');
  };
}
