import type { Clock } from '@wingman/protocol';
import type { Logger } from 'pino';
import type { TunnelServerConfig } from '../config.js';
import { createDialToken } from '../sessions/registration.js';
import type { SessionRegistry } from '../sessions/session-registry.js';
import { MemoryDirectory, type Directory } from './directory.js';
import { Leases } from './leases.js';
import { Peers } from './peers.js';
import { RedisDirectory } from './redis-directory.js';

/** What a node has to do with others. */
export interface Cluster {
  directory: Directory;
  leases: Leases;
  peers: Peers;
}

interface ClusterIngredients {
  clock: Clock;
  config: TunnelServerConfig;
  logger: Logger;
}

/** What makes this node one of several; one that is alone has a directory to itself. */
export function createCluster(
  { clock, config, logger }: ClusterIngredients,
  registry: Pick<SessionRegistry, 'lookup'>,
): Cluster {
  const { clusterSecret, domain, nodeUrl: node = 'alone', redisUrl } = config;
  const directory =
    redisUrl === undefined ? new MemoryDirectory(clock) : new RedisDirectory(redisUrl, logger);
  const isHere = (name: string): boolean => registry.lookup(name).found === 'session';
  const lost = (name: string): void => {
    const lookup = registry.lookup(name);
    if (lookup.found === 'session') lookup.session.session.end('moved');
  };
  const leases = new Leases({ directory, node, clock, logger, isHere, lost });
  // Alone it has no peer, and nobody can prove to be one.
  const secret = clusterSecret ?? createDialToken();
  const peers = new Peers({ directory, node, secret, domain, logger, isHere });
  return { directory, leases, peers };
}
