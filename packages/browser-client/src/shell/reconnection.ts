import type { LinkStatus } from '../shared/status.js';
import type { P2pClient } from './p2p-client.js';
import type { Signaling } from './signaling.js';
import type { TunnelClient } from './tunnel-client.js';

/** What connects a tab with the server and with the host; each is undefined before it begins and after its end. */
export interface Connections {
  readonly signaling: Pick<Signaling, 'connect' | 'move' | 'probe'> | undefined;
  readonly tunnel: Pick<TunnelClient, 'renewRelay' | 'wake'> | undefined;
  readonly p2p: Pick<P2pClient, 'heard' | 'retryNow'> | undefined;
}

/** Passes each sign that the network has changed on to what may be dead because of it. */
export class Reconnection {
  #wasRelayed = false;

  constructor(private readonly connections: () => Connections) {}

  /** The paths have changed. Signaling goes the way of the relay: when that is silent, signaling has to show that it lives. */
  hear({ directConnected, relayConnected }: LinkStatus): void {
    const { p2p, signaling } = this.connections();
    // Before the relay has ever answered, the tab is only just loading, and everything takes its time.
    if (!relayConnected && this.#wasRelayed) signaling?.probe();
    this.#wasRelayed ||= relayConnected;
    p2p?.heard(directConnected);
  }

  /** Something may have changed: what is there has to show that it lives, and what is not there is tried. */
  doubt(): void {
    const { signaling, tunnel } = this.connections();
    signaling?.connect();
    tunnel?.wake();
  }

  /** What leads through a node of the server that is about to stop gets a successor first. */
  move(): void {
    const { signaling, tunnel } = this.connections();
    tunnel?.renewRelay();
    signaling?.move();
  }

  /** The network is back, or somebody waits: a direct path is tried too. */
  retry(): void {
    this.doubt();
    this.connections().p2p?.retryNow();
  }
}
