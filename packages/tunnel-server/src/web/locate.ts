import {
  hasLabel,
  SESSION_ENDED,
  SESSION_UNKNOWN,
  WRONG_HOST,
  type Problem,
} from '@wingman/protocol';
import { isIP } from 'node:net';
import type { LiveSession } from '../sessions/live-session.js';
import type { SessionRegistry } from '../sessions/session-registry.js';

/** Whom a request is for. */
export type Place = { at: 'server' } | { at: 'session'; live: LiveSession } | Nowhere;

/** A request that is for nobody here. */
export interface Nowhere {
  at: 'nowhere';
  problem: Problem;
  isForeign: boolean;
  /** The session is over, and none will ever have its name again. */
  isOver: boolean;
}

export interface LocateOptions {
  registry: SessionRegistry;
  domain: string;
  answerBareAddress: boolean;
}

/** Finds the server or the session that a Host header means. */
export function locate(hostHeader: string | undefined, options: LocateOptions): Place {
  const route = routeHost(hostHeader, options.domain);
  switch (route.kind) {
    case 'server':
      return { at: 'server' };
    case 'address':
      return bareAddress(options);
    case 'foreign':
      return { at: 'nowhere', problem: WRONG_HOST, isForeign: true, isOver: false };
    case 'session':
      return named(route.name, options.registry);
  }
}

/** Safari doesn't resolve `*.localhost`: the only session may answer on the address itself. */
function bareAddress(options: LocateOptions): Place {
  const live = options.answerBareAddress ? options.registry.only : undefined;
  return live === undefined ? { at: 'server' } : { at: 'session', live };
}

function named(name: string, registry: SessionRegistry): Place {
  const lookup = registry.lookup(name);
  if (lookup.found === 'session') return { at: 'session', live: lookup.session };
  const hasEnded = lookup.found === 'ended';
  const problem = hasEnded ? SESSION_ENDED : SESSION_UNKNOWN;
  return { at: 'nowhere', problem, isForeign: false, isOver: hasEnded && !hasLabel(name) };
}

/** What a Host header stands for. */
export type HostRoute =
  | { kind: 'server' }
  | { kind: 'session'; name: string }
  /** A bare address: the server, or its only session where that is allowed. */
  | { kind: 'address' }
  | { kind: 'foreign' };

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Decides by the Host header alone; a session's name is one DNS label directly below the domain. */
export function routeHost(hostHeader: string | undefined, domain: string): HostRoute {
  const name = hostName(hostHeader);
  if (name === undefined) return { kind: 'foreign' };
  if (name === domain) return { kind: 'server' };
  if (isIP(name) !== 0) return { kind: 'address' };
  const suffix = `.${domain}`;
  const label = name.endsWith(suffix) ? name.slice(0, -suffix.length) : '';
  return LABEL.test(label) ? { kind: 'session', name: label } : { kind: 'foreign' };
}

/** Whether a browser's Origin is the origin of the site it talks to: same scheme, host and port. */
export function isOwnOrigin(
  origin: string,
  hostHeader: string | undefined,
  scheme: 'http' | 'https',
): boolean {
  if (!URL.canParse(origin) || hostHeader === undefined) return false;
  const claimed = new URL(origin);
  const own = `${scheme}://${hostHeader}`;
  return (
    claimed.protocol === `${scheme}:` && URL.canParse(own) && claimed.host === new URL(own).host
  );
}

function hostName(hostHeader: string | undefined): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[^:[\]@/?#\\\s]+)(?::\d{1,5})?$/i.exec(hostHeader ?? '');
  return match?.[1]?.toLowerCase().replace(/^\[|\]$/g, '');
}

/** Everything below this belongs to Wingman: the app never sees it and can't answer it. */
const RESERVED_PREFIX = '/__wingman/';

/** The path of a request target, without query. */
export function pathOf(target: string | undefined): string {
  return (target ?? '/').split('?', 1)[0] ?? '/';
}

/** Whether a path is the reserved prefix or below it. */
export function isReserved(path: string): boolean {
  return `${path}/`.startsWith(RESERVED_PREFIX);
}
