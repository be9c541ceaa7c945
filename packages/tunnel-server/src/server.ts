import { CloseCode, splitSessionName, type Clock } from '@wingman/protocol';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { openCommon } from './cluster/cluster.js';
import { compose, type Composition, type Ingredients } from './composition.js';
import type { TunnelServerConfig } from './config.js';
import type { Metrics } from './metrics.js';
import { localAdministration, type LocalAdministration } from './operator/admin-routes.js';
import { AdminSocket } from './operator/admin-socket.js';
import { AuditLog } from './operator/audit-log.js';
import { SecondDoor } from './second-door.js';
import { listenOnAnyOf, stunHost, type StunResponder } from './stun/stun-responder.js';
import { Assets } from './web/assets.js';
import { OWN_ASSETS } from './web/browser-bundle.js';
import { Shell } from './web/shell.js';

/** What a server is given beside its settings. */
interface Surroundings {
  readonly logger: Logger;
  readonly clock: Clock;
  /** Stops the server as SIGTERM does; undefined where nobody can do so. */
  readonly drain: (() => void) | undefined;
}

/** A tunnel server that listens. */
export class RunningServer {
  readonly #parts: Composition;
  readonly #clock: Clock;
  readonly #audit: AuditLog | undefined;
  #responder: StunResponder | undefined;
  #secondDoor: SecondDoor | undefined;
  #adminSocket: AdminSocket | undefined;
  #closing: Promise<void> | undefined;

  private constructor(parts: Composition, clock: Clock, audit: AuditLog | undefined) {
    this.#parts = parts;
    this.#clock = clock;
    this.#audit = audit;
  }

  /** Starts everything. Rejects with the system's error when a requested port is taken; then nothing keeps running. */
  static async start(
    config: TunnelServerConfig,
    { clock, drain, logger: log }: Surroundings,
  ): Promise<RunningServer> {
    const logger = log.child({}, { serializers: { session: abridged } });
    const folder = config.assetsDirectory ?? OWN_ASSETS;
    const [assets, shell] = await Promise.all([Assets.read(folder), Shell.read(folder)]);
    if (!shell.isBuilt) logger.warn({ directory: folder }, 'the browser client is not built');
    const path = config.auditLog;
    const audit = path === undefined ? path : new AuditLog({ path, clock, logger, abridged });
    const parts = await composed({ config, logger, clock, assets, shell, audit: audit?.note });
    const server = new RunningServer(parts, clock, audit);
    try {
      await server.#listen(config, logger);
      await server.#obey(config.adminSocket, { ...parts, logger, drain });
    } catch (error) {
      await server.close(0);
      throw error;
    }
    return server;
  }

  async #listen(config: TunnelServerConfig, logger: Logger): Promise<void> {
    const { http, site } = this.#parts;
    site.port = await listen(this.#parts, config);
    if (config.secondDoor !== undefined) {
      const place = { port: site.port, maxSockets: config.maxSockets };
      this.#secondDoor = await SecondDoor.open(http, config.secondDoor, place);
    }
    this.#responder = await startStun(config, this.#parts, logger, this.#clock);
    site.stunPort = this.#responder?.port;
    logger.info({ url: site.url, stunPort: site.stunPort }, 'tunnel server is listening');
  }

