import { Readable } from 'node:stream';
import type { ErrorCode, Header, ResponseHead } from '@wingman/protocol';
import { headersFromRaw, headersToRaw, reasonPhrase, WingmanError } from '@wingman/protocol';
import { rejoin } from '@wingman/protocol/ports';
import type { Dispatcher } from 'undici';
import { ConnectionPool } from './connection-pool.js';
import type { Loopback } from './loopback.js';

/** One request to the local port. */
export interface LocalRequest {
  readonly method: string;
  /** Origin form, verified. */
  readonly target: string;
  readonly headers: readonly Header[];
  readonly body: AsyncIterable<Uint8Array> | undefined;
  readonly signal: AbortSignal;
  /** It goes out on a connection now. */
  sent(): void;
  informational(status: number, statusText: string, headers: Header[]): void;
  /** The head of its final answer has come. */
  answered(): void;
  /** Nothing of it is under way any more. */
  ended(): void;
}

/** The app's answer; destroying the body ends the exchange and its socket. */
export interface LocalResponse extends Pick<ResponseHead, 'status' | 'statusText'> {
  readonly headers: Header[];
  readonly body: Readable;
  /** Complete once the body has ended. */
  trailers(): Header[];
}

/** A keep-alive HTTP/1.1 client of one local port. */
export class LocalClient {
  readonly #pool: ConnectionPool;

  constructor(loopback: Loopback) {
    this.#pool = new ConnectionPool(`http://${loopback.authority}`, () => loopback.connect());
  }

  /** Sends a request. Fails with LOCAL_PORT_REFUSED, CANCELLED, TIMEOUT, LIMIT_EXCEEDED or UPSTREAM_ABORTED. */
  async request(request: LocalRequest): Promise<LocalResponse> {
    const { method, target: path } = request;
    const headers = headersToRaw(request.headers);
    const body =
      request.body === undefined ? null : Readable.from(await begun(request.body), BYTES);
    // The reason reaches whoever reads the response; without a listener it would end the process.
    body?.on('error', () => undefined);
    return new Promise((resolve, reject) => {
      const handler = new ResponseHandler(request, body, {
        response: resolve,
        failed: reject,
        progressed: () => this.#pool.touch(),
      });
      this.#pool.dispatch({ path, method, headers, body }, handler);
    });
  }

  /** Ends every exchange at once. */
  async close(): Promise<void> {
    await this.#pool.close();
  }
}

const BYTES = { objectMode: false } as const;

/**
 * A body whose first bytes are here. undici sends the head with them. A connection that was taken before would be idle
 * to the app, which could end it while the opener is asleep or its network is away.
 */
async function begun(body: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const source = body[Symbol.asyncIterator]();
  const first = source.next();
  await first;
  return rejoin([], first, source);
}

/** What becomes of one request. */
interface Outcome {
  response(response: LocalResponse): void;
  failed(error: WingmanError): void;
  /** Something of its answer has come. */
  progressed(): void;
}

/** What undici's own errors mean; any other is the app's. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  UND_ERR_HEADERS_TIMEOUT: 'TIMEOUT',
  UND_ERR_HEADERS_OVERFLOW: 'LIMIT_EXCEEDED',
};

/** Turns undici's callbacks into a response with a stream that holds back the socket when full. */
class ResponseHandler implements Dispatcher.DispatchHandler {
  readonly #request: LocalRequest;
  readonly #upload: Readable | null;
  readonly #outcome: Outcome;
  readonly #onAbort = (): void => this.#cancel();
  #controller: Dispatcher.DispatchController | undefined;
  #body: Readable | undefined;
  #trailers: Header[] = [];
  #ended = false;

  constructor(request: LocalRequest, upload: Readable | null, outcome: Outcome) {
    this.#request = request;
    this.#upload = upload;
    this.#outcome = outcome;
    request.signal.addEventListener('abort', this.#onAbort);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    const isRepeated = this.#controller !== undefined;
    this.#controller = controller;
    if (this.#request.signal.aborted) this.#cancel();
    else if (!isRepeated) this.#request.sent();
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    statusText = '',
  ): void {
    this.#outcome.progressed();
    const headers = rawToHeaders(controller.rawHeaders);
    if (status < 200) return this.#request.informational(status, statusText, headers);
    this.#request.answered();
    this.#body = new Readable({
      read: () => controller.resume(),
      destroy: (error, done) => {
        this.#cancel();
        done(error);
      },
    });
    // It may fail before anybody reads it, in the same turn: without a listener that would end the process.
    this.#body.on('error', () => undefined);
    const trailers = (): Header[] => this.#trailers;
    const reason = reasonPhrase(asBytes(statusText));
    this.#outcome.response({ status, statusText: reason, headers, body: this.#body, trailers });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#outcome.progressed();
    if (this.#body?.push(chunk) === false) controller.pause();
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    this.#outcome.progressed();
    this.#finish();
    this.#trailers = rawToHeaders(controller.rawTrailers);
    this.#body?.push(null);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#finish();
    const failure = this.#explain(error);
    if (this.#body === undefined) this.#outcome.failed(failure);
    else this.#body.destroy(failure);
  }

  #cancel(): void {
    if (this.#ended) return;
    this.#controller?.abort(new WingmanError('CANCELLED', 'the request was cancelled'));
  }

  #finish(): void {
    this.#ended = true;
    this.#request.ended();
    this.#request.signal.removeEventListener('abort', this.#onAbort);
    this.#upload?.destroy();
  }

  #explain(error: Error): WingmanError {
    if (error instanceof WingmanError) return error;
    const code = ('code' in error && CODES[String(error.code)]) || 'UPSTREAM_ABORTED';
    return new WingmanError(code, error.message, { cause: error });
  }
}

function rawToHeaders(raw: Dispatcher.DispatchController['rawHeaders']): Header[] {
  if (!Array.isArray(raw)) return [];
  // Bytes above 0x7f stay what they are: the tunnel's header values are ISO-8859-1.
  return headersFromRaw(
    raw.map((part) => (typeof part === 'string' ? part : part.toString('latin1'))),
  );
}

/** undici reads the status text as UTF-8; here it is ISO-8859-1, as header values are. What was no UTF-8 is lost. */
function asBytes(statusText: string): string {
  return statusText.includes('\ufffd') ? '' : Buffer.from(statusText).toString('latin1');
}
