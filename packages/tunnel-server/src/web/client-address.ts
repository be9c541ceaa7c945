import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** No address is longer; what a proxy writes is not ours. */
const MAX_CHARS = 64;

/** The other end of the connection, without `::ffff:` in front of an IPv4 address. */
export function peerAddress(req: IncomingMessage): string {
  return (req.socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '');
}

/** Who asks: the other end of the connection or, when that is a proxy of ours, whom the proxy has named last. */
export function clientAddress(req: IncomingMessage, trustProxy: boolean): string {
  const named = trustProxy ? [req.headers['x-forwarded-for']].flat().join(',') : '';
  return named.split(',').at(-1)?.trim().slice(0, MAX_CHARS) || peerAddress(req);
}

/** What one client has to itself: an IPv4 address, or a /64 of IPv6 (RFC 6177 section 2). */
export function clientNetwork(address: string): string {
  if (isIP(address) !== 6) return address;
  const [left = [], right = []] = address.split('::').map((half) => half.split(':'));
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  const groups = [...left, ...zeros, ...right].slice(0, 4);
  return groups.map((group) => Number.parseInt(group || '0', 16)).join(':');
}
