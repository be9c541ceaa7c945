import type { Environment } from '@wingman/node-kit';
import {
  readTunnelServerConfig,
  startTunnelServer,
  type ServerGiven,
  type TunnelServer,
} from '@wingman/tunnel-server';
import { HOST_LIMITS } from '../limits.js';
import { aborted, createLogger, ExitCode, stopSignal } from './process.js';

/** Runs a tunnel server until it is told to stop; resolves with the exit code. */
export async function serve(
  given: ServerGiven,
  { json, env }: { readonly json: boolean; readonly env: Environment },
): Promise<number> {
  const config = readTunnelServerConfig(given, env);
  const stop = stopSignal();
  const server = await startTunnelServer(config, { logger: createLogger(config.logLevel) });
  announce(server, json);
  await aborted(stop);
  await server.close(HOST_LIMITS.drainMs);
  return ExitCode.STOPPED;
}

function announce({ url, port }: TunnelServer, json: boolean): void {
  const text = json
    ? JSON.stringify({ event: 'ready', server: url, port })
    : `Tunnel server: ${url} (Ctrl-C stops it)`;
  process.stdout.write(`${text}\n`);
}