  async #obey(path: string | undefined, options: LocalAdministration): Promise<void> {
    if (path === undefined) return;
    this.#adminSocket = await AdminSocket.open(path, localAdministration(options));
  }

  /** The server's own origin as browsers see it. */
  get url(): string {
    return this.#parts.site.url;
  }

  get port(): number {
    return this.#parts.site.port;
  }

  /** UDP port of the embedded STUN responder; undefined when there is none. */
  get stunPort(): number | undefined {
    return this.#parts.site.stunPort;
  }

  get metrics(): Metrics {
    return this.#parts.metrics;
  }

  /** Reads the certificate again, and begins a new audit log; open connections stay. A server without either does nothing. */
  reload(): void {
    this.#parts.certificate?.reload();
    this.#audit?.reopen();
  }

  /**
   * Shuts down within `deadlineMs` milliseconds: nothing new is taken, ingress requests under way
   * may finish, then every connection is closed with GOING_AWAY. Idempotent.
   */
  close(deadlineMs: number): Promise<void> {
    this.#closing ??= this.#close(deadlineMs);
    return this.#closing;
  }

  async #close(deadlineMs: number): Promise<void> {
    const {
      announcements,
      budgets,
      certificate,
      common,
      denyList,
      hostTokens,
      http,
      ingress,
      leases,
      monitor,
      peers,
      registry,
      upgrades,
      webSockets,
    } = this.#parts;
    const deadline = this.#after(deadlineMs);
    upgrades.close();
    this.#adminSocket?.close();
    const stopped = stopListening(this.#parts);
    void this.#secondDoor?.stopListening();
    http.closeIdleConnections();
    // This node may be younger than its first turn to hear of the others, or they are younger than its last.
    await Promise.race([announcements.hear(), deadline.passed]);
    // With another node to go to, requests wait for the hosts to be there, instead of for one that is about to leave.
    const isMove = announcements.nodes !== undefined && announcements.nodes.length > 0;
    if (isMove) await Promise.race([leases.leave(), deadline.passed]);
    const moved = isMove ? this.#move() : undefined;
    await Promise.race([Promise.all([ingress.drained(), moved]), deadline.passed]);
    registry.endAll('shutdown');
    const givenUp = Promise.all([leases.close(), announcements.close()]);
    const gone = webSockets.closeAll(CloseCode.GOING_AWAY, 'the tunnel server is shutting down');
    await Promise.race([Promise.all([gone, givenUp]), deadline.passed]);
    deadline.cancel();
    webSockets.terminateAll();
    if (isMove) await this.#within(deadlineMs, peers.settled());
    peers.close();
    http.closeAllConnections();
    monitor.close();
    hostTokens?.close();
    budgets.close();
    certificate?.close();
    common.close();
    denyList.close();
    await Promise.all([stopped, this.#secondDoor?.close(), this.#responder?.close()]);
    await this.#audit?.close();
  }

  /** Hosts and viewers are told to connect to other nodes; resolves when all that comes to this one or by it has a successor. */
  async #move(): Promise<void> {
    const { ingress, peers, registry, webSockets } = this.#parts;
    peers.leave();
    registry.leaveAll();
    await ingress.drained();
    for (const { ingressLink } of registry.all()) ingressLink.close('LINK_CLOSED');
    await Promise.all([webSockets.ownGone(), peers.passedGone()]);
  }

  async #within(milliseconds: number, what: Promise<unknown>): Promise<void> {
    const deadline = this.#after(milliseconds);
    await Promise.race([what, deadline.passed]);
    deadline.cancel();
  }

  #after(milliseconds: number): { passed: Promise<void>; cancel(): void } {
    let cancel = (): void => undefined;
    const passed = new Promise<void>((resolve) => {
      const timer = this.#clock.setTimeout(resolve, milliseconds);
      cancel = () => timer.cancel();
    });
    return { passed, cancel };
  }
}

/** With Redis, where the nodes have one: its connection is not left open when something else can't be made. */
async function composed(ingredients: Omit<Ingredients, 'common'>): Promise<Composition> {
  const common = await openCommon(ingredients);
  try {
    return compose({ ...ingredients, common });
  } catch (error) {
    common.close();
    throw error;
  }
}

/** Of the hash that ends a name a log has so much: enough to tell sessions apart. */
const LOGGED_HASH_CHARS = 4;

/** A session as logs have it: whoever reads one finds it in the list of sessions, and can't open it from the log. */
export function abridged(name: unknown): string {
  const { main, port } = splitSessionName(String(name));
  const hash = /[a-z2-7]{16}$/.exec(main)?.[0] ?? '';
  const shown = main.slice(0, main.length - hash.length) + hash.slice(0, LOGGED_HASH_CHARS);
  return `${shown}…${port === undefined ? '' : `-${port}`}`;
}

function listen({ http }: Composition, { host, port }: TunnelServerConfig): Promise<number> {
  return new Promise((resolve, reject) => {
    http.once('error', reject);
    http.listen({ host, port }, () => {
      http.off('error', reject);
      resolve(portOf(http.address()));
    });
  });
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('not a TCP server');
  return address.port;
}

function stopListening({ http }: Composition): Promise<void> {
  return new Promise((resolve) => http.close(() => resolve()));
}

/** The responder is a convenience unless its port was asked for: without it there is still the relay. */
async function startStun(
  config: TunnelServerConfig,
  { site }: Composition,
  logger: Logger,
  clock: Clock,
): Promise<StunResponder | undefined> {
  if (!config.stunEmbedded) return undefined;
  const host = stunHost(config.host, config.publicUrl);
  if (host !== config.host)
    logger.info({ host }, 'STUN listens on every address: no proxy passes it on');
  const wish = { host, port: config.stunPort, preferredPort: site.port };
  try {
    return await listenOnAnyOf(wish, clock);
  } catch (error) {
    if (config.stunPort !== undefined) throw error;
    logger.warn({ err: error }, 'the STUN responder could not start');
    return undefined;
  }
}
