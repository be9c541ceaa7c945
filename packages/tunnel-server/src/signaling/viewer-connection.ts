import {
  CloseCode,
  decodeEnvelope,
  encodeEnvelope,
  isLinkId,
  P2pEvent,
  P2pFailure,
  ServerToViewer,
  ViewerMessage,
  type Clock,
  type ConnectionRequest,
  type ConnectionState,
  type DeepPartial,
  type IceCandidate,
  type ReceivedCase,
  type SentCase,
} from '@wingman/protocol';
import type { WebSocket } from 'ws';
import { SERVER_LIMITS } from '../limits.js';
import type { Metrics } from '../metrics.js';
import type { Audit, AuditEvent } from '../operator/audit-log.js';
import type { Session } from '../sessions/session.js';
import { NatSights } from './nat-sights.js';
import type { P2pSignaling } from './p2p-signaling.js';
import { SignalingSocket } from './signaling-socket.js';
import { TokenBucket } from './token-bucket.js';
import { shownLinkId, type ViewerPort, type ViewerRoster } from './viewer-roster.js';

export interface ViewerConnectionOptions {
  session: Session;
  viewers: ViewerRoster;
  signaling: P2pSignaling;
  metrics: Metrics;
  clock: Clock;
  /** Undefined: nothing is noted. */
  audit: Audit | undefined;
  /** Where the browser connects from. */
  address: string;
}

/** One tab's signaling connection. */
export class ViewerConnection implements ViewerPort {
  readonly #options: ViewerConnectionOptions;
  readonly #socket: SignalingSocket;
  readonly #reports: ConnectionReports;
  readonly #nats = new NatSights();
  #linkId: string | undefined;
  /** Never reset: a tab that wakes says so before its browser closes the socket. */
  #wasFrozen = false;

