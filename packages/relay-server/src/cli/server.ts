import type { Environment } from '@wingman/node-kit';
import {
  readTunnelServerConfig,
  startTunnelServer,
  type ServerGiven,
  type TunnelServer,
} from '@wingman/tunnel-server';
import { HOST_LIMITS } from '../limits.js';
import { aborted, createLogger, ExitCode, stopSignal } from './process.js';

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
export async function serve(flags: ServerFlags, env: Environment): Promise<number> {
  const config = readTunnelServerConfig(given(flags), env);
  const stop = stopSignal();
  const server = await startTunnelServer(config, { logger: createLogger(config.logLevel) });
  announce(server, flags.json === true);
  await aborted(stop);
  await server.close(HOST_LIMITS.drainMs);
  return ExitCode.STOPPED;
}

function given(flags: ServerFlags): Required<ServerGiven> {
  return {
    host: flags.host,
    port: flags.port,
    domain: flags.domain,
    publicUrl: flags.publicUrl,
    stunServers: flags.stun,
    stunEmbedded: undefined,
    stunPort: flags.stunPort,
    turnUrls: flags.turn,
    turnSecret: undefined,
    sessionTtlMs: flags.expires,
    hostGraceMs: undefined,
    maxSessions: flags.maxSessions,
    maxViewers: flags.maxViewers,
    linkGraceMs: flags.linkGrace,
    p2pEnabled: flags.p2p ? undefined : 'false',
    p2pTimeoutMs: flags.p2pTimeout,
    trustProxy: flags.trustProxy === true ? 'true' : undefined,
    logLevel: flags.logLevel,
  };
}

function announce({ url, port }: TunnelServer, json: boolean): void {
  const text = json
    ? JSON.stringify({ event: 'ready', server: url, port })
    : `Tunnel server: ${url} (Ctrl-C stops it)`;
  process.stdout.write(`${text}\n`);
}
