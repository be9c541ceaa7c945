import { packageVersion } from '@wingman/node-kit';
import type { Clock } from '@wingman/protocol';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { Budgets } from './budgets/budgets.js';
import { SocketPlaces } from './budgets/socket-places.js';
import { createCluster, type Cluster, type Common } from './cluster/cluster.js';
import { isPublic, type TunnelServerConfig } from './config.js';
import { Connections } from './connections.js';
import { schemeOf, type ForwardedOptions } from './web/client-identity.js';
import { IngressWebSockets } from './ingress/ingress-websocket.js';
import { Ingress } from './ingress/ingress.js';
import { SERVER_LIMITS } from './limits.js';
import { Metrics } from './metrics.js';
import type { Audit } from './operator/audit-log.js';
import { Certificate } from './operator/certificate.js';
import { DenyList } from './operator/deny-list.js';
import { HostTokens } from './operator/host-tokens.js';
import { Holders } from './sessions/holders.js';
import { LiveSession } from './sessions/live-session.js';
import { SessionRegistry, type SessionFactory } from './sessions/session-registry.js';
import { ConnectionMonitor } from './signaling/connection-monitor.js';
import { Site } from './site.js';
import { StunAddresses } from './stun/stun-addresses.js';
import { StunCoordination } from './stun/stun-coordination.js';
import { createApp } from './web/app.js';
import type { Assets } from './web/assets.js';
import { locate, type Place } from './web/locate.js';
import { passageRoutes } from './web/passages.js';
import { serverRoutes } from './web/server-routes.js';
import { sessionRoutes } from './web/session-routes.js';
import type { BootData, Shell } from './web/shell.js';
import { UnknownNames } from './web/unknown-names.js';
import { UpgradeRouter } from './web/upgrades.js';
import { WebSocketServers } from './web/websocket-servers.js';

const VERSION = packageVersion(new URL('../package.json', import.meta.url));

/** What the composition is made from. */
export interface Ingredients {
  config: TunnelServerConfig;
  logger: Logger;
  clock: Clock;
  assets: Assets;
  shell: Shell;
  common: Common;
  /** Undefined: nothing is noted. */
  audit: Audit | undefined;
}

/** Sessions and what they share. */
interface Core extends Ingredients, Cluster {
  hostTokens: HostTokens | undefined;
  denyList: DenyList;
  sockets: SocketPlaces;
  budgets: Budgets;
  site: Site;
  metrics: Metrics;
  registry: SessionRegistry;
  holders: Holders;
  stun: StunCoordination;
  monitor: ConnectionMonitor;
  webSockets: WebSocketServers;
  unknownNames: UnknownNames;
  forwarded: ForwardedOptions;
  locate: (hostHeader: string | undefined) => Place;
}

/** The parts of a tunnel server that its owner starts and stops. */
export interface Composition extends Cluster {
  common: Common;
  site: Site;
  metrics: Metrics;
  registry: SessionRegistry;
  monitor: ConnectionMonitor;
  webSockets: WebSocketServers;
  ingress: Ingress;
  upgrades: UpgradeRouter;
  hostTokens: HostTokens | undefined;
  denyList: DenyList;
  budgets: Budgets;
  certificate: Certificate | undefined;
  http: Server | TlsServer;
}

/** Makes every part and hands each to those that need it; nothing listens yet. */
export function compose(ingredients: Ingredients): Composition {
  const core = createCore(ingredients);
  const ingress = new Ingress(core.metrics, core.forwarded, core.clock);
  const upgrades = createUpgrades(core);
  const certificate = createCertificate(ingredients);
  const http = createHttpServer(createRequestListener(core, ingress), certificate);
  http.on('connection', (socket: Socket) => core.sockets.enter(socket));
  http.on('upgrade', (req, socket, head) => {
    core.peers.upgrade(req, socket, head, () => upgrades.handle(req, socket, head));
  });
  return { ...core, ingress, upgrades, certificate, http };
}

