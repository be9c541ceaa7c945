import { WingmanError } from '../errors.js';
import { ResponseHead, WebSocketAccept, WebSocketOpen } from '../gen/wingman/v1/exchange.js';
import { LIMITS } from '../limits.js';
import type { MuxStream } from '../mux/mux-stream.js';
import type { Mux } from '../mux/mux.js';
import { concatBytes } from '../wire/bytes.js';
import { BodyReader } from './body.js';
import { deferred } from './deferred.js';
import { MessageReader } from './message-reader.js';
import { MessageType, tag } from './message-type.js';
import { decodeMessage, encodeMessage } from './proto-message.js';
import { TunnelWebSocket, type WebSocketWatch } from './websocket.js';

/** The app answered the upgrade with an ordinary response. */
export class WebSocketRejected extends WingmanError {
  constructor(
    readonly head: ResponseHead,
    readonly body: AsyncIterable<Uint8Array>,
  ) {
    super('REFUSED', `the app refused the WebSocket with status ${head.status}`);
  }
}

/** A WebSocket as its opener sees it. */
export class OpenedWebSocket extends TunnelWebSocket {
  readonly #accepted = deferred<WebSocketAccept>();

  constructor(stream: MuxStream, watch?: WebSocketWatch) {
    super(stream, watch);
    stream.onFailure((error) => this.#accepted.reject(error));
    this.#readAnswer().catch((error: unknown) => {
      stream.reset('PROTOCOL_ERROR');
      this.#accepted.reject(error);
    });
  }

  /** Rejects with WebSocketRejected, or with the WingmanError of the stream. */
  get accepted(): Promise<WebSocketAccept> {
    return this.#accepted.promise;
  }

  override async receivePart(): ReturnType<TunnelWebSocket['receivePart']> {
    await this.#accepted.promise.catch(() => undefined);
    return super.receivePart();
  }

  async #readAnswer(): Promise<void> {
    const message = await this.stream.read();
    const payload = message?.subarray(1) ?? new Uint8Array();
    if (message?.[0] === MessageType.WEBSOCKET_ACCEPT) {
      return this.#accepted.resolve(decodeMessage(WebSocketAccept, payload));
    }
    if (message?.[0] !== MessageType.RESPONSE) {
      throw new WingmanError('PROTOCOL_ERROR', 'expected the answer to a WebSocket');
    }
    const head = decodeMessage(ResponseHead, payload);
    const reader = new MessageReader(this.stream);
    const body = new BodyReader(
      () => reader.bodyChunk(),
      () => this.stream.reset('CANCELLED'),
    );
    this.stream.end();
    this.#accepted.reject(new WebSocketRejected(head, body));
  }
}

/** Opens a WebSocket to the app; what is sent before it is accepted waits in the stream's credit. `watch` is told what passes. */
export function openWebSocket(
  mux: Mux,
  open: WebSocketOpen,
  options: { signal?: AbortSignal; watch?: WebSocketWatch } = {},
): OpenedWebSocket {
  const encoded = encodeMessage(WebSocketOpen, open);
  if (encoded.byteLength > LIMITS.maxHeadBytes) {
    throw new WingmanError('LIMIT_EXCEEDED', 'the WebSocket request head is too large');
  }
  const stream = mux.open(concatBytes([tag(MessageType.WEBSOCKET_OPEN), encoded]));
  const { signal, watch } = options;
  const abort = (): void => stream.reset('CANCELLED');
  if (signal?.aborted === true) abort();
  signal?.addEventListener('abort', abort, { once: true });
  stream.onFailure(() => signal?.removeEventListener('abort', abort));
  return new OpenedWebSocket(stream, watch);
}
