import { WingmanError, type Clock } from '@wingman/protocol';
import type { Logger } from 'pino';
import { NetworkRate, type SharedCounts } from './budgets/network-rate.js';
import type { Leases } from './cluster/leases.js';
import type { TunnelServerConfig } from './config.js';
import type { IngressWebSockets } from './ingress/ingress-websocket.js';
import { SERVER_LIMITS } from './limits.js';
import type { Metrics } from './metrics.js';
import { ReadySocket } from './relay/dial-back-pool.js';
import { connectRelay } from './relay/relay-connection.js';
import type { Audit } from './operator/audit-log.js';
import type { DenyList } from './operator/deny-list.js';
import type { HostTokens } from './operator/host-tokens.js';
import type { SessionRegistry } from './sessions/session-registry.js';
import { HostConnection } from './signaling/host-connection.js';
import { UnprovedHosts } from './signaling/unproved-hosts.js';
import { ViewerConnection } from './signaling/viewer-connection.js';
import type { StunCoordination } from './stun/stun-coordination.js';
import { clientNetwork } from './web/client-identity.js';
import { requestIdOf } from './web/request-id.js';
import type { UpgradeHandlers } from './web/upgrades.js';

export interface ConnectionOptions {
  clock: Clock;
  config: TunnelServerConfig;
  /** Undefined: nothing is noted. */
  audit: Audit | undefined;
  /** Undefined: whoever has a key may register. */
  hostTokens: HostTokens | undefined;
  denyList: DenyList;
  ingressWebSockets: IngressWebSockets;
  logger: Logger;
  metrics: Metrics;
  leases: Pick<Leases, 'take' | 'confirm'>;
  registry: SessionRegistry;
  /** Where all nodes count registrations; undefined: this one is alone. */
  counts: SharedCounts | undefined;
  stun: StunCoordination;
  /** This server's own. */
  version: string;
}

/** Gives each WebSocket that is let in to whoever it is for. */
export class Connections implements UpgradeHandlers {
  readonly #options: ConnectionOptions;
  readonly #registrations: NetworkRate;
  readonly #unproved: UnprovedHosts;

  constructor(options: ConnectionOptions) {
    const { registrationBurst: burst, registrationBurstMs: burstMs } = SERVER_LIMITS;
    this.#options = options;
    this.#registrations = new NetworkRate(
      { what: 'registrations', burst, burstMs },
      options.counts,
    );
    this.#unproved = new UnprovedHosts(options.clock);
  }

  readonly hostWait: UpgradeHandlers['hostWait'] = (address) => {
    const wait = this.#unproved.waitFor(clientNetwork(address));
    if (wait !== undefined) this.#options.metrics.limitsExceeded.inc({ limit: 'host-turns' });
    return wait;
  };

  readonly host: UpgradeHandlers['host'] = (webSocket, address, requestId) => {
    const { audit, clock, config, hostTokens, leases } = this.#options;
    const { logger, metrics, registry, stun } = this.#options;
    const network = clientNetwork(address);
    const settled = this.#unproved.enter(network, () => connection.evict());
    const connection = new HostConnection(webSocket, {
      clock,
      wallClock: Date.now,
      stun,
      metrics,
      logger,
      audit,
      address,
      requestId,
      tokens: hostTokens,
      sessionTtlMs: config.sessionTtlMs,
      version: this.#options.version,
      mayRegister: () => this.#registrations.take(network),
      claim: (name, instance, takeOver) => leases.take(name, instance, takeOver),
      register: (name, grant) => {
        this.#demandWelcome(name, address);
        const { signaling } = registry.register(name, network, grant);
        leases.confirm(name, grant.host.instance);
        return signaling;
      },
      settled,
    });
  };

  #demandWelcome(name: string, address: string): void {
    const { denyList } = this.#options;
    if (!denyList.deniesName(name) && !denyList.deniesAddress(address)) return;
    throw new WingmanError('DENIED', 'the operator of this tunnel server does not serve this host');
  }

  readonly dial: UpgradeHandlers['dial'] = (live, purpose, webSocket) => {
    const dials = purpose === 'relay' ? live.relayDials : live.ingressDials;
    dials.offer(new ReadySocket(webSocket));
  };

  readonly signal: UpgradeHandlers['signal'] = (live, address, webSocket) => {
    const { audit, clock, metrics } = this.#options;
    const { session, signaling, viewers } = live;
    const options = { session, signaling, viewers, clock, metrics, audit, address };
    new ViewerConnection(webSocket, options);
  };

  readonly relay: UpgradeHandlers['relay'] = (live, client, webSocket) => {
    connectRelay(live, webSocket, client).catch((error: unknown) => {
      const { requestId } = client;
      this.#options.logger.error({ requestId, err: error }, 'a relay connection failed');
      webSocket.terminate();
    });
  };

  readonly ingress: UpgradeHandlers['ingress'] = (live, upgrade) => {
    this.#options.ingressWebSockets.serve(upgrade, live).catch((error: unknown) => {
      const requestId = requestIdOf(upgrade.req);
      this.#options.logger.error({ requestId, err: error }, 'an ingress WebSocket failed');
      upgrade.socket.destroy();
    });
  };
}
