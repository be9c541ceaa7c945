/** A browser's CacheStorage, in memory. What it keeps is kept for each `FakeCaches`, whatever class shows it. */
export type Kept = Map<string, Map<string, Response>>;

class FakeCache {
  constructor(
    private readonly entries: Map<string, Response>,
    private readonly origin: string,
  ) {}

  async put(key: string, response: Response): Promise<void> {
    const url = new URL(key, this.origin).href;
    // Nobody can read an opaque response: it is kept as it is.
    if (response.status === 0) return void this.entries.set(url, response);
    const { status, statusText, headers } = response;
    const body = await response.arrayBuffer();
    const isEmpty = [204, 205, 304].includes(status);
    const kept = new Response(isEmpty ? null : body, { status, statusText, headers });
    this.entries.set(url, kept);
  }

  match(key: string): Promise<Response | undefined> {
    const found = this.entries.get(new URL(key, this.origin).href);
    return Promise.resolve(found?.status === 0 ? found : found?.clone());
  }

  keys(): Promise<{ url: string }[]> {
    return Promise.resolve([...this.entries.keys()].map((url) => ({ url })));
  }

  delete(key: string): Promise<boolean> {
    return Promise.resolve(this.entries.delete(new URL(key, this.origin).href));
  }
}

/** Each scope has a class of its own, as each has in browsers: `hideCaches` changes its prototype. */
export function cacheStorageClass(origin: string, kept: Kept): new () => CacheStorage {
  class FakeCacheStorage {
    open(name: string): Promise<FakeCache> {
      const entries = kept.get(name) ?? new Map<string, Response>();
      kept.set(name, entries);
      return Promise.resolve(new FakeCache(entries, origin));
    }

    has(name: string): Promise<boolean> {
      return Promise.resolve(kept.has(name));
    }

    delete(name: string): Promise<boolean> {
      return Promise.resolve(kept.delete(name));
    }

    keys(): Promise<string[]> {
      return Promise.resolve([...kept.keys()]);
    }

    async match(key: string, { cacheName }: { cacheName: string }): Promise<Response | undefined> {
      const entries = kept.get(cacheName);
      return entries && new FakeCache(entries, origin).match(key);
    }
  }
  // What the package uses of it.
  return FakeCacheStorage as unknown as new () => CacheStorage;
}
