import { deferred, WingmanError, type Clock } from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';
import type { HostOptions } from './host-types.js';

/** Is told of the connection's first steps, until the first registration. */
export interface FirstRegistration {
  registered(): void;
  lost(error: WingmanError): void;
  ended(error: WingmanError): void;
}

/** Waits for the first registration; fails at a refusal, or after HOST_LIMITS.startMs with what went wrong last. */
export function firstRegistration(
  servers: readonly URL[],
  clock: Clock,
): FirstRegistration & { readonly done: Promise<void> } {
  const first = deferred<void>();
  let last = 'no answer';
  const timer = clock.setTimeout(() => {
    first.reject(
      new WingmanError(
        'TIMEOUT',
        `the tunnel server ${named(servers)} can't be reached: ${last}. Is its address right? wingman doctor --server ${servers[0]?.origin} looks closer.`,
      ),
    );
  }, HOST_LIMITS.startMs);
  return {
    done: first.promise.finally(() => timer.cancel()),
    registered: () => first.resolve(),
    lost: (error) => {
      last = error.message;
    },
    ended: (error) => first.reject(error),
  };
}

function named(servers: readonly URL[]): string {
  return servers.map(({ origin }) => origin).join(' or ');
}

/** The servers that may take a host, in the order in which they are asked. */
export function serversOf({ server, furtherServers = [] }: HostOptions): readonly [URL, ...URL[]] {
  return [server, ...furtherServers];
}
