import { EventEmitter } from 'node:events';
import {
  encodeLinkKey,
  EndReason,
  systemClock,
  toWingmanError,
  type Clock,
  type ExchangeObserver,
  type HostRegistered,
  type Timer,
  type WingmanError,
} from '@wingman/protocol';
import { BasicAuth } from '../exchange/basic-auth.js';
import { LocalApp, type Commons } from '../exchange/local-app.js';
import { requestLog } from '../exchange/requests.js';
import { transferLog } from '../exchange/transfers.js';
import { HOST_LIMITS } from '../limits.js';
import { watchAddresses } from './address-watch.js';
import { createHostKeys, type HostKeys } from './admission.js';
import { Dialer } from './dialer.js';
import { firstRegistration, serversOf, type FirstRegistration } from './first-registration.js';
import type { HostEvents, HostOptions, StopReason, ViewerInfo } from './host-types.js';
import { LaneHost } from './lane-host.js';
import { Lease } from './lease.js';
import { LinkTable } from './links.js';
import { PathTally } from './path-tally.js';
import { P2pHost } from './p2p-host.js';
import { Registrations } from './registrations.js';
import { ServerMessages } from './server-messages.js';
import { SignalingClient } from './signaling-client.js';

/** A running host: one session, registered at the tunnel server and forwarded to a local port. */
export class Host extends EventEmitter<HostEvents> {
  readonly #options: HostOptions;
  readonly #clock: Clock;
  readonly #keys: HostKeys;
  /** What answers the exchanges of its links. */
  readonly app: LocalApp;
  /** What hosts of other ports have in common with this one, and who is let in. */
  readonly commons: Commons;
  readonly #links: LinkTable;
  readonly #tally: PathTally;
  readonly #dialer: Dialer;
  readonly #p2p: P2pHost | undefined;
  #lanes: LaneHost | undefined;
  readonly #connection: SignalingClient;
  readonly #lease: Lease;
  readonly #stopWatching: () => void;
  #prekeyTimer: Timer | undefined;
  #closing: Promise<void> | undefined;

  /**
   * Starts a host; resolves once it is registered. `watch` sees it before, to listen for what goes wrong until then. Fails with the server's refusal, or TIMEOUT after HOST_LIMITS.startMs.
   */
  static async start(
    options: HostOptions,
    watch: (host: Host) => void = () => undefined,
  ): Promise<Host> {
    const keys = await createHostKeys(options.identity);
    const first = firstRegistration(serversOf(options), options.clock ?? systemClock);
    const host = new Host(options, keys, first);
    watch(host);
    try {
      await first.done;
      return host;
    } catch (error) {
      await host.close('refused');
      throw error;
    }
  }

