import { WebSocket, type ClientOptions } from 'ws';
import { Inbox } from './inbox.js';

export interface Closed {
  code: number;
  reason: string;
}

/** A WebSocket client that a test reads from message by message. */
export class ClientSocket {
  readonly socket: WebSocket;
  readonly messages = new Inbox<Buffer>();
  readonly texts = new Inbox<string>();
  /** What came first on a connection that begins with one. */
  readonly preface = new Inbox<Buffer>();
  readonly closed: Promise<Closed>;
  #isPrefaced = false;

  private constructor(url: string, options: ClientOptions, protocols: string[]) {
    this.socket = new WebSocket(url, protocols, { perMessageDeflate: false, ...options });
    this.socket.on('message', this.#keep);
    this.closed = new Promise((resolve) =>
      this.socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    );
  }

  /** Resolves once open; rejects with `status <n>` when the upgrade is refused. */
  static async open(
    port: number,
    host: string,
    path: string,
    headers: Record<string, string> = {},
    protocols: string[] = [],
    options: ClientOptions = {},
  ): Promise<ClientSocket> {
    const url = `ws://127.0.0.1:${port}${path}`;
    const client = new ClientSocket(url, { ...options, headers: { host, ...headers } }, protocols);
    await new Promise<void>((resolve, reject) => {
      client.socket.once('open', () => resolve());
      client.socket.once('unexpected-response', (request, response) => {
        request.destroy();
        reject(new Error(`status ${response.statusCode}`));
      });
      client.socket.on('error', reject);
    });
    return client;
  }

  /** Hands over what has come so far; from here on the caller listens. */
  claim(): Buffer[] {
    this.socket.off('message', this.#keep);
    return this.messages.drain();
  }

  /** The first message is none of the other end's; to be called at once after opening. */
  expectPreface(): void {
    this.#isPrefaced = true;
    for (const message of this.messages.drain()) this.#keep(message, true);
  }

  readonly #keep = (data: Buffer, isBinary: boolean): void => {
    if (this.#isPrefaced) {
      this.#isPrefaced = false;
      return this.preface.put(data);
    }
    if (isBinary) this.messages.put(data);
    else this.texts.put(data.toString());
  };

  send(bytes: Uint8Array): void {
    this.socket.send(bytes);
  }
}
