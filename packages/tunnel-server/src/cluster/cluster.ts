import type { Clock } from '@wingman/protocol';
import type { Logger } from 'pino';
import type { SharedCounts } from '../budgets/network-rate.js';
import type { TunnelServerConfig } from '../config.js';
import { SERVER_LIMITS } from '../limits.js';
import type { DenyList } from '../operator/deny-list.js';
import { createDialToken } from '../sessions/registration.js';
import type { EndReason } from '../sessions/session.js';
import type { SessionRegistry } from '../sessions/session-registry.js';
import { Announcements } from './announcements.js';
import { MemoryBulletin, RedisBulletin, type Bulletin } from './bulletin.js';
import { MemoryDirectory, type Directory } from './directory.js';
import { Disguise } from './disguise.js';
import { Leases } from './leases.js';
import { Peers } from './peers.js';

/** What the nodes of a server have together: a node that is alone has it in memory, several have it in Redis. */
export interface Common {
  readonly directory: Directory;
  readonly bulletin: Bulletin;
  /** Undefined: each network is counted in memory. */
  readonly counts: SharedCounts | undefined;
  close(): void;
}

/** What a node has to do with others. */
export interface Cluster {
  leases: Leases;
  peers: Peers;
  announcements: Announcements;
}

interface CommonIngredients {
  clock: Clock;
  config: TunnelServerConfig;
  logger: Logger;
}

interface ClusterIngredients extends CommonIngredients {
  common: Common;
}

/** Opens what this node has to itself, or what several share. */
export async function openCommon({ clock, config, logger }: CommonIngredients): Promise<Common> {
  const { clusterSecret = '', redisUrl: url } = config;
  if (url === undefined) {
    const memory = {
      directory: new MemoryDirectory(clock, SERVER_LIMITS.aloneLeaseMs),
      bulletin: new MemoryBulletin(clock),
    };
    return { ...memory, counts: undefined, close: () => undefined };
  }
  // Redis' client is a sixth of what a start would read: it is read only where there is a Redis.
  const { RedisConnection } = await import('./redis-connection.js');
  const { RedisDirectory } = await import('./redis-directory.js');
  const redis = new RedisConnection({ url, clock, logger });
  const disguise = new Disguise(clusterSecret);
  return {
    directory: new RedisDirectory(redis),
    bulletin: new RedisBulletin(redis, disguise),
    counts: {
      nameOf: (network) => disguise.nameOf(network),
      eval: (script, given) => redis.ask((client) => client.eval(script, given)),
    },
    close: () => redis.close(),
  };
}

/** What makes this node one of several; one that is alone has all of it to itself. */
export function createCluster(
  { clock, common, config, logger }: ClusterIngredients,
  registry: Pick<SessionRegistry, 'lookup'>,
  denyList: Pick<DenyList, 'lines' | 'alsoDeny'>,
): Cluster {
  const { clusterSecret, domain, nodeUrl: node = 'alone' } = config;
  const { bulletin, directory } = common;
  const isHere = (name: string): boolean => registry.lookup(name).found === 'session';
  // Alone it has no peer, and nobody can prove to be one.
  const secret = clusterSecret ?? createDialToken();
  const goRound = (name: string): void => {
    const lookup = registry.lookup(name);
    if (lookup.found === 'session') lookup.session.goRound();
  };
  const peers = new Peers({ directory, node, secret, domain, logger, isHere, goRound });
  const own = (): readonly string[] => denyList.lines;
  const heard = (denied: readonly string[]): void => denyList.alsoDeny(denied);
  const announcements = new Announcements({ bulletin, node, clock, logger, own, heard });
  const ends = (reason: EndReason) => (name: string) => {
    const lookup = registry.lookup(name);
    if (lookup.found === 'session') lookup.session.session.end(reason);
  };
  const leases = new Leases({
    ...{ directory, node, clock, logger, isHere },
    isAlone: config.redisUrl === undefined,
    lost: ends('moved'),
    cutOff: ends('cut-off'),
    isAwayFromAll: async () => {
      const { nodes } = announcements;
      return nodes !== undefined && (await peers.isAwayFromAll(nodes));
    },
  });
  return { leases, peers, announcements };
}
