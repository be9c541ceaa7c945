import { APP_CACHE_PREFIX } from '../caches.js';
import type { Version } from './versions.js';

/** The scripts of each version, as they were when it was installed. */
export class ScriptStore {
  constructor(private readonly caches: CacheStorage) {}

  async put(version: string, script: string, response: Response): Promise<void> {
    const cache = await this.caches.open(cacheOf(version));
    await cache.put(keyOf(script), response);
  }

  async get(version: string, script: string): Promise<Response | undefined> {
    return this.caches.match(keyOf(script), { cacheName: cacheOf(version) });
  }

  /** Addresses of all scripts that a version has been given. */
  async list(version: string): Promise<string[]> {
    if (!(await this.caches.has(cacheOf(version)))) return [];
    const keys = await (await this.caches.open(cacheOf(version))).keys();
    return keys.map(({ url }) => new URL(url).searchParams.get('script') ?? '');
  }

  async drop({ id }: Version): Promise<void> {
    await this.caches.delete(cacheOf(id));
  }
}

function cacheOf(version: string): string {
  return `${APP_CACHE_PREFIX}${version}`;
}

/** A reserved path, so that an app that looks into all caches doesn't find it. */
function keyOf(script: string): string {
  return `/__wingman/app-script?${new URLSearchParams({ script }).toString()}`;
}
