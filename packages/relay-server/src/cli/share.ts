import { ConfigError } from '@wingman/node-kit';
import { toWingmanError } from '@wingman/protocol';
import { readBrowserBundle } from '@wingman/tunnel-server';
import type { Logger } from 'pino';
import { asksRouter, configDirectory, isBuild, type ShareConfig } from '../config.js';
import { createPassphrase } from '../entry/passphrase.js';
import { RememberedAnswers } from '../entry/remembered-answers.js';
import type { Inspector } from '../inspector/inspector.js';
import { HOST_LIMITS } from '../limits.js';
import { Loopback } from '../local/loopback.js';
import { Host } from '../tunnel/host.js';
import type { StopReason } from '../tunnel/host-types.js';
import { hostOptions, openAt, type HostMeans } from '../tunnel/host-options.js';
import { HostIdentity, namedIdentity, nameFile } from '../tunnel/identity.js';
import { PortHosts } from '../tunnel/port-hosts.js';
import { RouterPorts } from '../tunnel/webrtc/router-ports.js';
import { loadEngine, type PeerEngine } from '../tunnel/webrtc/webrtc-adapter.js';
import { startEmbeddedServer, type EmbeddedServer } from './embedded-server.js';
import { announceOn, lanInfo } from './lan/lan-info.js';
import { newerVersion, OWN_VERSION } from './own-version.js';
import { aborted, ExitCode } from './process.js';
import type { EntryInfo, IngressInfo, P2pInfo, ReadyInfo } from './reporter.js';
import { processTerminal, startOrTakeOver } from './ask.js';
import type { OpenSource, Source } from './source/source.js';
import { createView, type View, type ViewRequest } from './view.js';

/** What is to be shared, and how. The port of the settings is that of the source. */
export interface ShareRequest extends ViewRequest {
  readonly open: OpenSource;
  readonly stop: AbortSignal;
}

/** Shares a source until it ends or is told to stop; resolves with the exit code. Rejects with ConfigError when nobody could let visitors in. */
export async function share(request: ShareRequest): Promise<number> {
  demandSomebody(request);
  const view = createView(request);
  const { stop } = request;
  let source: Source | undefined;
  let embedded: EmbeddedServer | undefined;
  try {
    source = await request.open({ reporter: view.reporter, stop });
    const opened = { ...request, config: { ...request.config, port: source.port } };
    embedded = await embeddedServer(opened, view.log);
    return await shareThrough(opened, embedded, { ...view, stop, source });
  } catch (error) {
    if (stop.aborted) return sayStopped(view);
    const { code, message } = toWingmanError(error, 'INTERNAL');
    view.reporter.failed(code, message);
    return ExitCode.FAILED;
  } finally {
    await Promise.all([embedded?.close(), source?.close()]);
  }
}

/** The user has stopped the start. */
function sayStopped({ reporter }: View): number {
  reporter.stopped({
    reason: 'closed',
    message: '',
    refused: {},
    pushed: { sent: 0, unclaimed: 0 },
  });
  return ExitCode.STOPPED;
}

interface Tools extends View {
  readonly stop: AbortSignal;
  readonly source: Source;
}

async function shareThrough(
  request: ShareRequest,
  embedded: EmbeddedServer | undefined,
  tools: Tools,
): Promise<number> {
  const config = withPassphrase(request.config);
  const engine = await engineFor(config, tools.log);
  // Asked before the start, so that nothing comes between it and the first line.
  const appAnswers = await new Loopback(config.port).answers();
  const { hash: page } = await readBrowserBundle();
  const mapper = mapperFor(request, tools.log);
  const starting = start({ ...request, config }, { embedded, engine, mapper }, tools);
  const hosts = await Promise.race([starting, aborted(tools.stop)]);
  if (hosts === undefined) return sayStopped(tools);
  const { main: host } = hosts;
  const inspector = await inspectorFor(config, hosts, tools.log);
  const stopped = observe(hosts, config, tools);
  const info: ReadyInfo = {
    url: openAt(host.url, config.firstPage),
    session: host.session,
    server: host.server.origin,
    embedded: embedded !== undefined,
    lan: lanInfo(config, host, embedded),
    port: config.port,
    label: tools.source.label,
    alsoPorts: config.alsoPorts,
    expiresAt: host.expiresAt,
    maxViewers: config.maxViewers,
    p2p: p2pInfo(config, engine),
    ingress: ingressInfo(config, host),
    entry: entryInfo(request.config, config),
    page,
    appAnswers,
    takenPort: embedded?.takenPort,
    inspector: inspector?.url,
  };
  // Before anybody is told of keys: the terminal itself would show one that comes first.
  const rest = tools.steer(hosts, info);
  tools.reporter.ready(info);
  const notice = newerVersion(host.serverVersion, OWN_VERSION);
  if (notice !== undefined) tools.reporter.warned(notice);
  mapper?.look();
  const announcement = await announceOn(config, info, tools.log);
  void aborted(tools.stop).then(() => {
    tools.reporter.stopping({ exchanges: hosts.activeExchanges, drainMs: HOST_LIMITS.drainMs });
    return host.close();
  });
  let code: number = ExitCode.STOPPED;
  void tools.source.ended.then((ended) => {
    code = ended;
    return host.close('closed', `${tools.source.label} has ended`);
  });
  const reason = await stopped;
  rest();
  await announcement?.withdraw();
  await hosts.close();
  await mapper?.close();
  await inspector?.close();
  return reason === 'refused' ? ExitCode.FAILED : code;
}

