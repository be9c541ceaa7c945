import { isDoor } from './door.js';

export const SERVICE_WORKER_SCRIPT = '/__wingman/sw.js';

/** The form of an address with a whole link key: 16 bytes in base64url. */
const WITH_KEY = /^#k=[\w-]{22}(#|$)/;

/** A tab of a browser that may know Trusted Types. */
interface TrustingTab {
  readonly location: { readonly origin: string };
  readonly trustedTypes?: {
    createPolicy(name: string, rules: { createScriptURL(url: string): string }): unknown;
  };
}

/**
 * Lets the shell start workers from our own origin, and nothing else: with no other rule, text becomes neither HTML
 * nor script (Trusted Types section 4.3, "default policy").
 */
export function trustOwnScripts({ location, trustedTypes }: TrustingTab): void {
  trustedTypes?.createPolicy('default', {
    createScriptURL: (url) => {
      if (new URL(url, location.origin).origin === location.origin) return url;
      throw new TypeError(`${url} is no script of this session`);
    },
  });
}

/**
 * Begins the registration of the service worker when the address has the key. The script that calls this comes with
 * the first bytes of the page, so that the service worker's code is on its way while the page's is.
 */
export function registerEarly({
  location,
  navigator,
}: Pick<Window, 'location' | 'navigator'>): void {
  if (WITH_KEY.test(location.hash) && !isDoor(location)) register(navigator.serviceWorker);
}

/** Begins the registration; the shell registers the script again later, and looks at the outcome then. */
export function register(container: ServiceWorkerContainer | undefined): void {
  container
    ?.register(SERVICE_WORKER_SCRIPT, { scope: '/', updateViaCache: 'none' })
    .catch(() => undefined);
}
