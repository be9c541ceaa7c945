import {
  hasNoBody,
  headerValue,
  LIMITS,
  type ErrorCode,
  type Header,
  type IncomingRequest,
  type Observation,
} from '@wingman/protocol';
import { readAhead } from '@wingman/protocol/ports';
import { HOST_LIMITS } from '../limits.js';
import { interimHeaders } from './answer-steps.js';
import { Exchange, headOf, without, type Answer, type ExchangeContext } from './exchange.js';

/** What an exchange needs of the request that has come in. */
type Incoming = Pick<IncomingRequest, keyof IncomingRequest>;

/** Sends the head of an answer; with `isAll` no body follows. */
type Respond = (isAll: boolean) => void;

/** A request and its answer. */
export class HttpExchange extends Exchange {
  readonly kind = 'http';
  readonly #incoming: Incoming;
  #hasHead = false;

  constructor(incoming: Incoming, context: ExchangeContext, observation: Observation) {
    super(context, observation);
    this.#incoming = incoming;
    // The opener has to be told to stop sending when the answer came without reading the body.
    if (incoming.head.hasBody) this.atEnd(() => void this.#leaveBody());
  }

  get signal(): AbortSignal {
    return this.#incoming.signal;
  }

  get hasHead(): boolean {
    return this.#hasHead;
  }

  /** The request's body; undefined when it has none. */
  get body(): AsyncIterable<Uint8Array> | undefined {
    if (!this.asked.hasBody) return undefined;
    return this.observation.watchBody('upload', this.#incoming.body);
  }

  /** Sends a 1xx head; one that can't be carried is left out, as a proxy may (RFC 9110 section 15.2). */
  interim(status: number, statusText: string, headers: Header[]): void {
    const head = headOf({ status, statusText, headers });
    try {
      this.#incoming.informational(head);
    } catch {
      return;
    }
    this.observation.interim(head);
  }

  async deliver(answer: Answer): Promise<void> {
    const head = headOf(answer);
    const respond = this.#incoming.prepare(head);
    this.observation.head(head);
    const plain = this.observation.watchBody('download', answer.body);
    const body = answer.transfer?.encode(plain) ?? plain;
    if (isSmall(answer, this.asked.method)) await this.#deliverSmall(respond, body);
    else await this.#deliverStreaming(respond, body);
    // A cookie has no place in trailers (RFC 9110 section 6.5.1), and could be an HttpOnly one.
    this.#incoming.end(without(answer.trailers(), 'set-cookie'));
  }

  /** Sends head and body at one go. A head that went ahead would leave its body behind those of all others under way. */
  async #deliverSmall(respond: Respond, coming: AsyncIterable<Uint8Array>): Promise<void> {
    const { smallBodyWaitMs: waitMs } = HOST_LIMITS;
    const ahead = await readAhead(coming, { maxBytes: LIMITS.turnBytes, waitMs });
    if (!ahead.isWhole) return this.#deliverLate(respond, ahead.body);
    const body = Buffer.concat(ahead.start);
    respond(body.byteLength === 0);
    this.#hasHead = true;
    await this.#incoming.write(body, true);
  }

  /** A body that breaks off at once must not take its head back: a reset drops what the opener has not read yet. */
  async #deliverLate(respond: Respond, body: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      await this.#deliverStreaming(respond, body);
    } catch (error) {
      if (!this.signal.aborted) await this.#pause(HOST_LIMITS.brokenBodyMs);
      throw error;
    }
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.context.clock.setTimeout(resolve, milliseconds));
  }

  async #deliverStreaming(respond: Respond, body: AsyncIterable<Uint8Array>): Promise<void> {
    respond(false);
    this.#hasHead = true;
    for await (const chunk of body) await this.#incoming.write(chunk);
  }

  abort(code: ErrorCode): void {
    this.#incoming.abort(code);
  }

  async #leaveBody(): Promise<void> {
    await this.#incoming.body[Symbol.asyncIterator]().return?.();
  }
}

/** Whether there is no body, or the app says that it is small. */
function isSmall({ status, headers }: Answer, method: string): boolean {
  if (hasNoBody(method, status)) return true;
  const length = headerValue(headers, 'content-length');
  return length !== undefined && Number(length) <= LIMITS.turnBytes;
}

/** Asks the app, once, and takes its answer. */
export async function askApp(exchange: HttpExchange): Promise<void> {
  const { request, local, signal, slot, observation } = exchange;
  const response = await local.client.request({
    method: request.method,
    target: request.target,
    headers: request.headers,
    body: exchange.body,
    signal,
    sent: () => observation.sent(request),
    informational: (status, statusText, headers) =>
      exchange.interim(status, statusText, interimHeaders(exchange, headers)),
    answered: () => slot?.answered(),
    ended: () => slot?.leave(),
  });
  // A later step may wrap this body, and an exchange that fails before that never reads the wrapper.
  exchange.atEnd(() => response.body.destroy());
  exchange.answer = response;
}
