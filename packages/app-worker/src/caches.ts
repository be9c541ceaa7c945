import { CACHE_PREFIX } from '@wingman/protocol';

/** Names of the caches that hold app workers begin with this. */
export const APP_CACHE_PREFIX = `${CACHE_PREFIX}app-`;

/** Opaque responses pass from the emulation to the service worker through this cache. */
export const HANDOVER_CACHE = `${APP_CACHE_PREFIX}handover`;

type ByName = (name: string) => unknown;

/** Hides the tunnel's caches from the scripts of a realm: apps that tidy up delete every cache that they don't know. */
export function hideCaches(realm: { CacheStorage?: { prototype: CacheStorage } }): void {
  const prototype = realm.CacheStorage?.prototype;
  if (prototype === undefined) return;
  const isOurs = (name: unknown): boolean => String(name).startsWith(CACHE_PREFIX);
  const except = (method: 'has' | 'delete' | 'open', refuse: () => unknown): void => {
    const native = Reflect.get(prototype, method) as ByName;
    Reflect.set(prototype, method, function (this: CacheStorage, name: string) {
      return isOurs(name) ? refuse() : native.call(this, name);
    });
  };
  except('has', () => Promise.resolve(false));
  except('delete', () => Promise.resolve(false));
  except('open', () => {
    const message = `Names that begin with ${CACHE_PREFIX} are taken.`;
    return Promise.reject(new DOMException(message, 'SecurityError'));
  });
  const keys: unknown = Reflect.get(prototype, 'keys');
  Reflect.set(prototype, 'keys', async function (this: CacheStorage) {
    const names = await (keys as CacheStorage['keys']).call(this);
    return names.filter((name) => !isOurs(name));
  });
  hideAnswers(prototype, isOurs);
}

/** `match` without a name looks through all caches in the order of `keys` (Service Workers section 5.5.1). */
function hideAnswers(prototype: CacheStorage, isOurs: (name: unknown) => boolean): void {
  const native: unknown = Reflect.get(prototype, 'match');
  const match: CacheStorage['match'] = async function (this: CacheStorage, request, options = {}) {
    const { cacheName } = options;
    const names = cacheName === undefined ? await this.keys() : [cacheName];
    for (const name of names.filter((each) => !isOurs(each))) {
      const found = await (native as CacheStorage['match']).call(this, request, {
        ...options,
        cacheName: name,
      });
      if (found !== undefined) return found;
    }
    return undefined;
  };
  Reflect.set(prototype, 'match', match);
}
