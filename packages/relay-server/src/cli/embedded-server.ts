import { randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { systemCode, type Environment } from '@wingman/node-kit';
import { WingmanError } from '@wingman/protocol';
import { startTunnelServer, tunnelServerConfig, type TunnelServer } from '@wingman/tunnel-server';
import type { Logger } from 'pino';
import { configDirectory, type ShareConfig } from '../config.js';
import { HOST_LIMITS } from '../limits.js';
import type { LanCertificate } from './lan/authority.js';
import { lanAddress } from './lan/lan-address.js';

/** A tunnel server in this process. */
export interface EmbeddedServer {
  readonly url: URL;
  /** Where it answers for its only session besides that session's own name. */
  readonly bareOrigins: readonly string[];
  /** The usual port, when another program has it. */
  readonly takenPort: number | undefined;
  /** Where it serves the local network. */
  readonly lan: EmbeddedLan | undefined;
  /** What a host shows to register: nobody on the local network may. */
  readonly token: string | undefined;
  close(): Promise<void>;
}

/** Its side on the local network. */
interface EmbeddedLan {
  readonly origin: string;
  /** By TLS: what visitors have to trust. */
  readonly certificate: LanCertificate | undefined;
}

/** What is to be started. */
interface Wish {
  readonly config: ShareConfig;
  readonly logger: Logger;
  readonly door: Door | undefined;
  /** Where others can reach it, only who knows this may register. */
  readonly token: string | undefined;
}

/** This machine's address on the local network, with a certificate where TLS is wanted. */
interface Door {
  readonly host: string;
  readonly tls: LanCertificate | undefined;
}

/** Starts a tunnel server for this machine only, and the local network where that is wanted, on the port that is set, or else on any free one when the usual one is taken. */
export async function startEmbeddedServer(
  config: ShareConfig,
  logger: Logger,
  env: Environment = {},
): Promise<EmbeddedServer> {
  const { tunnelPort, isTunnelPortSet } = config;
  const door = config.isOnLan ? await lanDoor(config, env) : undefined;
  const token = door === undefined ? undefined : randomBytes(32).toString('hex');
  const wish = { config, logger, door, token };
  try {
    return embedded(await start(wish, tunnelPort), wish);
  } catch (error) {
    if (systemCode(error) !== 'EADDRINUSE') throw error;
    if (isTunnelPortSet) throw portTaken(tunnelPort, 'TUNNEL_PORT=0');
    return embedded(await start(wish, 0), wish, tunnelPort);
  }
}

async function lanDoor(config: ShareConfig, env: Environment): Promise<Door> {
  const host = await lanAddress(config.lanAddress);
  if (!config.hasLanTls) return { host, tls: undefined };
  // Loaded only here: the structures of certificates take 50 ms.
  const { lanCertificate } = await import('./lan/authority.js');
  return { host, tls: lanCertificate(configDirectory(env), host) };
}

/** Another program listens there; `anyFree` is what to say for any free port. */
export function portTaken(port: number, anyFree: string): WingmanError {
  const cure = `Stop that one, choose another port, or take any free one: ${anyFree}`;
  return new WingmanError('REFUSED', `another program listens on port ${port}. ${cure}`);
}

function start({ config, door, logger, token }: Wish, port: number): Promise<TunnelServer> {
  return startTunnelServer(
    tunnelServerConfig({
      port,
      hostTokens: token,
      secondDoor: door,
      stunServers: config.stunServers,
      turnUrls: config.turnUrls,
      turnSecret: config.turnSecret,
      p2pEnabled: config.p2pEnabled,
      p2pTimeoutMs: config.p2pTimeoutMs,
      sessionTtlMs: config.sessionTtlMs,
      maxViewers: config.maxViewers,
      linkGraceMs: config.linkGraceMs,
      // Safari doesn't resolve *.localhost, and phones know this machine by its address alone.
      answerBareAddress: true,
    }),
    { logger },
  );
}

function embedded(server: TunnelServer, { door, token }: Wish, takenPort?: number): EmbeddedServer {
  const url = new URL(server.url);
  const lan = door && lanOf(door, server.port);
  const own = originAt('http', '127.0.0.1', server.port);
  const bareOrigins = lan === undefined ? [own] : [own, lan.origin];
  const close = (): Promise<void> => server.close(HOST_LIMITS.drainMs);
  return { url, bareOrigins, takenPort, lan, token, close };
}

function lanOf({ host, tls }: Door, port: number): EmbeddedLan {
  const scheme = tls === undefined ? 'http' : 'https';
  return { origin: originAt(scheme, host, port), certificate: tls };
}

/** As browsers write it: without the port that a scheme has of itself. */
export function originAt(scheme: 'http' | 'https', host: string, port: number): string {
  return new URL(`${scheme}://${isIPv6(host) ? `[${host}]` : host}:${port}`).origin;
}
