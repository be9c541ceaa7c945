import { EventEmitter } from 'node:events';
import type { Clock, HostRegistered, IceServer, Timer, WingmanError } from '@wingman/protocol';
import { EndReason, encodeLinkKey, PrekeyRing, RejectReason, systemClock } from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';
import { LocalApp } from '../proxy/local-app.js';
import { DialBack } from './dial-back.js';
import { HostConnection } from './host-connection.js';
import type { FromServer, ToServer } from './host-messages.js';
import type { HostEvents, HostOptions, StopReason } from './host-types.js';
import { LinkTable } from './links.js';
import { P2pHost } from './p2p-host.js';
import { firstRegistration, type FirstRegistration } from './start.js';

/** A running host: one session, registered at the tunnel server and forwarded to a local port. */
export class Host extends EventEmitter<HostEvents> {
  readonly #options: HostOptions;
  readonly #clock: Clock;
  readonly #prekeys: PrekeyRing;
  readonly #app: LocalApp;
  readonly #links: LinkTable;
  readonly #dialBack: DialBack;
  readonly #p2p: P2pHost | undefined;
  readonly #connection: HostConnection;
  #grant: HostRegistered | undefined;
  #expiry: Timer | undefined;
  #prekeyTimer: Timer | undefined;
  #closing: Promise<void> | undefined;

