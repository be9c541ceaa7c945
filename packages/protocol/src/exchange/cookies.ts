import { COOKIE_LIMITS } from '../limits.js';

/**
 * The cookie that names a viewer: a browser, whose tabs share the cookies of a session. The tunnel server sets this
 * cookie with HttpOnly and tells its value to the host for each link. No script sees the cookie, and the host takes
 * it out of every request, so the app doesn't see it either.
 */
export const VIEWER_COOKIE = '__Host-wingman-viewer';

/** Says that a browser may use plain HTTP. The host sets it with HttpOnly, and takes it out of every request. */
export const INGRESS_COOKIE = '__Host-wingman-ingress';

/**
 * The same by plain HTTP, where browsers take no cookie that begins with `__Host-`. The port follows, because browsers
 * give the cookies of an address to every port of it.
 */
export const PLAIN_INGRESS_COOKIE = 'wingman-ingress-';

/** Says that a browser has been shown the operator's notice. The tunnel server sets it with HttpOnly. */
export const NOTICE_COOKIE = '__Host-wingman-notice';

/**
 * Names the cookies that scripts of the app have written. A page of another session can set cookies for the domain
 * above both, but none whose name has this prefix (RFC 6265bis section 4.1.3.2). So a cookie that is not named here,
 * and that the host has not passed on from the app, is somebody else's.
 */
export const SCRIPTED_COOKIE = '__Host-wingman-scripted';

/** Another port's page has sent this browser to the main session's door, and says by which arrival it knows the browser. */
export const ARRIVAL_COOKIE = '__Host-wingman-arrival';

const OWN: ReadonlySet<string> = new Set([
  VIEWER_COOKIE,
  ARRIVAL_COOKIE,
  INGRESS_COOKIE,
  NOTICE_COOKIE,
  SCRIPTED_COOKIE,
]);

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

/** Whether a cookie is the tunnel's own. */
export function isOwnCookie(name: string): boolean {
  return OWN.has(name) || name.startsWith(PLAIN_INGRESS_COOKIE);
}

/** Removes the cookies that are the tunnel's own. */
export function withoutOwn(pairs: readonly CookiePair[]): CookiePair[] {
  return pairs.filter(([name]) => !isOwnCookie(name));
}

/** The names in the SCRIPTED_COOKIE, in the form of a Cookie field: a character for each byte. */
export function scriptedNames(pairs: readonly CookiePair[]): ReadonlySet<string> {
  const names = scriptedMarks(pairs).map((mark) =>
    mark.slice(1).replace(/%([0-9A-F]{2})/g, (_, byte: string) => byteOf(byte)),
  );
  return new Set(names);
}

/** The line that adds a name to the SCRIPTED_COOKIE; undefined when the name is there already. */
export function scriptedLine(pairs: readonly CookiePair[], name: string): string | undefined {
  const known = scriptedMarks(pairs);
  // Browsers write half of a surrogate pair as U+FFFD. The dot is for cookies without a name.
  const mark = `.${encodeURIComponent(name.replace(/\p{Cs}/gu, '\ufffd'))}`;
  if (known.includes(mark)) return undefined;
  const marks = [...known, mark].slice(-COOKIE_LIMITS.scriptedNames);
  return `${SCRIPTED_COOKIE}=${marks.join('/')}; Path=/; Secure; SameSite=Lax; Max-Age=34560000`;
}

function scriptedMarks(pairs: readonly CookiePair[]): string[] {
  const value = pairs.find(([name]) => name === SCRIPTED_COOKIE)?.[1] ?? '';
  return value.split('/').filter((mark) => mark.startsWith('.'));
}

function byteOf(hex: string): string {
  return String.fromCharCode(Number.parseInt(hex, 16));
}

function splitPair(part: string): CookiePair {
  const equals = part.indexOf('=');
  if (equals <= 0) return ['', part.slice(equals + 1)];
  return [part.slice(0, equals).trimEnd(), part.slice(equals + 1).trimStart()];
}
