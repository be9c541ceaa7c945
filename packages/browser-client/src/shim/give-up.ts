import { GIVEN_UP_CHANNEL, REQUEST_ID, requestId } from '../shared/request-fields.js';
import { BodyLengths } from './body-lengths.js';
import { replaceXhr } from './replace-xhr.js';

type Realm = typeof globalThis;
type FetchArguments = [input: RequestInfo | URL, init?: RequestInit];

/**
 * Numbers the requests of a page or worker, so that the app's server learns when one is given up that has no answer yet,
 * and how long a body is.
 */
export function tellGivenUp(realm: Realm, baseUrl: () => string): void {
  const isOwn = (url: string, base = baseUrl()): boolean =>
    URL.canParse(url, base) && new URL(url, base).origin === realm.location.origin;
  const lengths = new BodyLengths(realm);
  realm.fetch = new Proxy(realm.fetch, {
    apply(target, self, args: FetchArguments) {
      const numbered = number(args, { realm, lengths, isOwn });
      if (numbered === undefined) return Reflect.apply(target, self, args);
      const [id, signal, ...rest] = numbered;
      const tell = (): void => giveUp(realm, id);
      const answer = Reflect.apply(target, self, rest);
      if (signal === undefined) return answer;
      signal.addEventListener('abort', tell, { once: true });
      const forget = (): void => signal.removeEventListener('abort', tell);
      answer.then(forget, () => queueMicrotask(forget));
      return answer;
    },
  });
  // Service workers have none.
  if ('XMLHttpRequest' in realm) {
    replaceXhr(realm, { base: baseUrl, isOwn }, (id) => giveUp(realm, id));
  }
}

type Numbered = [
  id: string,
  signal: AbortSignal | undefined,
  input: RequestInfo | URL,
  init: RequestInit,
];

interface NumberTools {
  realm: Realm;
  lengths: BodyLengths;
  isOwn: (url: string) => boolean;
}

/**
 * Undefined for a request that can't be given up and whose body is not known, and for other origins, where the field
 * would need permission (CORS).
 */
function number(
  [input, options]: FetchArguments,
  { realm, lengths, isOwn }: NumberTools,
): Numbered | undefined {
  try {
    const init = options ?? {};
    const request = isRequest(input) ? input : undefined;
    const url = request?.url ?? (input as string | URL).toString();
    const signal = signalOf(request, init);
    const length = lengths.of(input, init);
    if (signal === undefined && length === undefined) return undefined;
    if (signal?.aborted === true || !isOwn(url)) return undefined;
    const id = requestId('', length);
    const headers = new realm.Headers(init.headers ?? request?.headers);
    headers.set(REQUEST_ID, id);
    return [id, signal, input, { ...referrerOf(request), ...init, headers }];
  } catch {
    // `fetch` itself rejects arguments that it can't take.
    return undefined;
  }
}

/** Null takes back the signal of the request (Fetch section 5.4, step 28). */
function signalOf(
  request: Request | undefined,
  { signal = request?.signal }: RequestInit,
): AbortSignal | undefined {
  return signal ?? undefined;
}

/** `instanceof` would miss the requests of other realms. */
function isRequest(input: unknown): input is Request {
  return typeof input === 'object' && input !== null && 'headers' in input;
}

/** Any option makes `fetch` forget the request's referrer (Fetch section 5.4, step 13). */
function referrerOf(request: Request | undefined): RequestInit {
  if (request === undefined) return {};
  const { referrer, referrerPolicy } = request;
  return { referrer, referrerPolicy };
}

function giveUp(realm: Realm, id: string): void {
  const channel = new realm.BroadcastChannel(GIVEN_UP_CHANNEL);
  channel.postMessage(id);
  channel.close();
}