async function start(
  request: ShareRequest,
  means: Pick<HostMeans, 'embedded' | 'engine' | 'mapper'>,
  { log, stop }: Tools,
): Promise<PortHosts> {
  const { config } = request;
  const identity = await identityFor(request);
  const options = hostOptions(config, { ...means, identity, answers: answersFor(request) });
  const startHost = (takeOver: boolean): Promise<Host> =>
    Host.start({ ...options, takeOver }, (host) => {
      // Until the first line has been written, this is the only place to say it.
      host.on('problem', (event) =>
        log[host.isRegistered ? 'debug' : 'warn'](event, `no session at ${host.server.origin} yet`),
      );
    });
  const isAlone = request.app === undefined;
  const terminal = isAlone && !request.json ? processTerminal() : undefined;
  const main = await startOrTakeOver(startHost, config.takeOver, terminal, stop);
  return PortHosts.start(main, options);
}

/** Loaded only where it is wanted. A session goes on without it. */
async function inspectorFor(
  { hasInspector }: ShareConfig,
  hosts: PortHosts,
  log: Logger,
): Promise<Inspector | undefined> {
  if (!hasInspector) return undefined;
  const { startInspector } = await import('../inspector/inspector.js');
  try {
    return await startInspector(hosts);
  } catch (error) {
    log.warn({ error }, 'the inspector has no port');
    return undefined;
  }
}

/** Passes on what happens; resolves with the reason once the host has stopped. */
function observe(
  hosts: PortHosts,
  { firstPage }: ShareConfig,
  { reporter }: Tools,
): Promise<StopReason> {
  const { main: host } = hosts;
  host.on('viewer-joined', (event) =>
    reporter.viewerJoined(event, () => hosts.viewer(event.viewer)),
  );
  host.on('path-changed', (event) => reporter.pathChanged(event));
  host.on('viewer-left', (event) => reporter.viewerLeft(event));
  if (!host.commons.entrance.isOpen)
    host.commons.entrance.on('visitor', (visitor) => reporter.visitor(visitor));
  host.commons.entrance.on('wrong-passphrase', (event) => reporter.wrongPassphrase(event));
  host.commons.entrance.on('problem', ({ code, message }) => reporter.problem({ code, message }));
  host.on('request', (event) => reporter.request(event));
  host.on('transfer', (event) => reporter.transfer(event));
  host.on('reconnected', () => reporter.reconnected());
  host.on('moved', ({ server, url }) => reporter.moved({ server, url: openAt(url, firstPage) }));
  host.on('problem', (event) => reporter.problem(event));
  return new Promise((resolve) => {
    host.once('stopped', (event) => {
      reporter.stopped(event);
      resolve(event.reason);
    });
  });
}

function embeddedServer(request: ShareRequest, log: Logger): Promise<EmbeddedServer> | undefined {
  if (request.config.server !== undefined) return undefined;
  return startEmbeddedServer(request.config, log, request.env);
}

function identityFor({ config, env }: ShareRequest): Promise<HostIdentity> {
  return config.name === undefined
    ? HostIdentity.create()
    : namedIdentity(configDirectory(env), config.name);
}

/** A host without a name has no successor. */
function answersFor({ config, env }: ShareRequest): RememberedAnswers | undefined {
  const { name } = config;
  if (name === undefined) return undefined;
  return new RememberedAnswers(nameFile(configDirectory(env), name, 'visitors'));
}

async function engineFor(config: ShareConfig, log: Logger): Promise<PeerEngine | undefined> {
  if (!config.p2pEnabled) return undefined;
  const { engine, failures } = await loadEngine(config.engine);
  if (engine === undefined) log.warn({ failures }, 'no WebRTC engine loads: relay only');
  return engine;
}

/** What asks the router for ports. What it answers is for those who look. */
function mapperFor({ config, env, json }: ShareRequest, log: Logger): RouterPorts | undefined {
  const isWatched = !json && !isBuild(env) && processTerminal() !== undefined;
  if (!asksRouter(config, isWatched)) return undefined;
  return new RouterPorts((news) => log.debug(news, 'port mapping'));
}

/** Whoever is to let visitors in types that in a terminal, or is a program that writes it. */
function demandSomebody({ config, json }: ShareRequest): void {
  if (!config.asksDeveloper || json || process.stdin.isTTY) return;
  throw new ConfigError(
    '--approve needs a terminal to type in, or --json and a program that writes to standard input.',
  );
}

/** With a passphrase where there has to be one. */
function withPassphrase(config: ShareConfig): ShareConfig {
  if (!config.asksPassphrase || config.passphrase !== undefined) return config;
  return { ...config, passphrase: createPassphrase() };
}

function entryInfo(asked: ShareConfig, { passphrase }: ShareConfig): EntryInfo {
  const { asksPassphrase, asksDeveloper, isReadOnly } = asked;
  const made = asked.passphrase === undefined ? passphrase : undefined;
  return { asksPassphrase, passphrase: made, asksDeveloper, isReadOnly };
}

function ingressInfo({ ingress: mode }: ShareConfig, { ingressToken }: Host): IngressInfo {
  return mode === 'key' ? { mode, token: ingressToken } : { mode };
}

function p2pInfo(config: ShareConfig, engine: PeerEngine | undefined): P2pInfo {
  if (engine !== undefined) return { enabled: true, engine: engine.name };
  return { enabled: false, reason: config.p2pEnabled ? 'no engine' : 'switched off' };
}
