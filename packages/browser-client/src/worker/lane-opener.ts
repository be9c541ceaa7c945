import {
  CloseCode,
  fingerprintOf,
  initiate,
  LanePlan,
  offerLane,
  type Attachment,
  type BaseCarrier,
  type Binding,
  type Clock,
  type LaneMessage,
  type LaneNegotiation,
  type Link,
  type LinkKey,
  type Mux,
} from '@wingman/protocol';
import type { ChannelEnd, LaneFromShell, LaneToShell } from '../shared/worker-messages.js';
import { carrierOn } from './channel-carrier.js';

export interface LaneOpenerOptions {
  key: LinkKey;
  link: Link;
  mux: Mux;
  clock: Clock;
  /** The shell makes the peer connections. */
  tell: (lane: number, step: LaneToShell) => void;
}

/** One further lane, from the wish for it to its end. */
interface FurtherLane {
  readonly number: number;
  carrier?: BaseCarrier;
  negotiation?: LaneNegotiation;
  offer: string;
  answer: string;
  /** Set once the lane is part of the link. */
  attached?: Attachment;
}

/** Lane numbers are never used twice in a worker, so that what is told of an old lane meets no new one. */
let lastNumber = 0;

/** Opens further lanes of the direct path while the plan asks for them, and closes them when it doesn't. */
export class LaneOpener {
  readonly #options: LaneOpenerOptions;
  readonly #plan = new LanePlan();
  readonly #lanes = new Map<number, FurtherLane>();

  constructor(options: LaneOpenerOptions) {
    this.#options = options;
    options.link.on('look', () => this.#look());
    options.link.on('state', () => {
      if (options.link.state === 'closed') this.#closeAll();
    });
  }

  /** What the shell says of a lane. */
  handle(number: number, step: LaneFromShell): void {
    const lane = this.#lanes.get(number);
    if (lane === undefined) return;
    switch (step.type) {
      case 'channel':
        return this.#prove(lane, step.end);
      case 'offer':
        return this.#offer(lane, step.sdp);
      case 'candidate':
        return lane.negotiation?.send(step);
      case 'failed':
        return this.#end(lane);
    }
  }

  #look(): void {
    const { clock, link } = this.#options;
    if (!this.#plan.isDue(clock.now())) return;
    const { bytes, lanes, path, quality } = link.stats();
    const isOpening = [...this.#lanes.values()].some(({ attached }) => attached === undefined);
    const asked = this.#plan.look(clock.now(), {
      ...{ lanes: lanes.p2p, isOpening, bytes: bytes.p2p.in + bytes.p2p.out },
      baseRttMs: quality.p2p?.baseRttMs ?? null,
    });
    if (asked === 'open' && path === 'p2p') this.#open();
    if (asked === 'close') this.#closeAll();
  }

  #open(): void {
    const number = ++lastNumber;
    this.#lanes.set(number, { number, offer: '', answer: '' });
    this.#options.tell(number, { type: 'open' });
  }

  #offer(lane: FurtherLane, sdp: string): void {
    lane.offer = sdp;
    lane.negotiation = offerLane(this.#options.mux, sdp);
    lane.negotiation
      .read((message) => this.#told(lane, message))
      .catch(() => {
        // A host that refuses, or is too old to know of lanes.
        if (lane.attached === undefined) this.#end(lane);
      });
  }

  #told(lane: FurtherLane, message: LaneMessage): void {
    if (message.type === 'answer') lane.answer = message.sdp;
    this.#options.tell(lane.number, message);
  }

  #prove(lane: FurtherLane, end: ChannelEnd): void {
    const { key, link } = this.#options;
    const carrier = carrierOn(end, {
      onOpen: () => undefined,
      onEnd: () => this.#end(lane),
    });
    lane.carrier = carrier;
    const binding = (): Binding => bindingOf(lane);
    initiate(carrier, { key, kind: 'p2p', linkId: link.id, binding }).then(
      ({ carrier: proven }) => {
        lane.attached = link.attach(proven, 'p2p', { joins: true });
        lane.negotiation?.end();
      },
      () => this.#end(lane),
    );
  }

  /** The lane is over, however it ended. */
  #end(lane: FurtherLane): void {
    if (!this.#lanes.delete(lane.number)) return;
    if (lane.attached === undefined) this.#plan.failed(this.#options.clock.now());
    lane.negotiation?.reset('CANCELLED');
    lane.carrier?.close(CloseCode.NORMAL, 'over');
    this.#options.tell(lane.number, { type: 'close' });
  }

  #closeAll(): void {
    for (const lane of [...this.#lanes.values()]) {
      if (lane.attached !== undefined) this.#options.link.retire(lane.attached);
      this.#end(lane);
    }
  }
}

/** A lane without descriptions fails its proof at the other side, as it must. */
function bindingOf({ offer, answer }: FurtherLane): Binding {
  return { initiator: fingerprintOf(offer) ?? '', responder: fingerprintOf(answer) ?? '' };
}
