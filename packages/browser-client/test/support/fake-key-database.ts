type Hook = (() => void) | null;

/** A request or transaction of IndexedDB, as far as its events go. */
interface Pending {
  result?: unknown;
  error: DOMException | null;
  onsuccess: Hook;
  onerror: Hook;
  onupgradeneeded: Hook;
}

/**
 * One database of a browser, with one store: it answers in later turns, as the real one does. It may be `broken`, which
 * fails every transaction, `forbidden`, which opens nothing, or `silent`, which says nothing at all.
 */
export class FakeKeyDatabase {
  readonly names: string[] = [];
  readonly records = new Map<string, unknown>();
  isOpen = false;
  manner: 'usual' | 'broken' | 'forbidden' | 'silent' = 'usual';

  get asFactory(): IDBFactory {
    return { open: (name: string) => this.#open(name) } as unknown as IDBFactory;
  }

  #open(name: string): Pending {
    if (this.manner === 'forbidden') throw new DOMException('not here', 'SecurityError');
    const request: Pending = {
      ...{ result: this.#database(), error: null },
      ...{ onsuccess: null, onerror: null, onupgradeneeded: null },
    };
    if (this.manner !== 'silent') setImmediate(() => this.#opened(name, request));
    return request;
  }

  #opened(name: string, request: Pending): void {
    this.isOpen = true;
    if (!this.names.includes(name)) {
      this.names.push(name);
      request.onupgradeneeded?.();
    }
    request.onsuccess?.();
  }

  #database(): object {
    let hasStore = this.names.length > 0;
    return {
      createObjectStore: () => (hasStore = true),
      close: () => (this.isOpen = false),
      transaction: (_: string, mode: IDBTransactionMode) => {
        if (!hasStore) throw new DOMException('no such store', 'NotFoundError');
        return this.#transaction(mode);
      },
    };
  }

  #transaction(mode: IDBTransactionMode): object {
    const transaction = {
      ...{ oncomplete: null as Hook, onabort: null as Hook, error: null },
      objectStore: () => ({
        get: (key: string) => ({ result: this.records.get(key) }),
        put: (value: unknown, key: string) => {
          if (mode !== 'readwrite') throw new DOMException('read only', 'ReadOnlyError');
          if (this.manner === 'usual') this.records.set(key, value);
          return { result: key };
        },
      }),
    };
    setImmediate(() => {
      if (this.manner === 'broken') transaction.onabort?.();
      else transaction.oncomplete?.();
    });
    return transaction;
  }
}
