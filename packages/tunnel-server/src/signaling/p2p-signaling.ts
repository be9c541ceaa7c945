import {
  encodeEnvelope,
  isLinkId,
  Mailbox,
  RejectReason,
  ServerToHost,
  type Clock,
  type ConnectionAccept,
  type ConnectionRequest,
  type HostMessage,
  type ReceivedCase,
  type SentCase,
  type ViewerMessage,
} from '@wingman/protocol';
import { SERVER_LIMITS } from '../limits.js';
import type { Session, SessionPart } from '../sessions/session.js';
import type { StunCoordination } from '../stun/stun-coordination.js';
import type { ViewerPort, ViewerRoster } from './viewer-roster.js';

export interface P2pSignalingOptions {
  session: Session;
  clock: Clock;
  viewers: ViewerRoster;
  stun: StunCoordination;
  p2pEnabled: boolean;
  p2pTimeoutMs: number;
  /** The operator spares the relay, whatever the developer has chosen. */
  sparesRelay: boolean;
}

/**
 * Carries offers, answers and candidates between the viewers of one session and its host, by link id. What viewers say while
 * the host is briefly away waits for it: an attempt need not run into its deadline because of that.
 */
export class P2pSignaling implements SessionPart {
  readonly #options: P2pSignalingOptions;
  readonly #waiting: Mailbox<SentCase<ServerToHost>>;

  constructor(options: P2pSignalingOptions) {
    const { awayBytes: bytes, awayMessages: messages, awayMs: ms } = SERVER_LIMITS;
    this.#options = options;
    this.#waiting = new Mailbox({ messages, bytes, ms }, options.clock);
  }

  hostOnline(): void {
    for (const message of this.#waiting.take()) this.#options.session.host?.send(message);
  }

  hostOffline(): void {
    // What comes from now on waits.
  }

  ended(): void {
    this.#waiting.take();
  }

  /** Asks the host to take the viewer's link, or rejects it. */
  requestConnection(request: ConnectionRequest, viewer: ViewerPort): void {
    const { host } = this.#options.session;
    if (host === undefined) return reject(viewer, request.linkId, RejectReason.HOST_OFFLINE);
    host.send({ $case: 'connectionRequest', value: request });
  }

  /** Tells the viewer that the session has as many viewers as it may have. */
  rejectForRoom(linkId: string, viewer: ViewerPort): void {
    reject(viewer, linkId, RejectReason.TOO_MANY_VIEWERS);
  }

  /** The viewer that owned the link has gone: for good, if it has said so, or by all appearances. */
  viewerLeft(linkId: string, how: { isFinal?: boolean; isPresumed?: boolean }): void {
    const { isFinal = false, isPresumed = false } = how;
    const value = { linkId, isFinal, isPresumed };
    this.#options.session.host?.send({ $case: 'viewerLeft', value });
  }

  /** Passes a viewer's offer or candidate on; only for the link it has joined with. */
  fromViewer(message: ReceivedCase<ViewerMessage>, joinedLinkId: string | undefined): void {
    if (message?.$case !== 'offer' && message?.$case !== 'iceCandidate') return;
    if (message.value.linkId !== joinedLinkId || !this.#options.p2pEnabled) return;
    const { host } = this.#options.session;
    if (host !== undefined) return host.send(message);
    this.#waiting.put(message, encodeEnvelope(ServerToHost, message).byteLength);
  }

  /** Passes the host's message on to the viewer of its link; nobody's is dropped. */
  fromHost(message: ReceivedCase<HostMessage>): void {
    switch (message?.$case) {
      case 'connectionAccept':
        return this.#accept(message.value.linkId, message.value);
      case 'connectionReject':
      case 'answer':
      case 'iceCandidate':
        return this.#viewer(message.value.linkId)?.send(message);
      default:
        return;
    }
  }

  #accept(linkId: string, accept: ConnectionAccept): void {
    const { session, stun, p2pEnabled, p2pTimeoutMs, sparesRelay } = this.#options;
    const p2p = accept.p2p && p2pEnabled;
    this.#viewer(linkId)?.send({
      $case: 'connectionAccept',
      value: {
        linkId,
        p2p,
        p2pTimeoutMs: accept.p2pTimeoutMs === 0 ? p2pTimeoutMs : accept.p2pTimeoutMs,
        nonce: accept.nonce,
        spareRelay: sparesRelay || accept.spareRelay,
        iceServers: p2p ? stun.iceServersFor(linkId, session.remainingMs) : [],
      },
    });
  }

  #viewer(linkId: string): ViewerPort | undefined {
    return isLinkId(linkId) ? this.#options.viewers.byLink(linkId) : undefined;
  }
}

function reject(viewer: ViewerPort, linkId: string, reason: RejectReason): void {
  viewer.send({ $case: 'connectionReject', value: { linkId, reason } });
}
