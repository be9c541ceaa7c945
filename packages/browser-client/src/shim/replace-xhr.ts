import { REQUEST_ID, requestId, UPLOAD_PREFIX } from '../shared/request-fields.js';
import { beforeCall } from './before-call.js';
import { lengthOf } from './body-lengths.js';
import { UploadEvents } from './upload-events.js';

type Realm = typeof globalThis;

/** What `open` was called with, and the base of relative URLs then. */
interface Opened {
  readonly url: string;
  readonly base: string;
}

/** How URLs are read in a realm. */
export interface Addresses {
  /** The base of relative URLs now. */
  readonly base: () => string;
  readonly isOwn: (url: string, base: string) => boolean;
}

/**
 * Gives a realm's `XMLHttpRequest` a number by which it can be given up, and the events that the browser's own lacks
 * behind a service worker. What takes time is done by `send`, which takes longer itself.
 */
export function replaceXhr(
  realm: Realm,
  { base, isOwn }: Addresses,
  giveUp: (id: string) => void,
): void {
  const { prototype } = realm.XMLHttpRequest;
  const opened = new WeakMap<XMLHttpRequest, Opened>();
  const aborted = new WeakSet<XMLHttpRequest>();
  const uploads = watchUploads(realm, (xhr) => aborted.has(xhr));
  const listen = errorForCut(realm, (xhr) => aborted.has(xhr));
  before(prototype, 'abort', (xhr) => void aborted.add(xhr));
  before(prototype, 'open', (xhr, [, url, isAsync = true]) => {
    if (isAsync === true) opened.set(xhr, { url: String(url), base: base() });
    else opened.delete(xhr);
  });
  before(prototype, 'send', (xhr, [body]) => {
    const upload = uploads.get(xhr);
    const request = opened.get(xhr);
    if (request === undefined || xhr.readyState !== xhr.OPENED) return upload?.leave();
    opened.delete(xhr);
    aborted.delete(xhr);
    listen(xhr);
    if (!isOwn(request.url, request.base)) return upload?.leave();
    const id = requestId(upload === undefined ? '' : UPLOAD_PREFIX, lengthOf(body));
    xhr.setRequestHeader(REQUEST_ID, id);
    upload?.follow(id, xhr);
    const tell = (): void => giveUp(id);
    for (const type of ['abort', 'timeout']) xhr.addEventListener(type, tell, { once: true });
  });
}

/**
 * Chromium takes a body that breaks off behind a service worker for one that the page has given up. The result makes
 * an error of that. It is called before the page's first listener: to make each new request listen costs 4 µs.
 */
function errorForCut(
  realm: Realm,
  isMeant: (xhr: XMLHttpRequest) => boolean,
): (xhr: unknown) => void {
  // An app worker has none later.
  const { XMLHttpRequest, ProgressEvent } = realm;
  const addEventListener = Reflect.get(XMLHttpRequest.prototype, 'addEventListener') as (
    ...args: unknown[]
  ) => void;
  const cut = (event: Event): void => {
    const xhr = event.currentTarget as XMLHttpRequest;
    if (!event.isTrusted || isMeant(xhr)) return;
    event.stopImmediatePropagation();
    xhr.dispatchEvent(new ProgressEvent('error'));
  };
  const listen = (xhr: unknown): void => {
    // The same listener is added once.
    if (xhr instanceof XMLHttpRequest) Reflect.apply(addEventListener, xhr, ['abort', cut]);
  };
  beforeListening(XMLHttpRequest.prototype, listen);
  return listen;
}

/** Runs `act` before a listener of `abort` is added to a request, or to anything else. */
function beforeListening(prototype: XMLHttpRequest, act: (target: unknown) => void): void {
  beforeCall(prototype, 'addEventListener', ([type], target) => {
    if (type === 'abort') act(target);
  });
  let owner: object = prototype;
  while (!Object.hasOwn(owner, 'onabort')) owner = Object.getPrototypeOf(owner) as object;
  const native = Object.getOwnPropertyDescriptor(owner, 'onabort');
  Object.defineProperty(owner, 'onabort', {
    ...native,
    set(this: unknown, listener: unknown) {
      act(this);
      native?.set?.call(this, listener);
    },
  });
}

/** The uploads that pages have looked at, which is how they come to listen: nobody else needs the events. */
function watchUploads(
  realm: Realm,
  isAborted: (xhr: XMLHttpRequest) => boolean,
): WeakMap<XMLHttpRequest, UploadEvents> {
  const uploads = new WeakMap<XMLHttpRequest, UploadEvents>();
  const { prototype } = realm.XMLHttpRequest;
  const native = Object.getOwnPropertyDescriptor(prototype, 'upload');
  Object.defineProperty(prototype, 'upload', {
    ...native,
    get(this: XMLHttpRequest): unknown {
      const upload = native?.get?.call(this) as XMLHttpRequestUpload;
      if (!uploads.has(this)) {
        uploads.set(this, new UploadEvents(upload, realm, () => isAborted(this)));
      }
      return upload;
    },
  });
  return uploads;
}

/** Runs `act` before each call of a method. A proxy keeps the method's name and length. */
function before(
  prototype: XMLHttpRequest,
  name: 'open' | 'send' | 'abort',
  act: (xhr: XMLHttpRequest, args: unknown[]) => void,
): void {
  const method = Reflect.get(prototype, name) as (...args: unknown[]) => void;
  const apply = (target: typeof method, xhr: XMLHttpRequest, args: unknown[]): void => {
    act(xhr, args);
    Reflect.apply(target, xhr, args);
  };
  Reflect.set(prototype, name, new Proxy(method, { apply }));
}
