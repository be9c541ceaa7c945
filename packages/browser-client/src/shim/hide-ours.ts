import { KEY_DATABASE } from '../shared/shell-api.js';
import { around } from './before-call.js';

// Hides what a page would see of us beside its own things.

/** Shows the scripts of a realm no database but the app's: many apps delete all that there are when a user logs out. */
export function hideKeyDatabase(realm: { IDBFactory?: { prototype: IDBFactory } }): void {
  const prototype = realm.IDBFactory?.prototype;
  if (prototype === undefined || !('databases' in prototype)) return;
  around(prototype, 'databases', async (native, self) => {
    const all = (await Reflect.apply(native, self, [])) as IDBDatabaseInfo[];
    return all.filter(({ name }) => name !== KEY_DATABASE);
  });
}

/**
 * Shows a page's scripts the timings of what it loads as on localhost: of the app's own by HTTP/1.1, and without the
 * shim, which is the first. Browsers name no protocol for what a service worker answers.
 */
export function hideInTimings(page: Window & typeof globalThis, shim: string | undefined): void {
  const { performance } = page;
  const own = `${page.location.origin}/`;
  const [first, ...others] = performance.getEntriesByType('resource');
  // More may have come by now, and browsers forget all or nothing.
  if (first !== undefined && first.name === shim && others.length === 0) {
    performance.clearResourceTimings();
  }
  const { prototype } = page.PerformanceResourceTiming;
  const native = Object.getOwnPropertyDescriptor(prototype, 'nextHopProtocol');
  Object.defineProperty(prototype, 'nextHopProtocol', {
    ...native,
    get(this: PerformanceResourceTiming): unknown {
      const named: unknown = native?.get?.call(this);
      return named === '' && this.name.startsWith(own) ? 'http/1.1' : named;
    },
  });
}