  /** Use `startHost`. */
  constructor(options: HostOptions, prekeys: PrekeyRing, onFirst: FirstRegistration) {
    super();
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#prekeys = prekeys;
    this.#app = new LocalApp(options.port, () => this.#grant?.origin, {
      ...options,
      onTransfer: (progress) => this.emit('transfer', progress),
    });
    this.#links = this.#createLinks();
    this.#dialBack = this.#createDialBack();
    this.#p2p = this.#createP2p();
    this.#connection = new HostConnection({
      server: options.server,
      clock: this.#clock,
      register: (nonce) => this.#registration(nonce),
      registered: (grant) => {
        this.#registered(grant);
        onFirst.registered();
      },
      message: (message) => this.#receive(message),
      lost: (error) => {
        onFirst.lost(error);
        this.#problem(error);
      },
      ended: (error) => {
        onFirst.ended(error);
        this.#ended(error);
      },
    });
  }

  /** The session's name. */
  get session(): string {
    return this.#options.identity.session;
  }

  /** What the reviewer opens: the session's origin, and the link key in the fragment. */
  get url(): string {
    return `${this.#grant?.origin ?? ''}/#k=${encodeLinkKey(this.#options.identity.linkKey)}`;
  }

  /** When the session ends, in milliseconds since 1970. */
  get expiresAt(): number {
    return Number(this.#grant?.expiresAtMs ?? 0n);
  }

  /** The tunnel server's origin. */
  get server(): URL {
    return this.#options.server;
  }

  /** Whether it has ever been registered. */
  get isRegistered(): boolean {
    return this.#grant !== undefined;
  }

  /** Requests that the local app has not answered to the end. */
  get activeRequests(): number {
    return this.#app.activeRequests;
  }

  /** Ends the session; responses under way get HOST_LIMITS.drainMs. Idempotent. */
  close(reason: StopReason = 'closed', message = ''): Promise<void> {
    this.#closing ??= this.#close(reason, message);
    return this.#closing;
  }

  async #close(reason: StopReason, message: string): Promise<void> {
    this.#expiry?.cancel();
    this.#prekeyTimer?.cancel();
    // When the server has ended the session there is no way left for an answer.
    const isWanted = reason === 'closed' || this.#connection.state === 'registered';
    if (isWanted) await this.#drain();
    const told = reason === 'expired' ? EndReason.EXPIRED : EndReason.STOPPED;
    this.#connection.send({ $case: 'endSession', value: { reason: told } });
    this.#links.close('SESSION_ENDED');
    this.#p2p?.close();
    this.#dialBack.close();
    this.#connection.close();
    await this.#app.close();
    this.emit('stopped', { reason, message });
  }

  async #drain(): Promise<void> {
    let timer: Timer | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = this.#clock.setTimeout(resolve, HOST_LIMITS.drainMs);
    });
    await Promise.race([this.#app.drain(), deadline]);
    timer?.cancel();
  }

  #createLinks(): LinkTable {
    return new LinkTable({
      maxViewers: this.#options.maxViewers,
      graceMs: this.#options.linkGraceMs,
      clock: this.#clock,
      events: {
        opened: (link, via) => this.#app.serve(link, via, () => this.#links.browserOf(link.id)),
        joined: (viewer, path) => {
          this.emit('viewer-joined', { viewer, path, viewers: this.#links.viewerCount });
        },
        pathChanged: (viewer, { from, to: path, change }) => {
          this.emit('path-changed', { viewer, path, from, change });
        },
        relayBroken: () => this.#connection.probe(),
        left: (viewer, reason) => {
          this.emit('viewer-left', { viewer, reason, viewers: this.#links.viewerCount });
        },
      },
    });
  }

  #createDialBack(): DialBack {
    return new DialBack({
      linkKey: this.#options.identity.linkKey,
      prekeys: this.#prekeys,
      ingressAllowed: this.#options.ingressAllowed,
      clock: this.#clock,
      attachViewer: (linkId, carrier, browser) =>
        void this.#links.attachViewer(linkId, carrier, 'relay', browser),
      attachIngress: (linkId, carrier) => this.#links.attachIngress(linkId, carrier),
      failed: (error) => this.#problem(error),
    });
  }

  #createP2p(): P2pHost | undefined {
    const { engine, identity, p2pTimeoutMs: timeoutMs, maxViewers } = this.#options;
    if (engine === undefined) return undefined;
    return new P2pHost({
      engine,
      linkKey: identity.linkKey,
      timeoutMs,
      maxViewers,
      clock: this.#clock,
      iceServers: () => this.#iceServers(),
      send: (message) => this.#connection.send(message),
      admits: (linkId) => this.#links.admits(linkId),
      isProven: (linkId) => this.#links.has(linkId),
      attach: (linkId, carrier) => void this.#links.attachViewer(linkId, carrier, 'p2p'),
      failed: (viewer, { code, message }) => this.emit('problem', { code, message, viewer }),
    });
  }

  #iceServers(): Pick<IceServer, 'urls' | 'username' | 'credential'>[] {
    const own = [...this.#options.stunServers];
    const granted = this.#grant?.iceServers ?? [];
    return own.length === 0 ? granted : [{ urls: own, username: '', credential: '' }, ...granted];
  }

  #registration(nonce: Uint8Array): ToServer {
    const { identity, ingressAllowed } = this.#options;
    return {
      $case: 'registerHost',
      value: {
        session: identity.session,
        publicKey: identity.publicKey,
        signature: identity.signRegistration(nonce),
        ttlSeconds: Math.max(1, Math.round(this.#remainingMs() / 1000)),
        prekey: this.#prekeys.current,
        ingressAllowed,
        protocolVersion: PROTOCOL_VERSION,
      },
    };
  }

  /** A registration after a reconnection must not make the session live longer. */
  #remainingMs(): number {
    return this.#grant === undefined ? this.#options.ttlMs : this.expiresAt - Date.now();
  }

  #registered(grant: HostRegistered): void {
    const isFirst = this.#grant === undefined;
    const expiresAtMs = this.#grant?.expiresAtMs ?? grant.expiresAtMs;
    this.#grant = { ...grant, expiresAtMs };
    this.#expiry?.cancel();
    this.#expiry = this.#clock.setTimeout(
      () => void this.close('expired', 'the session has expired'),
      // The server's clock runs too: responses under way get their time before it ends.
      Math.max(0, this.#remainingMs() - HOST_LIMITS.drainMs),
    );
    if (isFirst) this.#schedulePrekey();
    else this.emit('reconnected');
  }

  #schedulePrekey(): void {
    this.#prekeyTimer = this.#clock.setTimeout(() => {
      this.#schedulePrekey();
      void this.#prekeys.rotate().then(() => this.#connection.renew());
    }, HOST_LIMITS.prekeyLifeMs);
  }

  #receive(message: FromServer): void {
    switch (message?.$case) {
      case 'connectionRequest':
        return this.#answerRequest(message.value.linkId);
      case 'offer':
        return this.#p2p?.offer(message.value);
      case 'iceCandidate':
        return this.#p2p?.candidate(message.value);
      case 'viewerLeft':
        return this.#links.viewerLeft(message.value.linkId, message.value);
      case 'dialRequest':
        return this.#dialBack.dial(message.value.purpose, {
          server: this.#options.server,
          session: this.session,
          token: this.#grant?.dialToken ?? '',
        });
      default:
        // A newer server may say more; what this version doesn't know it doesn't need.
        return;
    }
  }

  #answerRequest(linkId: string): void {
    this.#links.viewerBack(linkId);
    if (!this.#links.admits(linkId)) {
      const reason = RejectReason.TOO_MANY_VIEWERS;
      return this.#connection.send({ $case: 'connectionReject', value: { linkId, reason } });
    }
    const p2p = this.#p2p !== undefined;
    const p2pTimeoutMs = this.#options.p2pTimeoutMs;
    this.#connection.send({ $case: 'connectionAccept', value: { linkId, p2p, p2pTimeoutMs } });
  }

  #problem({ code, message }: WingmanError): void {
    if (this.#closing !== undefined) return;
    this.emit('problem', { code, message });
  }

  #ended({ code, message }: WingmanError): void {
    // A session that ends by itself has expired: nobody but this host can stop it.
    void this.close(code === 'SESSION_ENDED' ? 'expired' : 'refused', message);
  }
}

const PROTOCOL_VERSION = 1;

/**
 * Starts a host; resolves once it is registered. `watch` sees it before, to listen for what goes
 * wrong until then. Fails with the server's refusal, or TIMEOUT after HOST_LIMITS.startMs.
 */
export async function startHost(
  options: HostOptions,
  watch: (host: Host) => void = () => undefined,
): Promise<Host> {
  const prekeys = await PrekeyRing.create();
  const first = firstRegistration(options.server, options.clock ?? systemClock);
  const host = new Host(options, prekeys, first);
  watch(host);
  try {
    await first.done;
    return host;
  } catch (error) {
    await host.close('refused');
    throw error;
  }
}
