/** A browser's CacheStorage: named caches of responses by path, each of which can be read again. */
export class FakeCaches {
  readonly #caches = new Map<string, Map<string, Response>>();
  /** How often anybody has looked something up. */
  matches = 0;
  /** What the network has for `add`; undefined fails. */
  network: (path: string) => Response | undefined = () => undefined;

  get asCaches(): CacheStorage {
    return this as unknown as CacheStorage;
  }

  /** Paths in a cache. */
  pathsIn(name: string): string[] {
    return [...(this.#caches.get(name)?.keys() ?? [])];
  }

  async keys(): Promise<string[]> {
    return [...this.#caches.keys()];
  }

  async delete(name: string): Promise<boolean> {
    return this.#caches.delete(name);
  }

  async match(url: string, { cacheName }: { cacheName: string }): Promise<Response | undefined> {
    this.matches += 1;
    return this.#caches.get(cacheName)?.get(pathOf(url))?.clone();
  }

  async open(name: string) {
    const cache = this.#caches.get(name) ?? new Map<string, Response>();
    this.#caches.set(name, cache);
    return {
      put: async (url: string, response: Response) => void cache.set(pathOf(url), response),
      delete: async (url: string) => cache.delete(pathOf(url)),
      add: async (url: string) => {
        const response = this.network(url);
        if (response === undefined) throw new TypeError('no network');
        cache.set(pathOf(url), response);
      },
    };
  }
}

function pathOf(url: string): string {
  return new URL(url, 'https://s.example').pathname;
}
