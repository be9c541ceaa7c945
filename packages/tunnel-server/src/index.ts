import { systemClock, type Clock } from '@wingman/protocol';
import { pino, type Logger } from 'pino';
import type { TunnelServerConfig } from './config.js';
import type { Metrics } from './metrics.js';
import { RunningServer } from './server.js';

export {
  adminOptions,
  readAdminSocket,
  readTunnelServerConfig,
  tunnelServerConfig,
  tunnelServerOptions,
  tunnelServerVariables,
  type SecondDoor,
  type ServerGiven,
  type TunnelServerConfig,
} from './config.js';
export type { Metrics } from './metrics.js';
export { readBrowserBundle, servedHash, type BrowserBundle } from './web/browser-bundle.js';

/** A tunnel server that listens. */
export interface TunnelServer {
  /** Its own origin as browsers see it. */
  readonly url: string;
  readonly port: number;
  /** UDP port of the embedded STUN responder; undefined when there is none. */
  readonly stunPort: number | undefined;
  readonly metrics: Metrics;
  /** Reads the certificate again, if there is one. */
  reload(): void;
  /** Shuts down within `deadlineMs` milliseconds; requests under way may finish until then. */
  close(deadlineMs: number): Promise<void>;
}

export interface StartOptions {
  logger?: Logger;
  clock?: Clock;
  /** An operator wants the server to stop as SIGTERM does: the program has to close it. */
  drain?: () => void;
}

/** Starts a tunnel server; rejects with the system's error when a port asked for is taken. */
export function startTunnelServer(
  config: TunnelServerConfig,
  options: StartOptions = {},
): Promise<TunnelServer> {
  const logger = options.logger ?? pino({ level: config.logLevel });
  const { clock = systemClock, drain } = options;
  return RunningServer.start(config, { logger, clock, drain });
}