  constructor(webSocket: WebSocket, options: ViewerConnectionOptions) {
    const { clock, metrics, session, viewers } = options;
    const { viewerMessageBurst, viewerMessagesPerSecond } = SERVER_LIMITS;
    this.#options = options;
    this.#reports = new ConnectionReports(metrics, clock, this.#nats);
    const bucket = new TokenBucket(clock, viewerMessageBurst, viewerMessagesPerSecond);
    this.#socket = new SignalingSocket(webSocket, bucket, {
      message: (bytes) => this.#receive(bytes),
      closed: (code) => this.#closed(code),
    });
    if (viewers.connect(this)) this.#welcome(session);
    else this.#refuse();
  }

  get address(): string {
    return this.#options.address;
  }

  send(message: SentCase<ServerToViewer>): void {
    if (message.$case === 'connectionAccept') this.#nats.asks(message.value?.iceServers ?? []);
    if (message.$case === 'iceCandidate') this.#see('host', message.value);
    this.#socket.send(encodeEnvelope(ServerToViewer, message));
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  #welcome({ remainingMs, sharedBy, state }: Session): void {
    const secondsLeft = Math.round(remainingMs / 1000);
    const value = { online: state === 'online', sessionEnded: false, secondsLeft, sharedBy };
    this.send({ $case: 'hostPresence', value });
  }

  #refuse(): void {
    const message = 'the session has too many viewers';
    this.send({ $case: 'refusal', value: { code: 'TOO_MANY_VIEWERS', message } });
    this.close(CloseCode.TOO_MANY_VIEWERS, message);
  }

  #receive(bytes: Uint8Array): void {
    let message: ReceivedCase<ViewerMessage>;
    try {
      message = decodeEnvelope(ViewerMessage, bytes);
    } catch {
      return this.close(CloseCode.PROTOCOL, 'not a viewer message');
    }
    this.#handle(message);
  }

  #handle(message: ReceivedCase<ViewerMessage>): void {
    switch (message?.$case) {
      case 'connectionRequest':
        return this.#join(message.value);
      case 'connectionState':
        return this.#reports.count(message.value);
      case 'tabFrozen':
        this.#wasFrozen = true;
        return;
      case 'heartbeat':
        if (message.value.reply) return;
        return this.send({
          $case: 'heartbeat',
          value: { nonce: message.value.nonce, reply: true },
        });
      case 'iceCandidate':
        this.#see('viewer', message.value);
        return this.#options.signaling.fromViewer(message, this.#linkId);
      default:
        return this.#options.signaling.fromViewer(message, this.#linkId);
    }
  }

  #join(request: ConnectionRequest): void {
    const { linkId } = request;
    const { signaling, viewers } = this.#options;
    const isOther = this.#linkId !== undefined && this.#linkId !== linkId;
    if (!isLinkId(linkId) || isOther) {
      return this.close(CloseCode.PROTOCOL, 'a tab has one link');
    }
    const joining = viewers.join(linkId, this);
    if (!joining.joined) return signaling.rejectForRoom(linkId, this);
    if (this.#linkId === undefined) this.#note('viewer-connected', linkId);
    this.#linkId = linkId;
    joining.replaced?.close(CloseCode.REPLACED, 'the tab has a newer signaling connection');
    signaling.requestConnection(request, this);
  }

  #see(
    end: 'viewer' | 'host',
    { attempt = 0, candidate = '' }: DeepPartial<IceCandidate> = {},
  ): void {
    this.#nats.see(end, { attempt, candidate });
  }

  #note(event: AuditEvent, linkId: string): void {
    const { audit, address, session } = this.#options;
    audit?.(event, { session: session.name, viewer: shownLinkId(linkId), address });
  }

  #closed(code: number): void {
    const { signaling, viewers } = this.#options;
    if (this.#linkId !== undefined) this.#note('viewer-disconnected', this.#linkId);
    const owned = viewers.disconnect(this, this.#linkId);
    if (!owned || this.#linkId === undefined) return;
    signaling.viewerLeft(this.#linkId, { isFinal: code === CloseCode.LEAVING });
    if (code === CloseCode.GOING_AWAY) this.#awaitReturn(this.#linkId);
  }

  /**
   * The browser has closed the socket itself. It does so when it takes a page down before its goodbye,
   * but Chromium also when it wakes a frozen page, and that one is back as soon as its network lets it.
   */
  #awaitReturn(linkId: string): void {
    const { clock, session, signaling, viewers } = this.#options;
    if (session.state === 'ended') return;
    const { frozenReturnMs, viewerReturnMs } = SERVER_LIMITS;
    const wait = clock.setTimeout(
      () => {
        viewers.stopWaiting(linkId);
        signaling.viewerLeft(linkId, { isPresumed: true });
      },
      this.#wasFrozen ? frozenReturnMs : viewerReturnMs,
    );
    viewers.waitFor(linkId, wait);
  }
}

/** Label values are ours: a viewer chooses between them, it doesn't make new ones. */
const REASONS: Readonly<Record<P2pFailure, string>> = {
  [P2pFailure.UNSPECIFIED]: 'unknown',
  [P2pFailure.TIMEOUT]: 'timeout',
  [P2pFailure.ICE]: 'ice',
  [P2pFailure.HANDSHAKE]: 'handshake',
  [P2pFailure.REFUSED]: 'refused',
  [P2pFailure.UNSUPPORTED]: 'unsupported',
  [P2pFailure.NO_ANSWER]: 'no-answer',
  [P2pFailure.NO_CANDIDATES]: 'no-candidates',
  [P2pFailure.VIEWER_UDP]: 'viewer-udp',
  [P2pFailure.HOST_UDP]: 'host-udp',
  [P2pFailure.UDP]: 'udp',
  [P2pFailure.NAT]: 'nat',
  [P2pFailure.DTLS]: 'dtls',
  [P2pFailure.LAN]: 'lan',
  [P2pFailure.TURN]: 'turn',
};

/** Counts what one viewer says has become of its direct paths; a viewer that says too much isn't counted. */
export class ConnectionReports {
  readonly #metrics: Metrics;
  readonly #bucket: TokenBucket;
  readonly #nats: Pick<NatSights, 'of'>;

  constructor(metrics: Metrics, clock: Clock, nats: Pick<NatSights, 'of'>) {
    this.#metrics = metrics;
    this.#nats = nats;
    const { viewerReportBurst, viewerReportsPerSecond } = SERVER_LIMITS;
    this.#bucket = new TokenBucket(clock, viewerReportBurst, viewerReportsPerSecond);
  }

  count(report: ConnectionState): void {
    if (!this.#bucket.take()) return;
    switch (report.event) {
      case P2pEvent.ATTEMPT:
        return this.#metrics.p2pAttempts.inc();
      case P2pEvent.CONNECTED:
        this.#came(report.isTurn ? 'turn' : 'direct');
        return this.#metrics.p2pSetupSeconds.observe(
          Math.min(report.setupMs, SERVER_LIMITS.p2pSetupMaxMs) / 1000,
        );
      case P2pEvent.FAILED:
        return this.#failed(REASONS[report.failure] ?? 'unknown');
      case P2pEvent.FALLBACK:
        return this.#metrics.fallbacks.inc();
      case P2pEvent.UNSPECIFIED:
        return;
    }
  }

  #came(way: 'direct' | 'turn'): void {
    this.#metrics.p2pConnected.inc({ way });
    this.#countPair(way);
  }

  #failed(reason: string): void {
    this.#metrics.p2pFailed.inc({ reason });
    this.#countPair(reason);
  }

  #countPair(outcome: string): void {
    const [viewer_nat, host_nat] = [this.#nats.of('viewer'), this.#nats.of('host')];
    this.#metrics.p2pPairs.inc({ viewer_nat, host_nat, outcome });
  }
}