function createCore(ingredients: Ingredients): Core {
  const { clock, config } = ingredients;
  const site = new Site(config);
  const stunAddresses = new StunAddresses(clock);
  const registry: SessionRegistry = new SessionRegistry({
    clock,
    maxSessions: config.maxSessions,
    maxSessionsPerAddress: config.maxSessionsPerAddress,
    refused: (limit) => core.metrics.limitsExceeded.inc({ limit }),
    create: (...given) => createSession(core, ...given),
  });
  const monitor = new ConnectionMonitor(clock);
  const denyList: DenyList = new DenyList(config.denyList, {
    ...ingredients,
    changed: () => registry.endDenied(denyList),
  });
  const core: Core = {
    ...ingredients,
    hostTokens: createHostTokens(ingredients),
    denyList,
    ...createCluster(ingredients, registry, denyList),
    site,
    ...{ registry, holders: new Holders() },
    monitor,
    metrics: new Metrics({
      sessions: () => registry.size,
      viewers: () => sumOf(registry, ({ viewers }) => viewers.size),
      heldMessageBytes: () => sumOf(registry, ({ heldMessageBytes }) => heldMessageBytes),
      heldBytes: () => core.budgets.heldBytes,
      sockets: () => core.sockets.size,
      bytesPerSecond: () => core.budgets.bytesPerSecond,
    }),
    sockets: new SocketPlaces({
      maxSockets: config.maxSockets,
      isFair: !config.trustProxy,
      exceeded: () => core.metrics.limitsExceeded.inc({ limit: 'sockets' }),
    }),
    budgets: new Budgets({
      ...config,
      clock,
      heldBytes: () => core.holders.heldBytes,
      carriedBytes: () => core.sockets.bytes,
      refused: (limit) => core.metrics.limitsExceeded.inc({ limit }),
      shed: () => shedHeaviest(core),
    }),
    stun: new StunCoordination({
      ...config,
      stunUrls: () => stunAddresses.beside(site.stunUrls),
      wallClock: Date.now,
    }),
    webSockets: new WebSocketServers(monitor),
    unknownNames: new UnknownNames({
      ...{ trustProxy: config.trustProxy, counts: ingredients.common.counts },
      exceeded: () => core.metrics.limitsExceeded.inc({ limit: 'unknown-names' }),
    }),
    forwarded: { trustProxy: config.trustProxy, scheme: (req) => schemeOf(req, site) },
    locate: (host) => locate(host, { ...config, registry }),
  };
  return core;
}

function sumOf(registry: SessionRegistry, value: (live: LiveSession) => number): number {
  let sum = 0;
  for (const live of registry.all()) sum += value(live);
  return sum;
}

/** The session that holds most lets go of what it holds: the others are not to pay for it. */
function shedHeaviest({ logger, metrics, registry }: Core): void {
  const [heaviest] = [...registry.all()].sort((a, b) => b.heldBytes - a.heldBytes);
  if (heaviest === undefined) return;
  const { heldBytes, session } = heaviest;
  logger.warn({ session: session.name, heldBytes }, 'a session held most of a full memory: cut');
  metrics.limitsExceeded.inc({ limit: 'memory-shed' });
  heaviest.shed();
}

function createHostTokens({ clock, config, logger }: Ingredients): HostTokens | undefined {
  if (config.hostTokens === undefined) return undefined;
  return new HostTokens(config.hostTokens, { clock, logger });
}

function createSession(
  core: Core,
  ...[name, onEnd, requestId]: Parameters<SessionFactory>
): LiveSession {
  const { clock, config, holders, logger, metrics, site, stun } = core;
  logger.info({ requestId, session: name }, 'session registered');
  const originOf = (session: string): string => site.originOf(session);
  return new LiveSession(name, { ...config, clock, holders, metrics, stun, originOf }, (reason) => {
    logger.info({ session: name, reason }, 'session ended');
    core.audit?.('session-ended', { session: name, reason });
    onEnd(reason);
    core.leases.giveUp(name);
  });
}

