/** Paths below this prefix are never the app's. */
const RESERVED = '/__wingman';

/**
 * The paths that a request's target may mean. A server may read percent-encoded characters, backslashes,
 * repeated slashes and dot segments in its own way: what holds for a path must hold for each reading. The
 * last one is the path without all of them.
 */
export function readingsOf(target: string): readonly [raw: string, slashed: string, path: string] {
  const raw = target.replace(/[?#].*$/s, '');
  const decoded = raw.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  const slashed = decoded.replaceAll('\\', '/').replace(/\/+/g, '/');
  return [raw, slashed, withoutDotSegments(slashed)];
}

/** Whether a path is the prefix or below it. */
export function isBelow(prefix: string, path: string): boolean {
  return path === prefix || path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`);
}

/** No reading of a target without either is reserved: it takes a percent sign to write the prefix in another way. */
const MAY_BE_RESERVED = /__wingman|%/;

/** The path under the reserved prefix that a target means, or undefined when it is the app's: reserved in one reading is reserved. */
export function reservedPath(target: string): string | undefined {
  if (!MAY_BE_RESERVED.test(target)) return undefined;
  const readings = readingsOf(target);
  return readings.some((path) => isBelow(RESERVED, path)) ? readings[2] : undefined;
}

/** RFC 3986 section 5.2.4, for a path that starts with a slash. */
function withoutDotSegments(path: string): string {
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  for (const segment of segments) {
    if (segment === '..') kept.pop();
    else if (segment !== '.') kept.push(segment);
  }
  return `/${kept.join('/')}`;
}
