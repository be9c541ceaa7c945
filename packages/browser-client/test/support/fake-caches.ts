/** A kept response, and the request under which it is kept. */
interface Entry {
  request: Request;
  response: Response;
}

/** A browser's CacheStorage: named caches of responses by path and query, each of which can be read again. */
export class FakeCaches {
  readonly #caches = new Map<string, Map<string, Entry>>();
  /** How often anybody has looked something up. */
  matches = 0;
  /** The disk is full. */
  refusesMore = false;
  /** Settles when the disk has time to write. */
  disk: Promise<unknown> = Promise.resolve();
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

  async has(name: string): Promise<boolean> {
    return this.#caches.has(name);
  }

  async match(url: string, { cacheName }: { cacheName: string }): Promise<Response | undefined> {
    this.matches += 1;
    return this.#caches.get(cacheName)?.get(pathOf(url))?.response.clone();
  }

  /** A cache that is deleted goes on for those who have it open, and for nobody else. */
  async open(name: string) {
    const cache = this.#caches.get(name) ?? new Map<string, Entry>();
    this.#caches.set(name, cache);
    const put = (request: Request, response: Response): void => {
      cache.delete(pathOf(request.url));
      cache.set(pathOf(request.url), { request, response });
    };
    return {
      put: async (url: string | Request, response: Response) => {
        if (this.refusesMore) throw new DOMException('no room', 'QuotaExceededError');
        const { status, headers } = response;
        const body = response.body === null ? null : await response.arrayBuffer();
        await this.disk;
        put(requestOf(url), new Response(body, { status, headers }));
      },
      match: async (url: string) => {
        this.matches += 1;
        return cache.get(pathOf(url))?.response.clone();
      },
      keys: async () => [...cache.values()].map(({ request }) => request),
      delete: async (url: string | Request) => cache.delete(pathOf(requestOf(url).url)),
      add: async (url: string) => {
        const response = this.network(url);
        if (response === undefined) throw new TypeError('no network');
        put(requestOf(url), response);
      },
    };
  }
}

function requestOf(url: string | Request): Request {
  return typeof url === 'string' ? new Request(new URL(url, 'https://s.example')) : url;
}

function pathOf(url: string): string {
  const { pathname, search } = new URL(url, 'https://s.example');
  return pathname + search;
}
