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
}

/** Reads a Set-Cookie line in an answer to `requestPath`; undefined where a browser would ignore it. */
export function parseSetCookie(
  line: string,
  requestPath: string,
  now: number,
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

/** The line that deletes a cookie from a browser's own store. */
export function deletionLine(name: string, path: string): string {
  // Secure, without which a browser refuses the names with a prefix.
  return `${name}=; Path=${path}; Secure; Max-Age=0`;
}