function createUpgrades(core: Core): UpgradeRouter {
  const { forwarded, logger, registry, webSockets } = core;
  const ingressWebSockets = new IngressWebSockets({
    ...core,
    accept: (upgrade, protocol) => webSockets.acceptForApp(upgrade, protocol),
  });
  const { counts } = core.common;
  const connections = new Connections({ ...core, counts, ingressWebSockets, version: VERSION });
  return new UpgradeRouter({
    locate: core.locate,
    registry,
    scheme: forwarded.scheme,
    trustProxy: forwarded.trustProxy,
    logger,
    sockets: core.sockets,
    budgets: core.budgets,
    denyList: core.denyList,
    unknownNames: core.unknownNames,
    accept: (upgrade, kind, use) => webSockets.acceptOwn(upgrade, kind, use),
    handlers: connections,
  });
}

function createRequestListener(core: Core, ingress: Ingress): RequestListener {
  const { assets, logger, metrics, shell } = core;
  const boot = (live: LiveSession): BootData => bootData(core, live);
  return createApp({
    locate: core.locate,
    peers: core.peers,
    sockets: core.sockets,
    budgets: core.budgets,
    denyList: core.denyList,
    trustProxy: core.config.trustProxy,
    unknownNames: core.unknownNames,
    server: serverRoutes({
      ...core,
      ...core.config,
      directory: core.common.directory,
      isPublic: isPublic(core.config),
      version: VERSION,
    }),
    session: sessionRoutes({
      assets,
      boot,
      besides: ({ session }) =>
        core.registry.besides(session.name).map((name) => core.site.originOf(name)),
      ingress,
      authority: core.config.secondDoor?.tls?.authority,
      passages: passageRoutes(core),
      shell,
      metrics,
      hasNotice: core.config.notice,
      trustProxy: core.config.trustProxy,
      scheme: core.forwarded.scheme,
    }),
    logger,
  });
}

/** Plain HTTP, for a proxy or for this machine alone, or TLS of its own. */
function createHttpServer(
  app: RequestListener,
  certificate: Certificate | undefined,
): Server | TlsServer {
  const options = {
    headersTimeout: SERVER_LIMITS.headersMs,
    connectionsCheckingInterval: SERVER_LIMITS.checkMs,
    keepAliveTimeout: SERVER_LIMITS.keepAliveMs,
    maxHeaderSize: SERVER_LIMITS.headerBytes,
    // An upload takes as long as it takes: it is paced by the app through back-pressure, and costs
    // one window of memory however slow it is. Heads have their own deadline above, and a client that
    // sends nothing has SERVER_LIMITS.uploadIdleMs.
    requestTimeout: 0,
  };
  if (certificate === undefined) return createServer(options, app);
  const handshakeTimeout = SERVER_LIMITS.tlsHandshakeMs;
  const server = createTlsServer({ ...options, ...certificate.pair, handshakeTimeout }, app);
  certificate.onRenewed((pair) => server.setSecureContext(pair));
  return server;
}

function createCertificate({ clock, config, logger }: Ingredients): Certificate | undefined {
  const { tlsCert: cert, tlsKey: key } = config;
  if (cert === undefined || key === undefined) return undefined;
  return new Certificate({ cert, key, clock, logger });
}

function bootData(core: Core, { session }: LiveSession): BootData {
  const { config, site } = core;
  const prekey = session.state === 'online' ? session.prekey : new Uint8Array();
  return {
    session: session.name,
    serverOrigin: site.url,
    prekey: prekey.byteLength === 0 ? null : Buffer.from(prekey).toString('base64url'),
    ingressAllowed: session.ingressAllowed,
    p2p: { enabled: config.p2pEnabled, timeoutMs: config.p2pTimeoutMs },
    linkGraceMs: config.linkGraceMs,
    version: VERSION,
  };
}
