import {
  create,
  hasNoBody,
  headersFromRaw,
  headersToRaw,
  headerValue,
  HOST_OFFLINE,
  INGRESS_REFUSED,
  ingressProblem,
  OVERLOADED,
  reasonPhrase,
  request,
  RequestHead,
  stripHopByHop,
  toWingmanError,
  WingmanError,
  type Clock,
  type FairShare,
  type HttpResponse,
  type MessageMeter,
  type Mux,
  type Problem,
  type ResponseHead,
} from '@wingman/protocol';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { SERVER_LIMITS } from '../limits.js';
import type { Metrics } from '../metrics.js';
import { sendProblem } from '../web/problems.js';
import { forwardedHeaders, type ForwardedOptions } from '../web/client-identity.js';

/** What the ingress needs of a session. */
export interface IngressTarget {
  readonly isOnline: boolean;
  readonly ingressAllowed: boolean;
  readonly gate: ExchangeGate;
  /** What its WebSockets hold of messages. */
  readonly heldMessages: FairShare<MessageMeter>;
  /** A connected mux; rejects with WingmanError. */
  mux(): Promise<Mux>;
}

/** Why the session takes no exchange now; undefined when it does. */
export function refusalOf(target: IngressTarget): Problem | undefined {
  if (!target.isOnline) return HOST_OFFLINE;
  if (!target.ingressAllowed) return INGRESS_REFUSED;
  return target.gate.isFull ? OVERLOADED : undefined;
}

/** The plain HTTP door: each request is one exchange on the session's ingress link, streamed both ways. */
export class Ingress {
  readonly #metrics: Metrics;
  readonly #forwarded: ForwardedOptions;
  readonly #clock: Clock;
  readonly #active = new Set<Promise<void>>();

  constructor(metrics: Metrics, forwarded: ForwardedOptions, clock: Clock) {
    this.#metrics = metrics;
    this.#forwarded = forwarded;
    this.#clock = clock;
  }

  /** Serves one request; never rejects. */
  serve(req: IncomingMessage, res: ServerResponse, target: IngressTarget): Promise<void> {
    const served = this.#serve(req, res, target).finally(() => this.#active.delete(served));
    this.#active.add(served);
    return served;
  }

  /** Resolves when every request under way now has ended. */
  async drained(): Promise<void> {
    await Promise.all(this.#active);
  }

  async #serve(req: IncomingMessage, res: ServerResponse, target: IngressTarget): Promise<void> {
    this.#countWhenDone(res);
    const problem = refusalOf(target);
    if (problem !== undefined) return sendProblem(req, res, problem);
    const leave = target.gate.enter();
    try {
      await this.#exchange(req, res, target);
    } catch (error) {
      fail(req, res, toWingmanError(error, 'INTERNAL'));
    } finally {
      leave();
    }
  }

