import { GIVEN_UP_CHANNEL, REQUEST_ID } from '../shared/request-fields.js';

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
  if ('XMLHttpRequest' in realm) numberXhr(realm, isOwn);
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

function numberXhr(realm: Realm, isOwn: (url: string) => boolean): void {
  const { prototype } = realm.XMLHttpRequest;
  const opened = new WeakMap<XMLHttpRequest, boolean>();
  before(prototype, 'open', (xhr, [, url, isAsync = true]) => {
    opened.set(xhr, isAsync === true && isOwn(String(url)));
  });
  before(prototype, 'send', (xhr) => {
    if (opened.get(xhr) !== true || xhr.readyState !== xhr.OPENED) return;
    opened.delete(xhr);
    const id = crypto.randomUUID();
    xhr.setRequestHeader(REQUEST_ID, id);
    const tell = (): void => giveUp(realm, id);
    for (const type of ['abort', 'timeout']) xhr.addEventListener(type, tell, { once: true });
  });
}

/** Runs `act` before each call of a method. A proxy keeps the method's name and length. */
function before(
  prototype: XMLHttpRequest,
  name: 'open' | 'send',
  act: (xhr: XMLHttpRequest, args: unknown[]) => void,
): void {
  const method = Reflect.get(prototype, name) as (...args: unknown[]) => void;
  const apply = (target: typeof method, xhr: XMLHttpRequest, args: unknown[]): void => {
    act(xhr, args);
    Reflect.apply(target, xhr, args);
  };
  Reflect.set(prototype, name, new Proxy(method, { apply }));
}

function giveUp(realm: Realm, id: string): void {
  const channel = new realm.BroadcastChannel(GIVEN_UP_CHANNEL);
  channel.postMessage(id);
  channel.close();
}