  private constructor(options: HostOptions, keys: HostKeys, onFirst: FirstRegistration) {
    super();
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#keys = keys;
    this.#lease = new Lease(options, this.#clock, () => {
      void this.close('expired', 'the session has expired');
    });
    this.app = new LocalApp(options.port, () => this.#lease.origin, {
      ...options,
      ingressKey: options.ingress === 'key' ? keys.ingressKey : undefined,
      basicAuth: options.basicAuth && new BasicAuth(options.basicAuth, this.#clock),
      onObserverError: (error) => this.#problem(toWingmanError(error, 'INTERNAL')),
    });
    this.commons = this.app.commons;
    this.observe(transferLog((progress) => this.emit('transfer', progress), this.#clock));
    this.observe(requestLog((report) => this.emit('request', report)));
    this.observe(this.commons.refusals.observer);
    this.#links = this.#createLinks();
    this.#tally = new PathTally(this.#clock, (value) =>
      this.#connection.send({ $case: 'pathReport', value }),
    );
    this.#dialer = this.#createDialer();
    this.#p2p = this.#createP2p();
    const registrations = new Registrations(options, keys, this.#lease);
    const messages = this.#createMessages();
    this.#connection = new SignalingClient({
      servers: serversOf(options),
      clock: this.#clock,
      proxyFor: options.proxyFor,
      register: (nonce) => registrations.create(nonce),
      isIdle: () => this.#links.viewerCount === 0,
      registered: (grant, isBack) => {
        this.#registered(grant, isBack);
        onFirst.registered();
      },
      message: (message) => messages.receive(message),
      lost: (error) => {
        onFirst.lost(error);
        this.#problem(error);
      },
      ended: (error) => {
        onFirst.ended(error);
        this.#ended(error);
      },
    });
    this.#stopWatching = watchAddresses(this.#clock, (addresses) => {
      this.#connection.addressesChanged(addresses);
      this.#links.doubt();
    });
  }

  /** The session's name. */
  get session(): string {
    return this.#options.identity.session;
  }

  /** What the reviewer opens: the session's origin, and the link key in the fragment. */
  get url(): string {
    return `${this.#lease.origin ?? ''}/#k=${encodeLinkKey(this.#options.identity.linkKey)}`;
  }

  /** What a plain HTTP client shows as its bearer token. */
  get ingressToken(): string {
    return this.#keys.ingressKey.token;
  }

  /** When the session ends, in milliseconds since 1970. */
  get expiresAt(): number {
    return this.#lease.expiresAt;
  }

  /** The origin of the tunnel server that has the session, or is asked to take it. */
  get server(): URL {
    return this.#connection.server;
  }

  /** What the server says of its own version. */
  get serverVersion(): string {
    return this.#lease.serverVersion;
  }

  /** Whether it has ever been registered. */
  get isRegistered(): boolean {
    return this.#lease.isGranted;
  }

  /** Requests that the local app has not answered to the end, and WebSockets that are not closed. */
  get activeExchanges(): number {
    return this.app.activeExchanges;
  }

  /** What is known of a viewer that has joined and not left. */
  viewer(id: string): ViewerInfo | undefined {
    const view = this.#links.viewOf(id);
    if (view === undefined) return undefined;
    const { number: visitor, browser } =
      this.commons.entrance.visitorOf(this.#links.browserOf(id)) ?? {};
    return { viewer: id, ...view, visitor, browser, address: this.#links.addressOf(id) };
  }

  /** Adds an observer of every exchange from now on; returns the function that removes it. */
  observe(observer: ExchangeObserver): () => void {
    return this.app.observe(observer);
  }

  /** Ends the session; requests and WebSockets under way get HOST_LIMITS.drainMs to end. Idempotent. */
  close(reason: StopReason = 'closed', message = ''): Promise<void> {
    this.#closing ??= this.#close(reason, message);
    return this.#closing;
  }

  async #close(reason: StopReason, message: string): Promise<void> {
    this.emit('closing');
    this.#lease.end();
    this.#stopWatching();
    this.#prekeyTimer?.cancel();
    // When the server has ended the session there is no way left for an answer.
    const isWanted = reason === 'closed' || this.#connection.state === 'registered';
    if (isWanted) await this.app.drain();
    const told = reason === 'expired' ? EndReason.EXPIRED : EndReason.STOPPED;
    this.#tally.close();
    this.#connection.send({ $case: 'endSession', value: { reason: told } });
    this.#links.close('SESSION_ENDED');
    this.#p2p?.close();
    this.#lanes?.close();
    this.#dialer.close();
    this.#connection.close();
    await this.app.close();
    const { pushes, refusals } = this.commons;
    this.emit('stopped', { reason, message, refused: refusals.all, pushed: { ...pushes } });
  }

  #createLinks(): LinkTable {
    return new LinkTable({
      maxViewers: this.#options.maxViewers,
      graceMs: this.#options.linkGraceMs,
      clock: this.#clock,
      events: {
        opened: (link, via) => {
          const lanes = via === 'viewer' ? this.#lanes : undefined;
          if (via === 'viewer') this.#tally.watch(link);
          const viewer = (): string => this.#links.browserOf(link.id);
          const address = (): string | undefined => this.#links.addressOf(link.id);
          this.app.serve(link, via, { viewer, address }, lanes?.offersOn(link));
        },
        joined: (viewer, path) => {
          const viewers = this.commons.viewers.add(viewer).size;
          this.emit('viewer-joined', { viewer, path, viewers });
        },
        pathChanged: (viewer, { from, to: path, change }) => {
          this.emit('path-changed', { viewer, path, from, change });
        },
        relayBroken: () => this.#connection.probe(),
        left: (viewer, reason) => {
          this.commons.viewers.delete(viewer);
          this.emit('viewer-left', { viewer, reason, viewers: this.commons.viewers.size });
        },
      },
    });
  }

  #createDialer(): Dialer {
    return new Dialer({
      linkKey: this.#options.identity.linkKey,
      prekeys: this.#keys.prekeys,
      ingressAllowed: this.#options.ingress !== 'off',
      proxyFor: this.#options.proxyFor,
      clock: this.#clock,
      attachViewer: (linkId, carrier, client) => {
        const attached = this.#links.attachViewer(linkId, carrier, 'relay', client);
        if (attached === undefined) this.commons.refusals.add('TOO_MANY_VIEWERS');
      },
      attachIngress: (linkId, carrier) => this.#links.attachIngress(linkId, carrier),
      failed: (error) => this.#problem(error),
    });
  }

  #createP2p(): P2pHost | undefined {
    const { engine, identity, loadSpare, p2pTimeoutMs: timeoutMs, maxViewers } = this.#options;
    if (engine === undefined) return undefined;
    const iceServers = () => this.#lease.iceServers;
    const peers = { engine, linkKey: identity.linkKey, timeoutMs, clock: this.#clock, iceServers };
    this.#lanes = new LaneHost({ ...peers, loadSpare });
    return new P2pHost({
      ...peers,
      loadSpare,
      maxViewers,
      send: (message) => this.#connection.send(this.commons.candidates.sent(message)),
      admits: (linkId) => this.#links.admits(linkId),
      isProven: (linkId) => this.#links.has(linkId),
      attach: (linkId, carrier, way) => this.#links.attachChannel(linkId, carrier, way),
      failed: (viewer, { code, message }) => this.emit('problem', { code, message, viewer }),
    });
  }

  #createMessages(): ServerMessages {
    return new ServerMessages({
      options: this.#options,
      keys: this.#keys,
      commons: this.commons,
      lease: this.#lease,
      links: this.#links,
      dialer: this.#dialer,
      p2p: this.#p2p,
      server: () => this.server,
      send: (message) => this.#connection.send(message),
      problem: (error) => this.#problem(error),
    });
  }

  #registered(grant: HostRegistered, isBack: boolean): void {
    const { isGranted, origin } = this.#lease;
    this.#lease.take(grant);
    if (!isGranted) return this.#schedulePrekey();
    if (this.#lease.origin !== origin)
      this.emit('moved', { url: this.url, server: this.server.origin });
    else if (isBack) this.emit('reconnected');
  }

  #schedulePrekey(): void {
    this.#prekeyTimer = this.#clock.setTimeout(() => {
      this.#schedulePrekey();
      void this.#keys.prekeys.rotate().then(() => this.#connection.renew());
    }, HOST_LIMITS.prekeyLifeMs);
  }

  #problem({ code, message }: WingmanError): void {
    if (this.#closing === undefined) this.emit('problem', { code, message });
  }

  #ended({ code, message }: WingmanError): void {
    // A session that ends by itself has expired: nobody but this host can stop it.
    void this.close(code === 'SESSION_ENDED' ? 'expired' : 'refused', message);
  }
}
