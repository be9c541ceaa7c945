/**
 * The cookie that names a viewer: a browser, whose tabs share the cookies of a session. The tunnel server sets this
 * cookie with HttpOnly and tells its value to the host for each link. No script sees the cookie, and the host takes
 * it out of every request, so the app doesn't see it either.
 */
export const VIEWER_COOKIE = '__Host-wingman-viewer';

/** Says that a browser may use plain HTTP. The host sets it with HttpOnly, and takes it out of every request. */
export const INGRESS_COOKIE = '__Host-wingman-ingress';

/**
 * The header field for the path of the page whose `document.cookie` is in the Cookie field. A page knows only the
 * cookies of its own path, whatever path it asks for.
 */
export const PAGE_PATH_HEADER = 'wingman-page-path';

/** One cookie of a Cookie field; a nameless one has the name ''. */
export type CookiePair = readonly [name: string, value: string];

/** Reads a Cookie field or `document.cookie` (RFC 6265 section 4.2.1). */
export function parseCookies(text: string): CookiePair[] {
  const parts = text.split(';').map((part) => part.trim());
  return parts.filter((part) => part !== '').map(splitPair);
}

/** Writes a Cookie field. */
export function formatCookies(pairs: readonly CookiePair[]): string {
  return pairs.map(([name, value]) => (name === '' ? value : `${name}=${value}`)).join('; ');
}

/** Removes the cookies that are the tunnel's own. */
export function withoutOwn(pairs: readonly CookiePair[]): CookiePair[] {
  return pairs.filter(([name]) => name !== VIEWER_COOKIE && name !== INGRESS_COOKIE);
}

function splitPair(part: string): CookiePair {
  const equals = part.indexOf('=');
  if (equals <= 0) return ['', part.slice(equals + 1)];
  return [part.slice(0, equals).trimEnd(), part.slice(equals + 1).trimStart()];
}
