/** Paths that are the tunnel's own on every session origin. */
export const RESERVED_PREFIX = '/__wingman/';

/** The script that stands first in the app's documents. */
export const SHIM_PATH = `${RESERVED_PREFIX}shim.js`;

/** Where a browser that uses plain HTTP proves the key, and gets a cookie for it. */
export const INGRESS_TARGET = `${RESERVED_PREFIX}ingress`;

/** Names of the tunnel's own caches in a browser begin with this. */
export const CACHE_PREFIX = 'wingman-';
