import { workerPrefix } from '../shared/service-worker-messages.js';

/** What replacing takes of a window or worker. */
interface WorkerRealm {
  Worker?: typeof Worker;
  SharedWorker?: typeof SharedWorker;
  URL: typeof URL;
  Blob: typeof Blob;
}

export interface WorkerOptionsOfOurs {
  realm: WorkerRealm;
  baseUrl: () => string;
  /** This very script, as text that runs it. */
  shim: string;
  tab: string | null;
  /** A worker of this URL is about to be started. */
  announce: (url: string, isModule: boolean) => void;
}

/**
 * Lets workers have the shim too. The service worker puts it before scripts that are fetched; those
 * in a blob it never sees, so the blob is replaced by one that begins with the shim.
 */
export function replaceWorkers(options: WorkerOptionsOfOurs): void {
  const { realm } = options;
  const replacements = new Map<string, string>();
  const blobs = keepBlobs(realm.URL, (url) => replacements.delete(url));
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
    realm.Worker = wrap(realm.Worker, (url, init, construct) => {
      if (!url.startsWith('blob:')) announce(url, init);
      const own = replaced(url);
      try {
        return construct(own);
      } finally {
        // The browser has taken the blob by now, as pages that revoke at once rely on.
        if (own !== url) realm.URL.revokeObjectURL(own);
      }
    });
  }
  if (realm.SharedWorker !== undefined) {
    realm.SharedWorker = wrap(realm.SharedWorker, (url, init, construct) => {
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
      const construct = (own: unknown): object =>
        Reflect.construct(target, [own, ...rest], newTarget) as object;
      // A trusted type must stay one, and what is missing is the browser's to complain about.
      const isPlain = typeof url === 'string' || url instanceof URL;
      return isPlain ? make(String(url), rest[0], construct) : construct(url);
    },
  });
  Object.defineProperty(native.prototype, 'constructor', {
    value: replacement,
    writable: true,
    configurable: true,
  });
  return replacement;
}

/** Blobs by the URLs they have, for as long as the browser keeps them under those. */
function keepBlobs(urls: typeof URL, gone: (url: string) => void): ReadonlyMap<string, Blob> {
  const blobs = new Map<string, Blob>();
  const create = urls.createObjectURL.bind(urls);
  const revoke = urls.revokeObjectURL.bind(urls);
  urls.createObjectURL = (object: Blob | MediaSource) => {
    const url = create(object);
    if (object instanceof Blob) blobs.set(url, object);
    return url;
  };
  urls.revokeObjectURL = (url: string) => {
    blobs.delete(url);
    gone(url);
    revoke(url);
  };
  return blobs;
}
