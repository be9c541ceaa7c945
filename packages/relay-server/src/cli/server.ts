import {
  startTunnelServer,
  tunnelServerConfigFromEnvironment,
  type TunnelServer,
  type TunnelServerConfig,
} from '@wingman/tunnel-server';
import { ConfigError } from '../config.js';
import { HOST_LIMITS } from '../limits.js';
import { ExitCode } from './exit-codes.js';
import { createLogger } from './log.js';
import { aborted, stopSignal } from './stop-signal.js';

/** The options of `wingman server`, as typed. */
export interface ServerFlags {
  host?: string;
  port?: string;
  domain?: string;
  publicUrl?: string;
  stun?: string;
  stunPort?: string;
  turn?: string;
  expires?: string;
  maxSessions?: string;
  maxViewers?: string;
  linkGrace?: string;
  p2p: boolean;
  p2pTimeout?: string;
  trustProxy?: boolean;
  json?: boolean;
  logLevel?: string;
}

/** Runs a tunnel server until it is told to stop; resolves with the exit code. */
export async function serve(
  flags: ServerFlags,
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const config = configFor(flags, env);
  const stop = stopSignal();
  const server = await startTunnelServer(config, { logger: createLogger(config.logLevel) });
  announce(server, flags.json === true);
  await aborted(stop);
  await server.close(HOST_LIMITS.drainMs);
  return ExitCode.STOPPED;
}

function configFor(
  flags: ServerFlags,
  env: Readonly<Record<string, string | undefined>>,
): TunnelServerConfig {
  try {
    return tunnelServerConfigFromEnvironment({ ...env, ...variables(flags) });
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error));
  }
}

/** The options under the names of the variables they stand for. */
function variables(flags: ServerFlags): Record<string, string> {
  const pairs = {
    TUNNEL_HOST: flags.host,
    TUNNEL_PORT: flags.port,
    TUNNEL_DOMAIN: flags.domain,
    TUNNEL_PUBLIC_URL: flags.publicUrl,
    STUN_SERVERS: flags.stun,
    STUN_PORT: flags.stunPort,
    TURN_URLS: flags.turn,
    SESSION_TTL: flags.expires,
    MAX_SESSIONS: flags.maxSessions,
    MAX_VIEWERS: flags.maxViewers,
    LINK_GRACE: flags.linkGrace,
    P2P_ENABLED: flags.p2p ? undefined : 'false',
    P2P_TIMEOUT_MS: flags.p2pTimeout,
    TRUST_PROXY: flags.trustProxy === true ? 'true' : undefined,
    LOG_LEVEL: flags.logLevel,
  };
  return Object.fromEntries(
    Object.entries(pairs).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}

function announce({ url, port }: TunnelServer, json: boolean): void {
  const text = json
    ? JSON.stringify({ event: 'ready', server: url, port })
    : `Tunnel server: ${url} (Ctrl-C stops it)`;
  process.stdout.write(`${text}\n`);
}
