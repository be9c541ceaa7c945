import { SNAPSHOT_NAME, type AppWorkerSnapshot } from '../state.js';
import { hideCaches } from '../caches.js';
import { AppContainer } from './container.js';

interface Realm {
  navigator: Navigator;
  CacheStorage?: { prototype: CacheStorage };
}

/** The browser's own container; what the app sees in its place may be there already. */
export function nativeServiceWorkers(browser: Navigator): ServiceWorkerContainer | undefined {
  const prototype: object = Object.getPrototypeOf(browser) as object;
  // Undefined where there are no service workers, as on an origin without TLS.
  return Reflect.get(prototype, 'serviceWorker', browser) as ServiceWorkerContainer | undefined;
}

/**
 * Has the app see its own service workers in place of the tunnel's; one registered natively at the
 * session's origin would take the tunnel's place. Undefined where there are no service workers.
 */
export function hostServiceWorkers(
  page: Window & { [SNAPSHOT_NAME]?: AppWorkerSnapshot },
  native: ServiceWorkerContainer | undefined,
): AppContainer | undefined {
  const snapshot = page[SNAPSHOT_NAME];
  Reflect.deleteProperty(page, SNAPSHOT_NAME);
  return native === undefined ? undefined : new AppContainer(native, snapshot);
}

/** Puts the container in place; frames without a server of their own share their parent's. */
export function showServiceWorkers(realm: Realm, container: AppContainer | undefined): void {
  if (container === undefined) return;
  Object.defineProperty(realm.navigator, 'serviceWorker', { value: container, configurable: true });
  if (realm.CacheStorage !== undefined) hideCaches(realm.CacheStorage.prototype);
}
