/** A browser's own WebSocket class, as far as the replacement needs one; each realm has its own. */
export function nativeWebSocketClass() {
  class WebSocket extends EventTarget {
    static readonly CONNECTING = 0;
    static readonly OPEN = 1;
    static readonly CLOSING = 2;
    static readonly CLOSED = 3;
    readonly #url: string;
    readonly #sent: unknown[] = [];
    onopen: unknown = null;
    binaryType = 'blob';

    constructor(url: string | URL) {
      super();
      if (!URL.canParse(String(url))) throw new DOMException('invalid', 'SyntaxError');
      this.#url = String(url);
    }

    get url(): string {
      return this.#url;
    }

    get bufferedAmount(): number {
      return this.#sent.length;
    }

    get [Symbol.toStringTag](): string {
      return 'WebSocket';
    }

    send(data: unknown): void {
      this.#sent.push(data);
    }

    close(): void {
      this.#sent.length = 0;
    }
  }
  Object.assign(WebSocket.prototype, { CONNECTING: 0, OPEN: 1, CLOSED: 3 });
  return WebSocket as unknown as typeof globalThis.WebSocket;
}
