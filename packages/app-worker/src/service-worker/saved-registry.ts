import { APP_CACHE_PREFIX } from '../caches.js';
import type { RegistryStore, Saved } from './registry.js';

const CACHE_NAME = `${APP_CACHE_PREFIX}registrations`;
const KEY = '/__wingman/app-registrations';

/** Keeps the registrations in a cache: it is there in every browser, and goes with the session's others. */
export function savedRegistry(caches: CacheStorage): RegistryStore {
  return {
    async read() {
      const response = await caches.match(KEY, { cacheName: CACHE_NAME });
      // Only `write` puts anything there.
      return (await response?.json()) as Saved | undefined;
    },
    async write(saved) {
      if (saved.registrations.length === 0) {
        await caches.delete(CACHE_NAME);
        return;
      }
      const cache = await caches.open(CACHE_NAME);
      await cache.put(KEY, new Response(JSON.stringify(saved)));
    },
  };
}

/** Whether there is anything to read. */
export function hasSavedRegistry(caches: CacheStorage): Promise<boolean> {
  return caches.has(CACHE_NAME);
}
