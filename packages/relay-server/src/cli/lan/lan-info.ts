import { isIPv6 } from 'node:net';
import { AUTHORITY_TARGET } from '@wingman/protocol';
import type { Logger } from 'pino';
import type { ShareConfig } from '../../config.js';
import { entryLink } from '../../exchange/ingress-gate.js';
import type { OnLan } from '../../library/shared-app.js';
import type { Host } from '../../tunnel/host.js';
import { openAt } from '../../tunnel/host-options.js';
import type { EmbeddedServer } from '../embedded-server.js';
import type { Announcement } from './announcement.js';

/** By plain HTTP the link has the ingress's token in the place of the key, which no network may see in the clear. */
export function lanInfo(
  { firstPage, ingress }: ShareConfig,
  { ingressToken, url: own }: Host,
  embedded: EmbeddedServer | undefined,
): OnLan | undefined {
  if (embedded?.lan === undefined) return undefined;
  const { certificate, origin } = embedded.lan;
  const address = new URL(origin).hostname.replace(/^\[|\]$/g, '');
  if (certificate !== undefined) {
    const trust = { url: origin + AUTHORITY_TARGET, fingerprint: certificate.fingerprint };
    return { url: openAt(origin + new URL(own).hash, firstPage), address, trust };
  }
  const isOpen = ingress === 'open';
  const url = isOpen ? openAt(origin, firstPage) : entryLink(origin, ingressToken, firstPage);
  return { url, address, trust: undefined };
}

/** Announces a session where the network has it. What that needs is loaded only then, and a session goes on without it. */
export async function announceOn(
  { sharedBy }: ShareConfig,
  { lan, session }: { readonly lan: OnLan | undefined; readonly session: string },
  log: Logger,
): Promise<Announcement | undefined> {
  // Who hears an announcement by IPv6 sees only the sender's address of the link, which no browser opens.
  if (lan === undefined || isIPv6(lan.address)) return undefined;
  const { announce, placeOf } = await import('./announcement.js');
  const { address, url } = lan;
  return announce({ session, sharedBy, address, ...placeOf(url) }, (error) =>
    log.warn({ err: error }, 'the session is not announced on this network'),
  );
}
