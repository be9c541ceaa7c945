import type { Header } from '@wingman/protocol';
import { stripHopByHop } from '@wingman/protocol';
import type { LocationRule } from './local-context.js';

const LOCATIONS = new Set(['location', 'content-location']);

/** The app's response headers as the session's origin may show them. */
export function publicResponseHeaders(headers: Header[], { port, origin }: LocationRule): Header[] {
  return stripHopByHop(headers).map((header) => {
    if (port !== undefined && LOCATIONS.has(header.name)) {
      return { ...header, value: publicLocation(header.value, port, origin) };
    }
    if (header.name === 'set-cookie') return { ...header, value: withoutDomain(header.value) };
    return header;
  });
}

/** Points an absolute URL of the local port at the session; every other reference stays as it is. */
export function publicLocation(
  value: string,
  localPort: number,
  sessionOrigin: string | undefined,
): string {
  const match = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::(\d+))?(?=[/?#]|$)/i.exec(value);
  if (match === null || Number(match[1] ?? 80) !== localPort) return value;
  const rest = value.slice(match[0].length);
  if (sessionOrigin !== undefined) return sessionOrigin + rest;
  // Collapsed: a reference that starts with two slashes would name another host. To browsers a backslash is one too,
  // and a tab is nothing (URL Standard, "basic URL parser").
  return `/${rest.replace(/^[/\\\t]+/, '')}`;
}

/** A cookie stays with its session: on a shared domain `Domain=` would hand it to other sessions. */
function withoutDomain(cookie: string): string {
  return cookie.replace(/;\s*domain\s*=[^;]*/gi, '');
}

/** Leaves out headers by (lower-case) name. */
export function without(headers: Header[], ...names: string[]): Header[] {
  return headers.filter(({ name }) => !names.includes(name));
}
