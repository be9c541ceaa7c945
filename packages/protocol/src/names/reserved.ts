/** Paths that are the tunnel's own on every session origin. */
export const RESERVED_PREFIX = '/__wingman/';

/** The script that stands first in the app's documents. */
export const SHIM_PATH = `${RESERVED_PREFIX}shim.js`;

/** Where a browser that uses plain HTTP proves the key, and gets a cookie for it. */
export const INGRESS_TARGET = `${RESERVED_PREFIX}ingress`;

/** Names of the tunnel's own caches in a browser begin with this. */
export const CACHE_PREFIX = 'wingman-';

/** On a viewer's link, a GET of this target is answered by the host itself, with a PortsAnswer as JSON. */
export const PORTS_TARGET = `${RESERVED_PREFIX}ports`;

/** The ports of the developer's machine that a viewer's requests may name. */
export interface PortsAnswer {
  /** The shared port: the app's origin there is `http://localhost:<port>`. */
  port: number;
  /** Those allowed beside it. */
  also: number[];
}
