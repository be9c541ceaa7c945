import { decodeMessage, DialPreface, encodeMessage, isLinkId } from '@wingman/protocol';
import { lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import type { WebSocket } from 'ws';

/** The Server field (RFC 9110 section 10.2.4) of pages that are Wingman's own, by which `wingman` knows them. */
export const OWN_SERVER = 'Wingman';

/**
 * Finds all addresses of a server's name. Without it Node asks for those of the families that the network has, and where
 * that is IPv6 alone, `localhost` has none.
 */
export const allAddresses: LookupFunction = (name, options, callback) =>
  lookup(name, { ...options, hints: 0 }, callback);

/** Where hosts connect to the tunnel server: for signaling… */
export const HOST_PATH = '/__wingman/host';
/** …and for a dial-back, which the server has asked for. */
export const DIAL_PATH = '/__wingman/dial';

/** What a dial-back is for. */
export type DialPurposeName = 'relay' | 'ingress';

/** What a dial-back says about itself in its URL; the token travels in a header field. */
export interface Dial {
  readonly session: string;
  readonly purpose: DialPurposeName;
}

/** The WebSocket URL of a path at a server's origin. */
export function webSocketUrl(server: URL, path: string): URL {
  const url = new URL(path, server);
  url.protocol = server.protocol === 'https:' ? 'wss:' : 'ws:';
  return url;
}

/** The URL of a dial-back. */
export function dialUrl(server: URL, { session, purpose }: Dial): URL {
  const url = webSocketUrl(server, DIAL_PATH);
  url.searchParams.set('session', session);
  url.searchParams.set('purpose', purpose);
  return url;
}

/** Reads what `dialUrl` has written; undefined for a purpose that isn't one. */
export function readDial(query: URLSearchParams): Dial | undefined {
  const purpose = query.get('purpose');
  if (purpose !== 'relay' && purpose !== 'ingress') return undefined;
  return { session: query.get('session') ?? '', purpose };
}

/** The header fields of a dial-back. */
export function dialHeaders(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}

/** The bearer token in an Authorization header field (RFC 6750 section 2.1); empty when there is none. */
export function bearerTokenOf(authorization: string | undefined): string {
  return /^Bearer ([\w-]{1,128})$/.exec(authorization ?? '')?.[1] ?? '';
}

/** Tells the host whose connection this is, before anything of the viewer's passes; the id may be empty. */
export function sendDialPreface(host: WebSocket, viewerId: string, clientAddress: string): void {
  host.send(encodeMessage(DialPreface, { viewerId, clientAddress }), { binary: true });
}

/** Who is at the other end of a dial-back, as the server says. */
export interface DialClient {
  /** The id of the viewer's browser; undefined when it has none. */
  readonly browser: string | undefined;
  /** The IP address that it has come from; undefined when the server names none. */
  readonly address: string | undefined;
}

/** Reads what `sendDialPreface` has written. Throws PROTOCOL_ERROR. */
export function readDialPreface(bytes: Uint8Array): DialClient {
  const { viewerId, clientAddress } = decodeMessage(DialPreface, bytes);
  return {
    browser: isLinkId(viewerId) ? viewerId : undefined,
    // A terminal shows it.
    address: isIP(clientAddress) === 0 ? undefined : clientAddress,
  };
}