  async #exchange(req: IncomingMessage, res: ServerResponse, target: IngressTarget): Promise<void> {
    const abort = new AbortController();
    res.once('close', () => {
      if (!res.writableFinished) abort.abort(new WingmanError('CANCELLED', 'the client has gone'));
    });
    const mux = await target.mux();
    const head = requestHead(req, this.#forwarded);
    const stalled = (): void => {
      // An exchange that was answered holds no place at the app, and the app may want to wait.
      if (res.headersSent) return;
      abort.abort(new WingmanError('UPLOAD_TIMEOUT', 'the client has stopped sending'));
    };
    const response = await request(mux, head, {
      ...(head.hasBody ? { body: requestBody(req, this.#clock, stalled) } : {}),
      trailers: () => headersFromRaw(req.rawTrailers),
      signal: abort.signal,
      onInformational: (informational) => sendInformational(res, informational),
    }).catch((error: unknown) => {
      // The reason for giving up here says more than the failure that follows from it.
      throw abort.signal.aborted ? abort.signal.reason : error;
    });
    await sendResponse(req, res, response);
  }

  #countWhenDone(res: ServerResponse): void {
    res.once('close', () => {
      // 499, as nginx has it: the client left before it had an answer.
      const status = res.headersSent ? res.statusCode : 499;
      this.#metrics.ingressRequests.inc({ status });
    });
  }
}

function requestHead(req: IncomingMessage, forwarded: ForwardedOptions): RequestHead {
  const { 'content-length': length, 'transfer-encoding': coding } = req.headers;
  return create(RequestHead, {
    method: req.method ?? 'GET',
    target: req.url ?? '/',
    headers: forwardedHeaders(req, forwarded),
    destination: singleValue(req.headers['sec-fetch-dest']),
    mode: singleValue(req.headers['sec-fetch-mode']),
    hasBody: coding !== undefined || (length !== undefined && length !== '0'),
  });
}

/**
 * The body of a request. `stalled` is called when the client has sent nothing for
 * SERVER_LIMITS.uploadIdleMs, although a chunk was waited for.
 */
async function* requestBody(
  req: IncomingMessage,
  clock: Clock,
  stalled: () => void,
): AsyncGenerator<Uint8Array> {
  // Leaving it early must not destroy the socket that the response goes out on.
  const chunks = req.iterator({ destroyOnReturn: false });
  try {
    for (;;) {
      const timer = clock.setTimeout(stalled, SERVER_LIMITS.uploadIdleMs);
      const next = await chunks.next().finally(() => timer.cancel());
      if (next.done === true) return;
      const chunk: unknown = next.value;
      if (!(chunk instanceof Uint8Array)) throw new WingmanError('INTERNAL', 'a body is bytes');
      yield chunk;
    }
  } finally {
    await chunks.return?.();
  }
}

function singleValue(value: string | string[] | undefined): string {
  return [value].flat().join(', ');
}

function sendInformational(res: ServerResponse, head: ResponseHead): void {
  if (res.headersSent || res.destroyed || res.req.httpVersion !== '1.1') return;
  if (head.status === 102) return res.writeProcessing();
  const link = headerValue(head.headers, 'link');
  if (head.status !== 103 || link === undefined) return;
  try {
    res.writeEarlyHints({ link: link.split(/,\s*(?=<)/) });
  } catch {
    // Node refuses Link values it doesn't know; hints are only hints.
  }
}

async function sendResponse(
  req: IncomingMessage,
  res: ServerResponse,
  response: HttpResponse,
): Promise<void> {
  if (res.destroyed) throw new WingmanError('CANCELLED', 'the client has gone');
  const { status, statusText, headers } = response.head;
  res.writeHead(status, reasonPhrase(statusText), headersToRaw(stripHopByHop(headers)));
  // The head goes out with the first piece of the body when that comes at once, else alone. Not by
  // flushHeaders, which writes the bytes of its fields as if they were characters, in UTF-8.
  const flush = setImmediate(() => res.write('', 'latin1'));
  try {
    await sendBody(res, response.body, hasNoBody(req.method ?? 'GET', status));
  } finally {
    clearImmediate(flush);
  }
  const trailers = await response.trailers;
  if (trailers.length > 0)
    res.addTrailers(trailers.map(({ name, value }): [string, string] => [name, value]));
  res.end();
}

async function sendBody(
  res: ServerResponse,
  body: AsyncIterable<Uint8Array>,
  discard: boolean,
): Promise<void> {
  for await (const chunk of body) {
    if (res.destroyed) throw new WingmanError('CANCELLED', 'the client has gone');
    if (!discard && !res.write(chunk)) await writableAgain(res);
  }
}

function writableAgain(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      res.off('drain', done);
      res.off('close', done);
      resolve();
    };
    res.on('drain', done);
    res.on('close', done);
  });
}

/** A failed exchange ends in a page while that is possible, else in a broken connection: never in a clean end. */
function fail(req: IncomingMessage, res: ServerResponse, error: WingmanError): void {
  if (res.destroyed) return;
  if (!res.headersSent) return sendProblem(req, res, ingressProblem(error.code));
  // Without a length or chunks (HTTP/1.0) an ordinary close would look like the end of the body.
  if (req.httpVersion === '1.0') req.socket.resetAndDestroy();
  else res.destroy();
}

/** Counts the exchanges of one session's ingress that are under way. */
export class ExchangeGate {
  #inside = 0;

  get isFull(): boolean {
    return this.#inside >= SERVER_LIMITS.ingressExchanges;
  }

  /** Lets one in; call what it returns when it has ended. */
  enter(): () => void {
    this.#inside += 1;
    return () => {
      this.#inside -= 1;
    };
  }
}
