import {
  DialPurpose,
  FairShare,
  LIMITS,
  type Clock,
  type Door,
  type MessageMeter,
  type Mux,
} from '@wingman/protocol';
import { ExchangeGate, type IngressTarget } from '../ingress/ingress.js';
import { IngressLink } from '../ingress/ingress-link.js';
import { SERVER_LIMITS } from '../limits.js';
import type { Metrics } from '../metrics.js';
import { DialBackPool } from '../relay/dial-back-pool.js';
import { SpliceRoster } from '../relay/splice.js';
import { P2pSignaling } from '../signaling/p2p-signaling.js';
import { ViewerRoster } from '../signaling/viewer-roster.js';
import type { StunCoordination } from '../stun/stun-coordination.js';
import type { Holders } from './holders.js';
import { Session, type EndReason } from './session.js';
import { WrongKeys } from './wrong-keys.js';

/** What all sessions share. */
export interface SessionSurroundings {
  clock: Clock;
  metrics: Metrics;
  stun: StunCoordination;
  holders: Holders;
  p2pEnabled: boolean;
  p2pTimeoutMs: number;
  sparesRelay: boolean;
  hostGraceMs: number;
  maxViewers: number;
  /** The session's origin as browsers write it. */
  originOf(name: string): string;
}

/** What a viewer shows at a door: an id, and the pass that was made for this id (SPEC section 4.5). */
export interface Ticket {
  readonly id: string;
  readonly pass: string;
}

/** A session with everything that lives and ends with it. */
export class LiveSession implements IngressTarget {
  readonly session: Session;
  readonly viewers: ViewerRoster;
  readonly signaling: P2pSignaling;
  readonly relayDials: DialBackPool;
  readonly splices: SpliceRoster;
  readonly ingressDials: DialBackPool;
  readonly ingressLink: IngressLink;
  readonly gate = new ExchangeGate();
  readonly #wrongKeys: WrongKeys;
  readonly heldMessages = new FairShare<MessageMeter>(LIMITS.webSocketHeldBytes);

  constructor(name: string, around: SessionSurroundings, onEnd: (reason: EndReason) => void) {
    const { clock, hostGraceMs, maxViewers, metrics } = around;
    const origin = around.originOf(name);
    this.session = new Session({ name, origin, clock, graceMs: hostGraceMs, onEnd });
    this.viewers = new ViewerRoster(maxViewers);
    this.signaling = new P2pSignaling({ ...around, session: this.session, viewers: this.viewers });
    this.relayDials = this.#dialBackPool(clock, DialPurpose.RELAY, 1, maxViewers);
    const opened = (): void => around.holders.add(this);
    this.splices = new SpliceRoster(metrics, maxViewers, opened);
    this.ingressDials = this.#dialBackPool(clock, DialPurpose.INGRESS, 0, 1);
    this.ingressLink = new IngressLink({
      ...{ clock, dials: this.ingressDials, graceMs: hostGraceMs },
      opened,
    });
    this.#wrongKeys = new WrongKeys(clock, (clientAddress) => {
      this.session.host?.send({ $case: 'wrongKey', value: { clientAddress } });
    });
    const { viewers, signaling, relayDials, splices, ingressDials, ingressLink } = this;
    // The order matters: dial-backs hear of the host first, then the parts that wait for a dial-back.
    for (const part of [relayDials, ingressDials, ingressLink, splices, viewers, signaling]) {
      this.session.addPart(part);
    }
  }

  get isOnline(): boolean {
    return this.session.state === 'online';
  }

  /**
   * Whether a visitor at a door has shown that they have the session's link key. The host is told the address of a visitor
   * who has not.
   */
  admits(door: Door, ticket: Ticket, address: string): boolean {
    const isAdmitted = this.session.admits(door, ticket.id, ticket.pass);
    if (!isAdmitted) this.#wrongKeys.met(address);
    return isAdmitted;
  }

  get ingressAllowed(): boolean {
    return this.session.ingressAllowed;
  }

  /** What the WebSockets at the session's ingress hold of messages, in bytes. */
  get heldMessageBytes(): number {
    return LIMITS.webSocketHeldBytes - this.heldMessages.free;
  }

  /** What is held for readers: relayed, of answers at the ingress, and of WebSockets there; in bytes. */
  get heldBytes(): number {
    return this.heldMessageBytes + this.ingressLink.unreadBytes + this.splices.queuedBytes;
  }

  /** Whether anything is open that could hold bytes. */
  get isOpen(): boolean {
    return this.splices.size > 0 || this.ingressLink.isOpen || this.heldMessageBytes > 0;
  }

  /** Lets go of all that is held: the exchanges of the ingress, and the spliced connections whose readers don't read. */
  shed(): void {
    this.ingressLink.close('LIMIT_EXCEEDED');
    this.splices.shed();
  }

  /** Another node is about to stop, by which some of the session's connections come: they get successors. */
  goRound(): void {
    this.relayDials.hostOnline();
    this.ingressLink.renew();
    this.viewers.move();
  }

  mux(): Promise<Mux> {
    return this.ingressLink.mux();
  }

  #dialBackPool(
    clock: Clock,
    purpose: DialPurpose,
    spare: number,
    maxViewers: number,
  ): DialBackPool {
    return new DialBackPool({
      clock,
      spare,
      maxWaiting: maxViewers + SERVER_LIMITS.viewerSocketSlack,
      request: () => {
        const { host } = this.session;
        host?.send({ $case: 'dialRequest', value: { purpose } });
        return host !== undefined;
      },
    });
  }
}
