import {
  header,
  headersFromRaw,
  isLinkId,
  newLinkId,
  parseCookies,
  stripHopByHop,
  VIEWER_COOKIE,
  type Header,
} from '@wingman/protocol';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { TLSSocket } from 'node:tls';

/** The longest that browsers keep a cookie: 400 days. */
const MAX_AGE_SECONDS = 400 * 24 * 60 * 60;

/** Who sends this request, by its cookie: 32 lower-case hex characters; empty when it has none. */
export function viewerIdOf({ headers }: IncomingMessage): string {
  const pairs = parseCookies(headers.cookie ?? '');
  return pairs.find(([name, id]) => name === VIEWER_COOKIE && isLinkId(id))?.[1] ?? '';
}

/**
 * The Set-Cookie line that gives a browser its id; none when it has one. HttpOnly, so that no script
 * of the app can take it elsewhere; Lax, so that another site's requests come without it.
 */
export function newViewerCookie(req: IncomingMessage): string[] {
  return viewerIdOf(req) === '' ? [viewerCookie(newLinkId())] : [];
}

/** The Set-Cookie line that gives a browser this id. */
export function viewerCookie(id: string): string {
  const attributes = `Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${MAX_AGE_SECONDS}`;
  return `${VIEWER_COOKIE}=${id}; ${attributes}`;
}

/** No address is longer; a proxy could write anything. */
const MAX_ADDRESS_CHARS = 64;

/** The other end of the connection, without `::ffff:` in front of an IPv4 address. */
export function peerAddress(req: IncomingMessage): string {
  return (req.socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '');
}

/** Whether the request says that it has come through a proxy. */
export function isForwarded({ headers }: IncomingMessage): boolean {
  return headers['x-forwarded-for'] !== undefined || headers['forwarded'] !== undefined;
}

/** Who asks: the other end of the connection or, behind a trusted proxy, the address that the proxy has named last. */
export function clientAddress(req: IncomingMessage, trustProxy: boolean): string {
  const named = trustProxy ? [req.headers['x-forwarded-for']].flat().join(',') : '';
  return named.split(',').at(-1)?.trim().slice(0, MAX_ADDRESS_CHARS) || peerAddress(req);
}

/** What one client has to itself: an IPv4 address, or a /64 of IPv6 (RFC 6177 section 2). */
export function clientNetwork(address: string): string {
  if (isIP(address) !== 6) return address;
  const [left = [], right = []] = address.split('::').map((half) => half.split(':'));
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  const groups = [...left, ...zeros, ...right].slice(0, 4);
  return groups.map((group) => Number.parseInt(group || '0', 16)).join(':');
}

export interface ForwardedOptions {
  trustProxy: boolean;
  scheme: SchemeOf;
}

/** The scheme of a request as its browser sees it. */
export type SchemeOf = (req: Pick<IncomingMessage, 'socket'>) => 'http' | 'https';

/** The connection's where TLS ends here, else that of the public URL: a proxy may be in front. */
export function schemeOf(
  { socket }: Pick<IncomingMessage, 'socket'>,
  { scheme }: { readonly scheme: 'http' | 'https' },
): 'http' | 'https' {
  return socket instanceof TLSSocket ? 'https' : scheme;
}

/** What a client may not say about itself: only a proxy of ours knows. */
const CLAIMS = /^(?:x-forwarded-.*|forwarded|x-real-ip)$/;
/** Node has answered `Expect: 100-continue` already (RFC 9110 section 10.1.1). */
const ANSWERED_HERE = 'expect';

/** The header fields the app is given: end-to-end ones, and who the request came from. */
export function forwardedHeaders(req: IncomingMessage, options: ForwardedOptions): Header[] {
  const own = stripHopByHop(headersFromRaw(req.rawHeaders)).filter(
    ({ name }) => name !== ANSWERED_HERE && !CLAIMS.test(name),
  );
  return [
    ...own,
    header('x-forwarded-for', forwardedFor(req, options.trustProxy)),
    header('x-forwarded-host', req.headers.host ?? ''),
    header('x-forwarded-proto', forwardedProto(req, options)),
  ];
}

function forwardedFor(req: IncomingMessage, trustProxy: boolean): string {
  const before = trustProxy ? req.headers['x-forwarded-for'] : undefined;
  return [before, peerAddress(req)].flat().filter(Boolean).join(', ');
}

function forwardedProto(req: IncomingMessage, options: ForwardedOptions): string {
  const said = options.trustProxy ? req.headers['x-forwarded-proto'] : undefined;
  return said === 'http' || said === 'https' ? said : options.scheme(req);
}
