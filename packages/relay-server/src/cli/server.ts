import { systemCode, type Environment } from '@wingman/node-kit';
import {
  readTunnelServerConfig,
  readBrowserBundle,
  startTunnelServer,
  type ServerGiven,
  type TunnelServer,
  type TunnelServerConfig,
} from '@wingman/tunnel-server';
import { HOST_LIMITS } from '../limits.js';
import { portTaken } from './embedded-server.js';
import { shortHash } from './verify.js';
import type { Logger } from 'pino';
import { aborted, createLogger, ExitCode, stopSignal } from './process.js';
import { logText } from './terminal/log-text.js';
import { clockTime, wrapWords } from './terminal/words.js';

/** Runs a tunnel server until it is told to stop; resolves with the exit code. */
export async function serve(
  given: ServerGiven,
  { json, env }: { readonly json: boolean; readonly env: Environment },
): Promise<number> {
  const config = readTunnelServerConfig(given, env);
  // Where there is a certificate to read again, or a log to begin anew, a hang-up asks for that, as of other servers.
  const mayReload = config.tlsCert !== undefined || config.auditLog !== undefined;
  const signals = stopSignal(mayReload ? ['SIGINT', 'SIGTERM'] : undefined);
  const drained = new AbortController();
  const server = await listening(config, {
    logger: logger(config, json),
    drain: () => drained.abort(),
  });
  if (mayReload) process.on('SIGHUP', () => server.reload());
  announce(server, (await readBrowserBundle()).hash, json);
  await aborted(AbortSignal.any([signals, drained.signal]));
  await server.close(HOST_LIMITS.drainMs);
  return ExitCode.STOPPED;
}

/** Lines of JSON for a file or a collector, which a person in front of a terminal can't read. */
function logger({ logLevel }: TunnelServerConfig, json: boolean): Logger {
  const { stderr } = process;
  if (json || !stderr.isTTY) return createLogger(logLevel);
  return createLogger(logLevel, (line) => {
    const text = `  ${clockTime(new Date())}  ${logText(line)}`;
    stderr.write(`${wrapWords(text, stderr.columns, TEXT_COLUMN)}\n`);
  });
}

/** Where the text of a line begins, behind the time. */
const TEXT_COLUMN = 12;

async function listening(
  config: TunnelServerConfig,
  options: { logger: Logger; drain: () => void },
): Promise<TunnelServer> {
  try {
    return await startTunnelServer(config, options);
  } catch (error) {
    // The STUN responder's port is another one, and its error names it.
    const isTaken = systemCode(error) === 'EADDRINUSE' && String(error).includes('listen ');
    throw isTaken ? portTaken(config.port, '--port 0') : error;
  }
}

/** `page` is the hash of what browsers get: whoever shares through this server can compare it (`wingman verify`). */
function announce({ url, port }: TunnelServer, page: string, json: boolean): void {
  const text = json
    ? JSON.stringify({ event: 'ready', server: url, port, page })
    : `Tunnel server: ${url} (page ${shortHash(page)}; Ctrl-C stops it)`;
  process.stdout.write(`${text}\n`);
}
