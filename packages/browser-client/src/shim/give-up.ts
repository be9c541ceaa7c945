import { GIVEN_UP_CHANNEL, REQUEST_ID } from '../shared/request-fields.js';
import { replaceXhr } from './replace-xhr.js';

type Realm = typeof globalThis;
type FetchArguments = [input: RequestInfo | URL, init?: RequestInit];

/** Lets the app's server know when a page or worker gives up a request that has no answer yet. */
export function tellGivenUp(realm: Realm, baseUrl: () => string): void {
  const isOwn = (url: string): boolean =>
    URL.canParse(url, baseUrl()) && new URL(url, baseUrl()).origin === realm.location.origin;
  realm.fetch = new Proxy(realm.fetch, {
    apply(target, self, args: FetchArguments) {
      const numbered = number(args, realm, isOwn);
      if (numbered === undefined) return Reflect.apply(target, self, args);
      const [id, signal, ...rest] = numbered;
      const tell = (): void => giveUp(realm, id);
      const answer = Reflect.apply(target, self, rest);
      signal.addEventListener('abort', tell, { once: true });
      const forget = (): void => signal.removeEventListener('abort', tell);
      answer.then(forget, () => queueMicrotask(forget));
      return answer;
    },
  });
  // Service workers have none.
  if ('XMLHttpRequest' in realm) replaceXhr(realm, isOwn, (id) => giveUp(realm, id));
}

type Numbered = [id: string, signal: AbortSignal, input: RequestInfo | URL, init: RequestInit];

/** Undefined for a request that can't be given up, and for other origins, where the field would need permission (CORS). */
function number(
  [input, options]: FetchArguments,
  realm: Realm,
  isOwn: (url: string) => boolean,
): Numbered | undefined {
  try {
    const init = options ?? {};
    const request = isRequest(input) ? input : undefined;
    const url = request?.url ?? (input as string | URL).toString();
    // Null takes back the signal of the request (Fetch section 5.4, step 28).
    const signal = init.signal === undefined ? request?.signal : init.signal;
    if (!signal || signal.aborted || !isOwn(url)) return undefined;
    const id = crypto.randomUUID();
    const headers = new realm.Headers(init.headers ?? request?.headers);
    headers.set(REQUEST_ID, id);
    return [id, signal, input, { ...referrerOf(request), ...init, headers }];
  } catch {
    // `fetch` itself rejects arguments that it can't take.
    return undefined;
  }
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
