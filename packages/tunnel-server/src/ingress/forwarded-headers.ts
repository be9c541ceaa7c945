import { header, headersFromRaw, stripHopByHop, type Header } from '@wingman/protocol';
import type { IncomingMessage } from 'node:http';
import { peerAddress } from '../web/client-identity.js';

export interface ForwardedOptions {
  trustProxy: boolean;
  /** The scheme of the public URL, which is what browsers see. */
  scheme(): 'http' | 'https';
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
  return said === 'http' || said === 'https' ? said : options.scheme();
}
