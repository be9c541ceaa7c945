import { systemCode } from '@wingman/node-kit';
import { WingmanError } from '@wingman/protocol';
import { startTunnelServer, tunnelServerConfig, type TunnelServer } from '@wingman/tunnel-server';
import type { Logger } from 'pino';
import type { ShareConfig } from '../config.js';
import { HOST_LIMITS } from '../limits.js';

/** A tunnel server in this process. */
export interface EmbeddedServer {
  readonly url: URL;
  /** Where it answers for its only session besides that session's own name. */
  readonly bareOrigins: readonly string[];
  /** The usual port, when another program has it. */
  readonly takenPort: number | undefined;
  close(): Promise<void>;
}

/** Starts a tunnel server for this machine only, on the port that is set, or else on any free one when the usual one is taken. */
export async function startEmbeddedServer(
  config: ShareConfig,
  logger: Logger,
): Promise<EmbeddedServer> {
  const { tunnelPort, isTunnelPortSet } = config;
  try {
    return embedded(await start(config, logger, tunnelPort), undefined);
  } catch (error) {
    if (systemCode(error) !== 'EADDRINUSE') throw error;
    if (isTunnelPortSet) throw portTaken(tunnelPort, 'TUNNEL_PORT=0');
    return embedded(await start(config, logger, 0), tunnelPort);
  }
}

/** Another program listens there; `anyFree` is what to say for any free port. */
export function portTaken(port: number, anyFree: string): WingmanError {
  const cure = `Stop that one, choose another port, or take any free one: ${anyFree}`;
  return new WingmanError('REFUSED', `another program listens on port ${port}. ${cure}`);
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
