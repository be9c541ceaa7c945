import {
  deferred,
  headerValue,
  WingmanError,
  type ErrorCode,
  type IncomingRequest,
  type RequestHead,
  type ResponseHead,
} from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';

/** A request with one of these wants more than the plain answer. */
const PARTICULAR = ['authorization', 'cache-control', 'pragma', 'range'];
/** What an answer may vary by: pushed requests have the importer's values. Cookies may change before the page asks. */
const SAME = ['accept-encoding', 'accept-language', 'origin', 'user-agent'];

/** What the app has answered: all of it. */
export interface Pushed {
  readonly head: ResponseHead;
  readonly body: Uint8Array;
}

/** A request that the host makes up for the page, and the answer that would go to its opener. */
export class PushedRequest implements Pick<IncomingRequest, keyof IncomingRequest> {
  readonly body: AsyncIterable<Uint8Array> = noBody();
  readonly requestTrailers = Promise.resolve([]);
  readonly #abort = new AbortController();
  readonly #answer = deferred<Pushed | undefined>();
  readonly #pieces: Uint8Array[] = [];
  #bytes = 0;
  #head: ResponseHead | undefined;

  constructor(readonly head: RequestHead) {}

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Resolves with the whole answer; undefined when there is none, or when it is too large. */
  get answer(): Promise<Pushed | undefined> {
    return this.#answer.promise;
  }

  informational(): void {
    // Nobody waits for an early hint of a push.
  }

  respond(head: ResponseHead): void {
    this.#head = head;
  }

  prepare(head: ResponseHead): () => void {
    return () => this.respond(head);
  }

  write(chunk: Uint8Array): Promise<void> {
    this.#bytes += chunk.byteLength;
    if (this.#bytes > HOST_LIMITS.pushKeptBytes) {
      const error = new WingmanError('CANCELLED', 'too large to be asked for ahead');
      this.cancel(error);
      return Promise.reject(error);
    }
    this.#pieces.push(chunk);
    return Promise.resolve();
  }

  end(): void {
    const [head, body] = [this.#head, Buffer.concat(this.#pieces)];
    this.#answer.resolve(head && { head, body });
  }

  abort(code: ErrorCode): void {
    this.cancel(new WingmanError(code, 'the push has failed'));
  }

  /** Nobody wants the answer any more. */
  cancel(error: WingmanError): void {
    this.#answer.resolve(undefined);
    this.#abort.abort(error);
  }
}

async function* noBody(): AsyncGenerator<Uint8Array, void, void> {
  // A GET has none.
}

/** Whether the app would answer both alike. */
export function isSame(pushed: RequestHead, asked: RequestHead): boolean {
  if (PARTICULAR.some((name) => headerValue(asked.headers, name) !== undefined)) return false;
  return ['cookie', 'if-none-match'].every(
    (name) => headerValue(pushed.headers, name) === headerValue(asked.headers, name),
  );
}

/** Whether an answer may wait for the page's request. One that sets cookies must be seen when it comes. */
export function isPushable({ head }: Pushed, asked: RequestHead): boolean {
  const isAsExpected =
    head.status === 200 ||
    (head.status === 304 && headerValue(asked.headers, 'if-none-match') !== undefined);
  const varying = (headerValue(head.headers, 'vary') ?? '')
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean);
  const setsCookies = headerValue(head.headers, 'set-cookie') !== undefined;
  return isAsExpected && !setsCookies && varying.every((name) => SAME.includes(name));
}
