import { WsCarrier } from '@wingman/node-kit';
import {
  initiateIngress,
  Link,
  Mux,
  newLinkId,
  type Clock,
  type ErrorCode,
} from '@wingman/protocol';
import type { DialBackPool } from '../relay/dial-back-pool.js';
import type { Ending, SessionPart } from '../sessions/session.js';

export interface IngressLinkOptions {
  clock: Clock;
  dials: DialBackPool;
  /** How long a link in use waits for its host, in milliseconds. */
  graceMs: number;
  /** A link was made. */
  opened?: () => void;
}

interface Current {
  readonly link: Link;
  readonly mux: Mux;
  /** The dial under way: those who come meanwhile wait for the same one. */
  dialling: Promise<void> | undefined;
}

/** The tunnel server's own link to the host of one session: dialled on first use, again when it died. */
export class IngressLink implements SessionPart {
  readonly #options: IngressLinkOptions;
  #current: Current | undefined;

  constructor(options: IngressLinkOptions) {
    this.#options = options;
  }

  /** The mux of a connected link; rejects with WingmanError HOST_OFFLINE, TIMEOUT or LIMIT_EXCEEDED. */
  async mux(): Promise<Mux> {
    const current = this.#usable ?? this.#create();
    if (!isConnected(current.link)) await this.#connect(current);
    return current.mux;
  }

  /** Whether there is a link. */
  get isOpen(): boolean {
    return this.#usable !== undefined;
  }

  /** What the host has sent and no client has taken, in bytes. */
  get unreadBytes(): number {
    return this.#usable?.mux.unreadBytes ?? 0;
  }

  /** Ends the link and every exchange on it. */
  close(reason: ErrorCode): void {
    this.#current?.link.close(reason);
  }

  /** What carries the link is about to end: another connection takes its place, if it stands in time. */
  renew(): void {
    const current = this.#usable;
    if (current !== undefined && isConnected(current.link)) this.#revive(current);
  }

  hostOnline(): void {
    const current = this.#usable;
    if (current !== undefined && !isConnected(current.link)) this.#revive(current);
  }

  hostOffline(): void {
    // The link's carrier may well live on; its own grace time decides.
  }

  ended(ending: Ending): void {
    this.close(ending.code);
  }

  get #usable(): Current | undefined {
    return this.#current?.link.state === 'closed' ? undefined : this.#current;
  }

  #create(): Current {
    const { clock, graceMs } = this.#options;
    const link = new Link({ id: newLinkId(), role: 'initiator', clock, graceMs });
    const current: Current = { link, mux: new Mux(link, {}), dialling: undefined };
    link.on('state', () => {
      if (link.state === 'waiting') this.#revive(current);
    });
    this.#current = current;
    this.#options.opened?.();
    return current;
  }

  /** The carrier is gone. Another dial is worth its cost only while exchanges are under way. */
  #revive(current: Current): void {
    if (current.mux.streamCount === 0) return current.link.close('LINK_LOST');
    // After a failed dial the link waits on, until the host registers again or the grace time ends.
    this.#connect(current).catch(() => undefined);
  }

  #connect(current: Current): Promise<void> {
    current.dialling ??= this.#dial(current).finally(() => {
      current.dialling = undefined;
    });
    return current.dialling;
  }

  async #dial(current: Current): Promise<void> {
    const { link } = current;
    const ready = await this.#options.dials.take();
    const carrier = new WsCarrier(ready.socket, { early: ready.claim() });
    link.attach(initiateIngress(carrier, link.id), 'relay');
  }
}

function isConnected(link: Link): boolean {
  const attachment = link.attachment('relay');
  return attachment !== undefined && attachment.state !== 'dead';
}
