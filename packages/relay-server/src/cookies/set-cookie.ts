import { Cookie, defaultPath } from 'tough-cookie';
import { HOST_LIMITS } from '../limits.js';

/** A cookie that the app has set. The domain is always localhost and no other. */
export interface AppCookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly httpOnly: boolean;
  /** In milliseconds since 1970; Infinity for a cookie of the session, in the past to delete it. */
  readonly expiresAt: number;
  /** In milliseconds since 1970. */
  readonly storedAt: number;
  /** The ports whose pages have its present value, and since when. Each has an origin of its own in a browser. */
  readonly shownAt: ReadonlyMap<number, number>;
}

/**
 * Reads a Set-Cookie line in an answer to `requestPath`, which goes on to a page of the port `home`; undefined where a
 * browser would ignore it.
 */
export function parseSetCookie(
  line: string,
  requestPath: string,
  now: number,
  home: number,
): AppCookie | undefined {
  if (line.length > HOST_LIMITS.cookieLineBytes) return undefined;
  const cookie = Cookie.parse(line, { loose: true });
  if (cookie === undefined) return undefined;
  const { key: name, value, httpOnly } = cookie;
  if (name.length + value.length > HOST_LIMITS.cookieBytes) return undefined;
  if ((name === '' && value === '') || breaksPrefix(cookie)) return undefined;
  return {
    name,
    value,
    httpOnly,
    path: cookie.path ?? defaultPath(requestPath),
    expiresAt: cookie.expiryTime(new Date(now)) ?? Infinity,
    storedAt: now,
    shownAt: new Map([[home, now]]),
  };
}

/** RFC 6265bis section 4.1.3; a nameless cookie may not look like one with a prefix. */
function breaksPrefix({ key, value, secure, path, domain }: Cookie): boolean {
  const name = (key === '' ? value : key).toLowerCase();
  const isHost = name.startsWith('__host-');
  if (!isHost && !name.startsWith('__secure-')) return false;
  if (key === '' || !secure) return true;
  return isHost && (path !== '/' || domain !== null);
}

/** The line for a browser's own store, where the page's path would stand in for a missing one. */
export function visibleLine(line: string, { path }: AppCookie): string {
  const [pair = '', ...attributes] = line.split(';');
  const kept = attributes.filter((attribute) => !/^\s*(?:path|domain)\s*(?:=|$)/i.test(attribute));
  return [pair, ...kept, ` Path=${path}`].join(';');
}

/** The line that shows a cookie to the pages of another port than it was set for. */
export function mirrorLine({ name, value, path, expiresAt }: AppCookie, now: number): string {
  const pair = name === '' ? value : `${name}=${value}`;
  const life = Math.ceil((expiresAt - now) / 1_000);
  return `${pair}; Path=${path}; Secure${Number.isFinite(life) ? `; Max-Age=${life}` : ''}`;
}

/** The line that deletes a cookie from a browser's own store. */
export function deletionLine(name: string, path: string): string {
  // Secure, without which a browser refuses the names with a prefix.
  return `${name}=; Path=${path}; Secure; Max-Age=0`;
}
