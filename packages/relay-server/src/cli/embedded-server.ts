import { systemCode } from '@wingman/node-kit';
import { startTunnelServer, tunnelServerConfig, type TunnelServer } from '@wingman/tunnel-server';
import type { Logger } from 'pino';
import type { ShareConfig } from '../config.js';
import { HOST_LIMITS } from '../limits.js';

/** The port the URL has when nobody else uses it: a stable one, so that it can be typed. */
const USUAL_PORT = 8787;

/** A tunnel server in this process. */
export interface EmbeddedServer {
  readonly url: URL;
  /** Where it answers for its only session besides that session's own name. */
  readonly bareOrigins: readonly string[];
  /** The usual port, when another program has it. */
  readonly takenPort: number | undefined;
  close(): Promise<void>;
}

/** Starts a tunnel server for this machine only, on the usual port or on any free one. */
export async function startEmbeddedServer(
  config: ShareConfig,
  logger: Logger,
): Promise<EmbeddedServer> {
  try {
    return embedded(await start(config, logger, USUAL_PORT), undefined);
  } catch (error) {
    if (systemCode(error) !== 'EADDRINUSE') throw error;
    return embedded(await start(config, logger, 0), USUAL_PORT);
  }
}

function start(config: ShareConfig, logger: Logger, port: number): Promise<TunnelServer> {
  return startTunnelServer(
    tunnelServerConfig({
      port,
      stunServers: config.stunServers,
      turnUrls: config.turnUrls,
      turnSecret: config.turnSecret,
      p2pEnabled: config.p2pEnabled,
      p2pTimeoutMs: config.p2pTimeoutMs,
      sessionTtlMs: config.sessionTtlMs,
      maxViewers: config.maxViewers,
      linkGraceMs: config.linkGraceMs,
      // Safari doesn't resolve *.localhost.
      answerBareAddress: true,
    }),
    { logger },
  );
}

function embedded(server: TunnelServer, takenPort: number | undefined): EmbeddedServer {
  const url = new URL(server.url);
  const bareOrigins = [`http://127.0.0.1:${url.port}`];
  return { url, bareOrigins, takenPort, close: () => server.close(HOST_LIMITS.drainMs) };
}
