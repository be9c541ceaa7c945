import { toWingmanError } from '@wingman/protocol';
import type { Logger } from 'pino';
import { configDirectory, refusesColor, type LogLevel, type ShareConfig } from '../config.js';
import { Host, startHost } from '../tunnel/host.js';
import type { HostEvents, StopReason } from '../tunnel/host-types.js';
import { HostIdentity } from '../tunnel/identity.js';
import { namedIdentity } from '../tunnel/identity-store.js';
import { loadEngine, type PeerEngine } from '../tunnel/webrtc/webrtc-adapter.js';
import { startEmbeddedServer, type EmbeddedServer } from './embedded-server.js';
import { ExitCode } from './exit-codes.js';
import { jsonReporter } from './json-reporter.js';
import { createLogger } from './log.js';
import type { P2pInfo, Reporter } from './reporter.js';
import { aborted, stopSignal } from './stop-signal.js';
import { terminalReporter } from './terminal-reporter.js';

type Environment = Readonly<Record<string, string | undefined>>;

export interface ShareRequest {
  readonly config: ShareConfig;
  readonly json: boolean;
  readonly ingress: boolean;
  readonly env: Environment;
}

/** Shares a port until it is told to stop; resolves with the exit code. */
export async function share(request: ShareRequest): Promise<number> {
  const reporter = createReporter(request);
  const log = createLogger(logLevelOf(request));
  const stop = stopSignal();
  let embedded: EmbeddedServer | undefined;
  try {
    embedded = await embeddedServer(request, log);
    return await shareThrough(request, embedded, { reporter, log, stop });
  } catch (error) {
    const { code, message } = toWingmanError(error, 'INTERNAL');
    reporter.failed(code, message);
    return ExitCode.FAILED;
  } finally {
    await embedded?.close();
  }
}

interface Tools {
  readonly reporter: Reporter;
  readonly log: Logger;
  readonly stop: AbortSignal;
}

async function shareThrough(
  request: ShareRequest,
  embedded: EmbeddedServer | undefined,
  tools: Tools,
): Promise<number> {
  const { config } = request;
  const server = config.server ?? embedded?.url;
  if (server === undefined) throw new Error('there is no tunnel server');
  const engine = await engineFor(config, tools.log);
  const starting = startHost({
    port: config.port,
    server,
    identity: await identityFor(request),
    ttlMs: config.ttlMs,
    maxViewers: config.maxViewers,
    p2pTimeoutMs: config.p2pTimeoutMs,
    engine,
    stunServers: config.stunServers,
    ingressAllowed: request.ingress,
  });
  const host = await Promise.race([starting, aborted(tools.stop)]);
  // Stopped while starting: nobody waits for it any more, and the process ends.
  if (!(host instanceof Host)) return ExitCode.STOPPED;
  const stopped = observe(host, tools);
  await announce(host, server, engine, request, embedded, tools.reporter);
  void aborted(tools.stop).then(() => {
    tools.reporter.stopping();
    return host.close();
  });
  return (await stopped) === 'refused' ? ExitCode.FAILED : ExitCode.STOPPED;
}

async function announce(
  host: Host,
  server: URL,
  engine: PeerEngine | undefined,
  { config, ingress }: ShareRequest,
  embedded: EmbeddedServer | undefined,
  reporter: Reporter,
): Promise<void> {
  reporter.ready({
    url: host.url,
    session: host.session,
    server: server.origin,
    embedded: embedded !== undefined,
    port: config.port,
    expiresAt: host.expiresAt,
    maxViewers: config.maxViewers,
    p2p: p2pInfo(config, engine),
    ingress,
    appAnswers: await host.appAnswers(),
    takenPort: embedded?.takenPort,
  });
}

/** Passes on what happens; resolves with the reason once the host has stopped. */
function observe(host: Host, { reporter, log }: Tools): Promise<StopReason> {
  host.on('viewer-joined', (event) => reporter.viewerJoined(event));
  host.on('path-changed', (event) => reporter.pathChanged(event));
  host.on('viewer-left', (event) => reporter.viewerLeft(event));
  host.on('reconnected', () => reporter.reconnected());
  host.on('problem', (event: HostEvents['problem'][0]) => {
    log.debug(event, 'problem');
    reporter.problem(event);
  });
  return new Promise((resolve) => {
    host.once('stopped', (event) => {
      reporter.stopped(event);
      resolve(event.reason);
    });
  });
}

function createReporter({ json, env }: ShareRequest): Reporter {
  const { stdout } = process;
  const write = (text: string): void => void stdout.write(text);
  if (json) return jsonReporter(write);
  const color = stdout.isTTY && !refusesColor(env);
  return terminalReporter({ write, columns: stdout.columns, color, now: () => new Date() });
}

/** In the terminal view only what matters is logged, unless more was asked for. */
function logLevelOf({ json, config, env }: ShareRequest): LogLevel {
  const { logLevel } = config;
  const asked = json || logLevel !== 'info' || (env['LOG_LEVEL'] ?? '') !== '';
  return asked ? logLevel : 'warn';
}

function embeddedServer(request: ShareRequest, log: Logger): Promise<EmbeddedServer> | undefined {
  if (request.config.server !== undefined) return undefined;
  return startEmbeddedServer(request.config, log);
}

function identityFor({ config, env }: ShareRequest): Promise<HostIdentity> {
  return config.name === undefined
    ? HostIdentity.create()
    : namedIdentity(configDirectory(env), config.name);
}

async function engineFor(config: ShareConfig, log: Logger): Promise<PeerEngine | undefined> {
  if (!config.p2pEnabled) return undefined;
  const { engine, failures } = await loadEngine(config.engine);
  if (engine === undefined) log.warn({ failures }, 'no WebRTC engine loads: relay only');
  return engine;
}

function p2pInfo(config: ShareConfig, engine: PeerEngine | undefined): P2pInfo {
  if (engine !== undefined) return { enabled: true, engine: engine.name };
  return { enabled: false, reason: config.p2pEnabled ? 'no engine' : 'switched off' };
}
