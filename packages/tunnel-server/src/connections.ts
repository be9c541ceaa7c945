import type { Clock } from '@wingman/protocol';
import type { Logger } from 'pino';
import type { TunnelServerConfig } from './config.js';
import type { IngressWebSockets } from './ingress/ingress-websocket.js';
import { SERVER_LIMITS } from './limits.js';
import type { Metrics } from './metrics.js';
import { ReadySocket } from './relay/ready-socket.js';
import { connectRelay } from './relay/relay-connection.js';
import type { LiveSession } from './sessions/live-session.js';
import type { SessionRegistry } from './sessions/session-registry.js';
import { HostConnection } from './signaling/host-connection.js';
import { ViewerConnection } from './signaling/viewer-connection.js';
import type { StunCoordination } from './stun/stun-coordination.js';
import type { UpgradeHandlers } from './web/upgrades.js';

export interface ConnectionOptions {
  clock: Clock;
  config: TunnelServerConfig;
  ingressWebSockets: IngressWebSockets;
  logger: Logger;
  metrics: Metrics;
  registry: SessionRegistry;
  /** A host has registered, or renewed its registration. */
  registered: (live: LiveSession) => void;
  stun: StunCoordination;
}

/** Gives each WebSocket that is let in to whoever it is for. */
export class Connections implements UpgradeHandlers {
  readonly #options: ConnectionOptions;
  #unregisteredHosts = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  hasRoomForHost(): boolean {
    return this.#unregisteredHosts < SERVER_LIMITS.unregisteredHosts;
  }

  readonly host: UpgradeHandlers['host'] = (webSocket) => {
    const { clock, config, registered, registry, stun } = this.#options;
    this.#unregisteredHosts += 1;
    new HostConnection(webSocket, {
      clock,
      wallClock: Date.now,
      stun,
      sessionTtlMs: config.sessionTtlMs,
      register: (name, grant) => {
        const live = registry.register(name, grant);
        registered(live);
        return live.signaling;
      },
      settled: () => {
        this.#unregisteredHosts -= 1;
      },
    });
  };

  readonly dial: UpgradeHandlers['dial'] = (live, purpose, webSocket) => {
    const dials = purpose === 'relay' ? live.relayDials : live.ingressDials;
    dials.offer(new ReadySocket(webSocket));
  };

  readonly signal: UpgradeHandlers['signal'] = (live, webSocket) => {
    const { clock, metrics } = this.#options;
    const { session, signaling, viewers } = live;
    new ViewerConnection(webSocket, { session, signaling, viewers, clock, metrics });
  };

  readonly relay: UpgradeHandlers['relay'] = (live, client, webSocket) => {
    connectRelay(live, webSocket, client).catch((error: unknown) => {
      this.#options.logger.error({ err: error }, 'a relay connection failed');
      webSocket.terminate();
    });
  };

  readonly ingress: UpgradeHandlers['ingress'] = (live, upgrade) => {
    this.#options.ingressWebSockets.serve(upgrade, live).catch((error: unknown) => {
      this.#options.logger.error({ err: error }, 'an ingress WebSocket failed');
      upgrade.socket.destroy();
    });
  };
}
