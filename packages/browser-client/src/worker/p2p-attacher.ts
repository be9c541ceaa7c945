import {
  CloseCode,
  initiate,
  StateMachine,
  toWingmanError,
  type BaseCarrier,
  type Binding,
  type ErrorCode,
  type Link,
  type LinkKey,
  type TransitionTable,
} from '@wingman/protocol';
import type { ChannelEnd, Fingerprints, P2pWorkerEvent } from '../shared/worker-messages.js';
import { carrierOn, type ChannelEvents } from './channel-carrier.js';

export interface P2pAttacherOptions {
  key: LinkKey;
  /** The link that lives now. */
  link: () => Link;
  onEvent: (attempt: number, event: P2pWorkerEvent, code?: ErrorCode) => void;
}

/** ready: the host has answered on it. */
type AttemptState = 'opening' | 'ready' | 'ended';

const TRANSITIONS: TransitionTable<AttemptState> = {
  opening: ['ready', 'ended'],
  ready: ['ended'],
  ended: [],
};

/** The worker's part of one attempt at a direct path. */
interface Attempt {
  readonly number: number;
  readonly carrier: BaseCarrier;
  readonly machine: StateMachine<AttemptState>;
  fingerprints: Fingerprints | undefined;
}

/** Proves the link key on data channels and attaches them to the link. */
export class P2pAttacher {
  #attempt: Attempt | undefined;

  constructor(private readonly options: P2pAttacherOptions) {}

  /** Takes the channel of a new attempt; the one before is over. */
  take(number: number, end: ChannelEnd): void {
    this.#attempt?.carrier.close(CloseCode.REPLACED, 'a newer attempt');
    const events: ChannelEvents = {
      onOpen: () => this.options.onEvent(number, 'open'),
      onEnd: () => this.#ended(number),
    };
    const carrier = carrierOn(end, events);
    const machine = new StateMachine(TRANSITIONS, 'opening');
    const attempt: Attempt = { number, carrier, machine, fingerprints: undefined };
    this.#attempt = attempt;
    this.#prove(attempt).catch((error: unknown) => {
      const { code } = toWingmanError(error, 'HANDSHAKE_FAILED');
      this.#fail(attempt, code);
    });
  }

  setFingerprints(number: number, fingerprints: Fingerprints): void {
    if (this.#attempt?.number === number) this.#attempt.fingerprints = fingerprints;
  }

  /** The shell has given this attempt up. */
  end(number: number): void {
    const attempt = this.#attempt;
    if (attempt?.number === number) attempt.carrier.close(CloseCode.NORMAL, 'given up');
  }

  /** The link's state has changed: an attempt that answers has succeeded. */
  update(): void {
    const attempt = this.#attempt;
    if (attempt === undefined || this.options.link().attachment('p2p')?.isGood !== true) return;
    if (attempt.machine.transition('ready')) this.options.onEvent(attempt.number, 'ready');
  }

  async #prove(attempt: Attempt): Promise<void> {
    const link = this.options.link();
    const { carrier } = await initiate(attempt.carrier, {
      key: this.options.key,
      kind: 'p2p',
      linkId: link.id,
      // The shell sends the fingerprints before it lets the connection begin.
      binding: () => bindingOf(attempt),
    });
    link.attach(carrier, 'p2p');
  }

  #fail(attempt: Attempt, code: ErrorCode): void {
    const event = attempt.machine.state === 'ready' ? 'lost' : 'failed';
    if (!attempt.machine.transition('ended')) return;
    attempt.carrier.close(CloseCode.NORMAL, code);
    this.options.onEvent(attempt.number, event, code);
  }

  #ended(number: number): void {
    const attempt = this.#attempt;
    if (attempt?.number === number) this.#fail(attempt, 'CARRIER_CLOSED');
  }
}

/** An attempt without fingerprints fails its proof at the other side, as it must. */
function bindingOf({ fingerprints }: Attempt): Binding {
  return { initiator: fingerprints?.local ?? '', responder: fingerprints?.remote ?? '' };
}
