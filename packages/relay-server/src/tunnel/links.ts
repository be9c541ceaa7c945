import type { DialClient } from '@wingman/node-kit';
import type { Attachment, Carrier, ChannelWay, Clock, ErrorCode, Path } from '@wingman/protocol';
import { CloseCode, Link } from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';
import type { Via } from '../local/local-ports.js';
import { watchPath, type PathChanged } from './path-changes.js';

/** What the table tells its owner. */
interface LinkEvents {
  /** A new link, before its first carrier: the owner takes its exchanges. */
  opened(link: Link, via: Via): void;
  joined(viewer: string, path: Path): void;
  pathChanged(viewer: string, change: PathChanged): void;
  /** The relay to a viewer is cut or silent; the other connections to the tunnel server may be, too. */
  relayBroken(): void;
  left(viewer: string, reason: ErrorCode): void;
}

/** How a viewer has left signaling: with a goodbye, or presumed gone by the server. */
export interface Farewell {
  readonly isFinal?: boolean;
  readonly isPresumed?: boolean;
}

export interface LinkTableOptions {
  readonly maxViewers: number;
  /** How long a viewer's link waits for a carrier; LIMITS.linkGraceMs when undefined. */
  readonly graceMs?: number | undefined;
  readonly clock: Clock;
  readonly events: LinkEvents;
}

/** Every link of this session, by its id; a viewer is one tab. */
export class LinkTable {
  readonly #options: LinkTableOptions;
  readonly #viewers = new Map<string, Link>();
  readonly #ingress = new Map<string, Link>();
  /** Whose the viewers' links are, as the server says. */
  readonly #clients = new Map<string, DialClient>();
  readonly #joined = new Set<string>();
  /** Viewers that have left signaling and whose link is still there. */
  readonly #gone = new Set<string>();
  /** Viewers whose link is about to be closed after their goodbye. */
  readonly #leaving = new Set<string>();
  /** Viewers whose link is closed as soon as nothing carries it. */
  readonly #presumedGone = new Set<string>();

  constructor(options: LinkTableOptions) {
    this.#options = options;
  }

  /** Viewers that have joined and not left. */
  get viewerCount(): number {
    return this.#joined.size;
  }

  /** Whether a viewer's link exists, which it does from the first proof of the key. */
  has(id: string): boolean {
    return this.#viewers.has(id);
  }

  /** Whether a viewer's link exists or may be made. */
  admits(id: string): boolean {
    return this.#viewers.has(id) || this.#present < this.#options.maxViewers;
  }

