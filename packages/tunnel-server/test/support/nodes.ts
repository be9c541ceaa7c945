import type { Clock } from '@wingman/protocol';
import type { Logger } from 'pino';
import { freePort } from '../../../node-kit/test/support/free-port.js';
import type { TunnelServer, TunnelServerConfig } from '../../src/index.js';
import { fetchWhole } from './http.js';
import { until } from './inbox.js';
import type { TestRedis } from './redis.js';
import { startServer } from './server.js';

/** What the nodes of a test know each other by. */
export const SECRET = 'a-secret-of-all-nodes-of-this-server';

/** One of several nodes, which reaches its Redis. */
export async function startNode(
  redis: TestRedis,
  overrides: Partial<TunnelServerConfig> = {},
  clock?: Clock,
  logger?: Logger,
): Promise<TunnelServer> {
  const port = await freePort();
  const nodeUrl = `http://127.0.0.1:${port}`;
  const cluster = { redisUrl: redis.url, nodeUrl, clusterSecret: SECRET, trustProxy: true };
  const node = await startServer({ ...cluster, port, ...overrides }, clock, logger);
  await until(() => isConnected(node));
  return node;
}

/** Until Redis is connected, names without a session here get 503. */
export async function isConnected({ port }: TunnelServer): Promise<boolean> {
  return (await fetchWhole(port, 'b234567abcdefghj.localhost', '/')).status === 404;
}
