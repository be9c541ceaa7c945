import { REQUEST_ID, UPLOAD_PREFIX } from '../shared/request-fields.js';
import { UploadEvents } from './upload-events.js';

type Realm = typeof globalThis;

/**
 * Gives a realm an `XMLHttpRequest` that has a number by which it can be given up, and the events that the browser's
 * own lacks behind a service worker. The class stays the browser's own behind a proxy.
 */
export function replaceXhr(
  realm: Realm,
  isOwn: (url: string) => boolean,
  giveUp: (id: string) => void,
): void {
  const { prototype } = realm.XMLHttpRequest;
  const opened = new WeakMap<XMLHttpRequest, boolean>();
  const aborted = new WeakSet<XMLHttpRequest>();
  const uploads = watchUploads(realm, (xhr) => aborted.has(xhr));
  construct(realm, (xhr) => errorForCut(xhr, realm, () => aborted.has(xhr)));
  before(prototype, 'abort', (xhr) => void aborted.add(xhr));
  before(prototype, 'open', (xhr, [, url, isAsync = true]) => {
    aborted.delete(xhr);
    opened.set(xhr, isAsync === true && isOwn(String(url)));
  });
  before(prototype, 'send', (xhr) => {
    const upload = uploads.get(xhr);
    if (opened.get(xhr) !== true || xhr.readyState !== xhr.OPENED) return upload?.leave();
    opened.delete(xhr);
    const id = (upload === undefined ? '' : UPLOAD_PREFIX) + crypto.randomUUID();
    xhr.setRequestHeader(REQUEST_ID, id);
    upload?.follow(id, xhr);
    const tell = (): void => giveUp(id);
    for (const type of ['abort', 'timeout']) xhr.addEventListener(type, tell, { once: true });
  });
}

/** Calls `made` with each new request, before any listener of the page. */
function construct(realm: Realm, made: (xhr: XMLHttpRequest) => void): void {
  const native = realm.XMLHttpRequest;
  realm.XMLHttpRequest = new Proxy(native, {
    construct(target, args, newTarget: NewableFunction): XMLHttpRequest {
      const xhr = Reflect.construct(target, args, newTarget) as XMLHttpRequest;
      made(xhr);
      return xhr;
    },
  });
  Object.defineProperty(native.prototype, 'constructor', {
    value: realm.XMLHttpRequest,
    writable: true,
    configurable: true,
  });
}

/** Chromium takes a body that breaks off behind a service worker for one that the page has given up. */
function errorForCut(target: EventTarget, realm: Realm, isMeant: () => boolean): void {
  target.addEventListener('abort', (event) => {
    if (!event.isTrusted || isMeant()) return;
    event.stopImmediatePropagation();
    target.dispatchEvent(new realm.ProgressEvent('error'));
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
