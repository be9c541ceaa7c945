import { SESSION_ENDED, SESSION_UNKNOWN, WRONG_HOST, type Problem } from '@wingman/protocol';
import type { LiveSession } from '../sessions/live-session.js';
import type { SessionRegistry } from '../sessions/session-registry.js';
import { routeHost } from './host-routing.js';

/** Whom a request is for. */
export type Place =
  | { at: 'server' }
  | { at: 'session'; live: LiveSession }
  | { at: 'nowhere'; problem: Problem; isForeign: boolean };

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
      return { at: 'nowhere', problem: WRONG_HOST, isForeign: true };
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
  const problem = lookup.found === 'ended' ? SESSION_ENDED : SESSION_UNKNOWN;
  return { at: 'nowhere', problem, isForeign: false };
}
