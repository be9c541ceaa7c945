import type { Header } from '@wingman/protocol';
import { headerValue } from '@wingman/protocol';
import type { CookieJars } from '../cookies/cookie-jars.js';
import type { LocalPorts, LocalTarget } from './local-ports.js';
import type { RewriteContext, Via } from './request-headers.js';
import type { Transfers } from './transfers.js';
import type { MessageBounds } from './web-socket-pumps.js';

/** What forwarding needs of the host. */
export interface ForwardContext {
  readonly ports: LocalPorts;
  readonly jars: CookieJars;
  /** Who shares the places at a port: a viewer's link, or the ingress, whose links are one. */
  readonly opener: string;
  /** Whose jar the exchanges of a viewer's link use; those of the ingress name theirs by cookie. */
  readonly viewer: () => string;
  readonly transfers: Transfers;
  readonly messageBounds: MessageBounds;
  /** Undefined before the first registration. */
  readonly sessionOrigin: () => string | undefined;
  /** Where the session answers besides its own origin. */
  readonly bareOrigins: readonly string[];
}

/** The parts of a request's head that decide how its fields are rewritten. */
export interface Addressed {
  /** As the viewer has named it; 0 is the shared one. */
  readonly port: number;
  readonly headers: readonly Header[];
}

/** How the fields of a request are rewritten for the port it goes to. */
export function rewriteContext(
  head: Addressed,
  via: Via,
  { loopback }: LocalTarget,
  context: ForwardContext,
): RewriteContext {
  return {
    authority: head.port === 0 ? loopback.authority : named(head, loopback),
    appOrigin: `http://${context.ports.shared.loopback.authority}`,
    ownOrigins: ownOrigins(context),
    via,
  };
}

/** A page may call this machine by each of its names, and servers tell them apart; by no other. */
function named({ headers }: Addressed, { names, authority }: LocalTarget['loopback']): string {
  const host = headerValue(headers, 'host') ?? '';
  return names.includes(host) ? host : authority;
}

/** The session's origins as browsers see them; none before the first registration. */
export function ownOrigins({ sessionOrigin, bareOrigins }: ForwardContext): string[] {
  const session = sessionOrigin();
  return session === undefined ? [...bareOrigins] : [session, ...bareOrigins];
}

/** What a Location that names the shared port is turned into. */
export interface LocationRule {
  /** Undefined: for the answer of another port, which stays what it is. */
  readonly port: number | undefined;
  /** Undefined: a path, which fits every address the session has. */
  readonly origin: string | undefined;
}

/** Service workers resolve a path themselves; clients of the ingress are told the origin they know. */
export function locationRule(head: Addressed, via: Via, context: ForwardContext): LocationRule {
  const port = head.port === 0 ? context.ports.shared.loopback.port : undefined;
  return { port, origin: via === 'viewer' ? undefined : askedOrigin(head.headers, context) };
}

/** The tunnel server says which of the session's addresses its client has used. */
function askedOrigin(headers: readonly Header[], context: ForwardContext): string | undefined {
  const host = headerValue(headers, 'x-forwarded-host') ?? '';
  const asked = `${headerValue(headers, 'x-forwarded-proto') ?? ''}://${host}`;
  return context.bareOrigins.includes(asked) ? asked : context.sessionOrigin();
}
