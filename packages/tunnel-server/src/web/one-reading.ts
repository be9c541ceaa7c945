import { BAD_REQUEST, CODING_UNKNOWN, type Problem } from '@wingman/protocol';
import type { IncomingMessage } from 'node:http';

/**
 * Makes sure that a request has one reading for everybody who decides about it. The target becomes a path, also
 * when the client has sent it in absolute form (RFC 9112 section 3.2.2). Returns the problem of a request that two
 * programs could read in two ways.
 */
export function oneReading(req: IncomingMessage): Problem | undefined {
  if (count(req, 'host') > 1) return BAD_REQUEST;
  const coding = req.headers['transfer-encoding'];
  // Node undoes no other coding (RFC 9112 section 6.1), and the field goes no further than this hop.
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') return CODING_UNKNOWN;
  const target = originForm(req.url ?? '/', req.headers.host ?? '');
  if (target === undefined) return BAD_REQUEST;
  req.url = target;
  return undefined;
}

/** The path and query of a target; undefined when the target names another authority than the Host field does. */
export function originForm(target: string, host: string): string | undefined {
  if (target.startsWith('/') || target === '*') return target;
  if (!URL.canParse(target)) return undefined;
  const { host: named, password, pathname, protocol, search, username } = new URL(target);
  const own = `${protocol}//${host}`;
  const isOwn = named !== '' && URL.canParse(own) && new URL(own).host === named;
  return isOwn && username + password === '' ? pathname + search : undefined;
}

function count({ rawHeaders }: IncomingMessage, name: string): number {
  return rawHeaders.filter((field, index) => index % 2 === 0 && field.toLowerCase() === name)
    .length;
}