  /** Links whose tab has not gone: a reload must not wait for its own old place. */
  get #present(): number {
    return this.#viewers.size - this.#waitingGone().length;
  }

  /** Viewers that have left signaling and that nothing carries, in the order in which they left. */
  #waitingGone(): string[] {
    return [...this.#gone].filter((id) => this.#viewers.get(id)?.state === 'waiting');
  }

  /** Adds a viewer's proven carrier to its link; closes it (4029) and returns undefined above the limit. */
  attachViewer(
    id: string,
    carrier: Carrier,
    kind: Attachment['kind'],
    client?: DialClient,
  ): Attachment | undefined {
    if (!this.admits(id)) {
      carrier.close(CloseCode.TOO_MANY_VIEWERS, 'TOO_MANY_VIEWERS');
      return undefined;
    }
    this.viewerBack(id);
    // The first browser stays: a link can't pass from one browser to another.
    if (client !== undefined) this.#clients.set(id, { ...client, ...this.#browserIn(id) });
    const link = this.#viewers.get(id) ?? this.#openViewer(id);
    return link.attach(carrier, kind);
  }

  /** Adds a viewer's proven data channel. The result is to be called when the channel goes another way. */
  attachChannel(id: string, carrier: Carrier, way: ChannelWay): (way: ChannelWay) => void {
    const attachment = this.attachViewer(id, carrier, way);
    return (next) => {
      if (attachment !== undefined) this.#viewers.get(id)?.reclassify(attachment, next);
    };
  }

  /** Whose cookies go with a viewer's requests. In a browser without an id each tab has cookies of its own. */
  browserOf(id: string): string {
    return this.#clients.get(id)?.browser ?? id;
  }

  /** Where a viewer has come from last; undefined when the server names no address. */
  addressOf(id: string): string | undefined {
    return this.#clients.get(id)?.address;
  }

  /** A joined viewer's path, and the round trip on it in milliseconds. */
  viewOf(id: string): { path: Path; rttMs: number | null } | undefined {
    const link = this.#joined.has(id) ? this.#viewers.get(id) : undefined;
    if (link === undefined) return undefined;
    const { path } = link;
    return { path, rttMs: path === 'offline' ? null : link.stats().rttMs[path] };
  }

  #browserIn(id: string): Pick<DialClient, 'browser'> | undefined {
    const { browser } = this.#clients.get(id) ?? {};
    return browser === undefined ? undefined : { browser };
  }

  /** Adds the tunnel server's own link; the oldest goes when there are too many. */
  attachIngress(id: string, carrier: Carrier): void {
    const link = this.#ingress.get(id) ?? this.#openIngress(id);
    link.attach(carrier, 'relay');
  }

  /**
   * The viewer's tab has left signaling. Its network may be away: the link has the grace time, but no place in
   * the count while nothing carries it. The link of a tab that has said goodbye is closed after a moment for its
   * last requests. The link of a tab that is presumed gone is closed once nothing carries it.
   */
  viewerLeft(id: string, { isFinal = false, isPresumed = false }: Farewell = {}): void {
    const link = this.#viewers.get(id);
    if (link === undefined) return;
    this.#gone.add(id);
    if (isPresumed) return this.#presumeGone(id, link);
    if (!isFinal || this.#leaving.has(id)) return;
    this.#leaving.add(id);
    this.#options.clock.setTimeout(() => {
      this.#leaving.delete(id);
      if (this.#gone.has(id)) link.close('LINK_CLOSED');
    }, HOST_LIMITS.viewerGoodbyeMs);
  }

  /** The viewer is back at signaling, or has never left. */
  viewerBack(id: string): void {
    this.#gone.delete(id);
    this.#presumedGone.delete(id);
  }

  /** The tab's direct path may live without the server. A dead path is found out by asking. */
  #presumeGone(id: string, link: Link): void {
    if (this.#presumedGone.has(id)) return;
    this.#presumedGone.add(id);
    link.doubt();
    this.#closeWhenBare(id, link);
    // A link that is still carried after this time has been answered, so the tab lives.
    const acquit = (): void => void this.#presumedGone.delete(id);
    this.#options.clock.setTimeout(acquit, HOST_LIMITS.presumedGoneMs);
  }

  #closeWhenBare(id: string, link: Link): void {
    if (link.state === 'waiting' && this.#presumedGone.has(id)) link.close('LINK_CLOSED');
  }

  /** The network has changed: every carrier has to show that it lives. */
  doubt(): void {
    for (const link of [...this.#viewers.values(), ...this.#ingress.values()]) link.doubt();
  }

  /** Ends every link and tells the other sides. */
  close(reason: ErrorCode): void {
    for (const link of [...this.#viewers.values(), ...this.#ingress.values()]) link.close(reason);
  }

  #openViewer(id: string): Link {
    if (this.#viewers.size >= HOST_LIMITS.linksPerViewer * this.#options.maxViewers) {
      const [longest] = this.#waitingGone();
      if (longest !== undefined) this.#viewers.get(longest)?.close('LINK_LOST');
    }
    const link = this.#open(id, this.#viewers, 'viewer');
    const { events } = this.#options;
    watchPath(link, (change) => {
      if (this.#joined.has(id)) events.pathChanged(id, change);
    });
    link.on('state', () => {
      if (link.state === 'open') this.#join(id, link.path);
      this.#closeWhenBare(id, link);
      if (link.state === 'closed') this.#leave(id, link);
    });
    link.on('attachment', () => {
      if (this.#joined.has(id) && link.attachment('relay')?.state !== 'ready') events.relayBroken();
    });
    return link;
  }

  #openIngress(id: string): Link {
    const [oldest] = this.#ingress.values();
    if (this.#ingress.size >= HOST_LIMITS.ingressLinks) oldest?.close('LIMIT_EXCEEDED');
    const link = this.#open(id, this.#ingress, 'ingress');
    link.on('state', () => {
      if (link.state === 'closed') this.#ingress.delete(id);
    });
    return link;
  }

  #open(id: string, table: Map<string, Link>, via: Via): Link {
    const { clock, graceMs } = this.#options;
    const grace = via === 'viewer' && graceMs !== undefined ? { graceMs } : {};
    // Nobody looks at a link that asks for nothing: whoever waits for the app has a stream open.
    const link = new Link({ id, role: 'acceptor', clock, isWatched: false, ...grace });
    table.set(id, link);
    this.#options.events.opened(link, via);
    return link;
  }

  #join(id: string, path: Path): void {
    if (this.#joined.has(id)) return;
    this.#joined.add(id);
    this.#options.events.joined(id, path);
  }

  #leave(id: string, link: Link): void {
    this.#viewers.delete(id);
    this.#clients.delete(id);
    this.viewerBack(id);
    if (!this.#joined.delete(id)) return;
    this.#options.events.left(id, link.closeError?.code ?? 'LINK_CLOSED');
  }
}
