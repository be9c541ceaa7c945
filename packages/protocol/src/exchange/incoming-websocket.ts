import { ResponseHead, WebSocketAccept, type WebSocketOpen } from '../gen/wingman/v1/exchange.js';
import type { MuxStream } from '../mux/mux-stream.js';
import { writeBody } from './body.js';
import { MessageType, tag } from './message-type.js';
import { encodeMessage } from './proto-message.js';
import { TunnelWebSocket } from './websocket.js';

/** A WebSocket that a viewer wants to open to the app. */
export class IncomingWebSocket {
  readonly #abort = new AbortController();

  constructor(
    private readonly stream: MuxStream,
    readonly open: WebSocketOpen,
  ) {
    stream.onStopSending((error) => this.#abort.abort(error));
  }

  /** Aborted when the opener has given up or the link is gone. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Says yes, with the subprotocol the app has chosen. */
  accept(answer: { protocol: string; extensions?: string }): TunnelWebSocket {
    const encoded = encodeMessage(WebSocketAccept, answer);
    this.stream.write([tag(MessageType.WEBSOCKET_ACCEPT), encoded]).catch(() => undefined);
    return new TunnelWebSocket(this.stream);
  }

  /** Says no, with the app's own response. */
  reject(head: ResponseHead, body: Uint8Array = new Uint8Array()): void {
    const encoded = encodeMessage(ResponseHead, head);
    this.stream.write([tag(MessageType.RESPONSE), encoded]).catch(() => undefined);
    writeBody(this.stream, body).then(
      () => this.stream.end(),
      () => undefined,
    );
    this.stream.stopReading();
  }
}
