import { WingmanError, type ErrorCode } from '../errors.js';
import { ResponseHead, WebSocketAccept, type WebSocketOpen } from '../gen/wingman/v1/exchange.js';
import { LIMITS } from '../limits.js';
import type { MuxStream } from '../mux/mux-stream.js';
import { writeBody } from './body.js';
import { MessageType, tag } from './message-type.js';
import { encodeMessage } from './proto-message.js';
import { TunnelWebSocket, type WebSocketWatch } from './websocket.js';

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

  /** Accepts the WebSocket with the subprotocol that the app has chosen. `watch` is told what passes. */
  accept(
    answer: { protocol: string; extensions?: string },
    watch?: WebSocketWatch,
  ): TunnelWebSocket {
    const encoded = encodeMessage(WebSocketAccept, answer);
    this.stream.write([tag(MessageType.WEBSOCKET_ACCEPT), encoded]).catch(() => undefined);
    return new TunnelWebSocket(this.stream, watch);
  }

  /** Rejects the WebSocket with the app's own response; LIMIT_EXCEEDED when the head is larger than LIMITS.maxHeadBytes. */
  reject(head: ResponseHead, body: Uint8Array = new Uint8Array()): void {
    const encoded = encodeMessage(ResponseHead, head);
    if (encoded.byteLength > LIMITS.maxHeadBytes) {
      throw new WingmanError('LIMIT_EXCEEDED', 'the response head is too large');
    }
    this.stream.writeHead([tag(MessageType.RESPONSE), encoded]).catch(() => undefined);
    writeBody(this.stream, body).then(
      () => this.stream.end(),
      () => undefined,
    );
    this.stream.stopReading();
  }

  /** Ends the WebSocket with an error before it was accepted or rejected. */
  abort(code: ErrorCode): void {
    this.stream.reset(code);
  }
}
