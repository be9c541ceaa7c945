import { CloseCode, type Clock } from '@wingman/protocol';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { compose, type Composition } from './composition.js';
import type { TunnelServerConfig } from './config.js';
import type { Metrics } from './metrics.js';
import { listenOnAnyOf, stunHost, type StunResponder } from './stun/stun-responder.js';
import { Assets } from './web/assets.js';
import { OWN_ASSETS } from './web/browser-bundle.js';
import { Shell } from './web/shell.js';

/** A tunnel server that listens. */
export class RunningServer {
  readonly #parts: Composition;
  readonly #responder: StunResponder | undefined;
  readonly #clock: Clock;
  #closing: Promise<void> | undefined;

  private constructor(parts: Composition, responder: StunResponder | undefined, clock: Clock) {
    this.#parts = parts;
    this.#responder = responder;
    this.#clock = clock;
  }

  /** Starts everything; rejects with the system's error when a port asked for is taken. */
  static async start(
    config: TunnelServerConfig,
    logger: Logger,
    clock: Clock,
  ): Promise<RunningServer> {
    const directory = config.assetsDirectory ?? OWN_ASSETS;
    const [assets, shell] = await Promise.all([Assets.read(directory), Shell.read(directory)]);
    if (!shell.isBuilt) logger.warn({ directory }, 'the browser client is not built');
    const parts = compose({ config, logger, clock, assets, shell });
    parts.site.port = await listen(parts, config);
    const responder = await startStun(config, parts, logger, clock).catch(
      async (error: unknown) => {
        await stopListening(parts);
        throw error;
      },
    );
    parts.site.stunPort = responder?.port;
    logger.info({ url: parts.site.url, stunPort: responder?.port }, 'tunnel server is listening');
    return new RunningServer(parts, responder, clock);
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

  /** Reads the certificate again; open connections stay. Without one there is nothing to do. */
  reload(): void {
    this.#parts.certificate?.reload();
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
      budgets,
      certificate,
      denyList,
      directory,
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
    const stopped = stopListening(this.#parts);
    http.closeIdleConnections();
    await Promise.race([ingress.drained(), deadline.passed]);
    registry.endAll('shutdown');
    const givenUp = leases.close();
    const gone = webSockets.closeAll(CloseCode.GOING_AWAY, 'the tunnel server is shutting down');
    await Promise.race([Promise.all([gone, givenUp]), deadline.passed]);
    deadline.cancel();
    webSockets.terminateAll();
    peers.close();
    http.closeAllConnections();
    monitor.close();
    hostTokens?.close();
    budgets.close();
    certificate?.close();
    directory.close();
    denyList.close();
    await Promise.all([stopped, this.#responder?.close()]);
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
