import type { Clock } from '@wingman/protocol';
import type { RequestHandler } from 'express';
import type { Directory } from '../cluster/directory.js';
import { includesAddress, networksOf } from '../operator/networks.js';
import type { SessionRegistry } from '../sessions/session-registry.js';
import { SERVER_LIMITS } from '../limits.js';
import { TokenBucket } from '../signaling/token-bucket.js';
import { isForwarded, peerAddress } from './client-identity.js';
import { routeHost } from './locate.js';

/** The path at which a proxy asks before it gets a certificate on demand (Caddy: `on_demand_tls { ask … }`). */
export const CERTIFICATE_PATH = '/tls-ask';

export interface CertificateQuestionOptions {
  readonly clock: Clock;
  readonly registry: Pick<SessionRegistry, 'lookup'>;
  /** Knows the sessions of other nodes. */
  readonly directory: Pick<Directory, 'ownerOf'>;
  readonly domain: string;
  /** Addresses and networks that may ask. */
  readonly tlsAskFrom: readonly string[];
}

/**
 * Answers whether a name should get a certificate: 200 for the server's own name and for living sessions, 429 when too many
 * unknown names are asked about, else 404. The answers tell which sessions exist, so only the proxy may ask. It has to ask
 * by the server's address, not by its name, and not on behalf of a client. For everybody else the page does not exist.
 */
export function certificateQuestions(options: CertificateQuestionOptions): RequestHandler {
  const { clock, directory, domain, registry } = options;
  const { unknownCertificateBurst, unknownCertificatesPerSecond } = SERVER_LIMITS;
  const unknown = new TokenBucket(clock, unknownCertificateBurst, unknownCertificatesPerSecond);
  const mayAsk = networksOf(options.tlsAskFrom);
  return async (req, res, next) => {
    const isProxy = mayAsk !== undefined && includesAddress(mayAsk, peerAddress(req));
    const isPassedOn = isForwarded(req) || routeHost(req.headers.host, domain).kind !== 'address';
    if (!isProxy || isPassedOn) return next();
    const name = req.query['domain'];
    const route = routeHost(typeof name === 'string' ? name : undefined, domain);
    if (route.kind === 'server') return void res.status(200).end();
    if (route.kind !== 'session') return void res.status(404).end();
    if (registry.lookup(route.name).found === 'session') return void res.status(200).end();
    if (!unknown.take()) return void res.status(429).end();
    const owner = await directory.ownerOf(route.name).catch(() => undefined);
    res.status(owner === undefined ? 404 : 200).end();
  };
}
