import { around, beforeCall } from './before-call.js';
import { workerPrefix } from '../shared/service-worker-messages.js';

/** The parts of a window or worker that are replaced or used. */
interface WorkerRealm {
  Worker?: typeof Worker;
  SharedWorker?: typeof SharedWorker;
  URL: typeof URL;
  Blob: typeof Blob;
}

export interface WorkerOptionsOfOurs {
  realm: WorkerRealm;
  baseUrl: () => string;
  /** The shim as text, which runs when it is evaluated. */
  shim: string;
  tab: string | null;
  /** The place in the session that a URL means by the app's own address; undefined for all others. */
  inSession: (url: string) => string | undefined;
  /** A worker of this URL is about to be started. */
  announce: (url: string, isModule: boolean) => void;
}

/**
 * Gives workers the shim too. The service worker puts the shim before scripts that are fetched. It
 * never sees the scripts in blobs, so a worker of a blob gets another blob that begins with the shim.
 */
export function replaceWorkers(options: WorkerOptionsOfOurs): void {
  const { realm } = options;
  const replacements = new Map<string, string>();
  const blobs = keepBlobs(realm.URL, (url) => {
    const own = replacements.get(url);
    replacements.delete(url);
    if (own !== undefined) realm.URL.revokeObjectURL(own);
  });
  const replaced = (url: string): string => {
    const blob = blobs.get(url);
    if (blob === undefined) return url;
    const prefix = workerPrefix(options.shim, options.tab);
    return realm.URL.createObjectURL(new realm.Blob([prefix, blob], { type: blob.type }));
  };
  const announce = (url: string, init: unknown): void => {
    const { type } = Object(init) as { type?: unknown };
    if (URL.canParse(url, options.baseUrl())) {
      options.announce(new URL(url, options.baseUrl()).href, type === 'module');
    }
  };
  if (realm.Worker !== undefined) {
    realm.Worker = wrap(realm.Worker, (given, init, construct) => {
      const url = options.inSession(given) ?? given;
      if (!url.startsWith('blob:')) announce(url, init);
      const own = replaced(url);
      try {
        return construct(own);
      } finally {
        // The browser holds the blob by now. Pages that revoke a URL at once rely on that, too.
        if (own !== url) realm.URL.revokeObjectURL(own);
      }
    });
  }
  if (realm.SharedWorker !== undefined) {
    realm.SharedWorker = wrap(realm.SharedWorker, (given, init, construct) => {
      const url = options.inSession(given) ?? given;
      if (!url.startsWith('blob:')) announce(url, init);
      // The same URL has to name the same worker each time.
      const own = replacements.get(url) ?? replaced(url);
      if (own !== url) replacements.set(url, own);
      return construct(own);
    });
  }
}

type Construct = (url: string) => object;

function wrap<T extends typeof Worker | typeof SharedWorker>(
  native: T,
  make: (url: string, init: unknown, construct: Construct) => object,
): T {
  const replacement = new Proxy(native, {
    construct(target, args: unknown[], newTarget: NewableFunction): object {
      const [url, ...rest] = args;
      const construct = (...own: unknown[]): object =>
        Reflect.construct(target, own, newTarget) as object;
      return isPlain(url)
        ? make(String(url), rest[0], (own) => construct(own, ...rest))
        : construct(...args);
    },
  });
  Object.defineProperty(native.prototype, 'constructor', {
    value: replacement,
    writable: true,
    configurable: true,
  });
  return replacement;
}

/** Whether an argument is a text or a URL of any realm. Others go on as they are: a trusted type must stay one. */
function isPlain(url: unknown): url is string | URL {
  return typeof url === 'string' || Object.prototype.toString.call(url) === '[object URL]';
}

/** Keeps each blob by its URL, for as long as the browser does. */
function keepBlobs(urls: typeof URL, gone: (url: string) => void): ReadonlyMap<string, Blob> {
  const blobs = new Map<string, Blob>();
  around(urls, 'createObjectURL', (native, self, args) => {
    const url = Reflect.apply(native, self, args) as string;
    const object = args[0] as Blob | MediaSource;
    // A MediaSource has no size. `instanceof` would miss the blobs of other realms.
    if ('size' in object) blobs.set(url, object);
    return url;
  });
  beforeCall(urls, 'revokeObjectURL', ([given]) => {
    const url = String(given);
    blobs.delete(url);
    gone(url);
  });
  return blobs;
}
