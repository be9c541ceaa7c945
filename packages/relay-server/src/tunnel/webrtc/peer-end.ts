import type { ChannelCarrier } from './channel-carrier.js';
import type { PeerHandlers } from './engine.js';

/** How a peer of any engine ends: by its owner, with its carrier, or by itself. The latter two are told, once. */
export abstract class PeerEnd<Handlers extends PeerHandlers = PeerHandlers> {
  protected readonly handlers: Handlers;
  protected carrier: ChannelCarrier | undefined;
  #isClosed = false;

  constructor(handlers: Handlers) {
    this.handlers = handlers;
  }

  protected get isClosed(): boolean {
    return this.#isClosed;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.shut();
  }

  /** Lets go of the engine's peer. Called once. */
  protected abstract shut(): void;

  /** The peer goes with its carrier, and its owner has to hear of it. */
  protected closedHere(): void {
    if (this.#isClosed) return;
    this.close();
    this.handlers.closed('its carrier was closed');
  }

  /** The peer has ended by itself. */
  protected end(reason: string): void {
    if (this.#isClosed) return;
    this.close();
    this.carrier?.lost(reason);
    this.handlers.closed(reason);
  }
}
