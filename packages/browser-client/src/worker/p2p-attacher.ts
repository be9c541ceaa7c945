import {
  CloseCode,
  deferred,
  initiate,
  StateMachine,
  toWingmanError,
  within,
  type Attachment,
  type BaseCarrier,
  type Binding,
  type ChannelWay,
  type Deferred,
  type ErrorCode,
  type Link,
  type LinkKey,
  type TransitionTable,
} from '@wingman/protocol';
import { BROWSER_LIMITS } from '../shared/limits.js';
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
  /** Which way ICE has found; unsettled until the shell has told. */
  readonly way: Deferred<ChannelWay>;
  /** Where the carrier stands in the link. */
  attachment: Attachment | undefined;
}

/** Proves the link key on data channels and attaches them to the link. */
export class P2pAttacher {
  /** The newest attempt, and older ones that the link has not replaced. */
  readonly #attempts = new Map<number, Attempt>();

  constructor(private readonly options: P2pAttacherOptions) {}

  /** Takes the channel of a new attempt. An older one that is ready stays until the link replaces it. */
  take(number: number, end: ChannelEnd): void {
    for (const { carrier, machine } of [...this.#attempts.values()]) {
      if (machine.state === 'opening') carrier.close(CloseCode.REPLACED, 'a newer attempt');
    }
    const events: ChannelEvents = {
      onOpen: () => this.options.onEvent(number, 'open'),
      onEnd: () => this.#ended(number),
    };
    const carrier = carrierOn(end, events);
    const machine = new StateMachine(TRANSITIONS, 'opening');
    const nothing = { fingerprints: undefined, attachment: undefined };
    const attempt: Attempt = { number, carrier, machine, way: deferred(), ...nothing };
    this.#attempts.set(number, attempt);
    this.#prove(attempt).catch((error: unknown) => {
      const { code } = toWingmanError(error, 'HANDSHAKE_FAILED');
      this.#fail(attempt, code);
    });
  }

  setFingerprints(number: number, fingerprints: Fingerprints): void {
    const attempt = this.#attempts.get(number);
    if (attempt !== undefined) attempt.fingerprints = fingerprints;
  }

  /** ICE has found a way for this attempt, or another one. */
  setWay(number: number, way: ChannelWay): void {
    const attempt = this.#attempts.get(number);
    attempt?.way.resolve(way);
    if (attempt?.attachment !== undefined) this.options.link().reclassify(attempt.attachment, way);
  }

  /** The shell has given this attempt up. */
  end(number: number): void {
    this.#attempts.get(number)?.carrier.close(CloseCode.NORMAL, 'given up');
  }

  /** The link's state has changed: an attempt that answers has succeeded. */
  update(): void {
    for (const { attachment, machine, number } of this.#attempts.values()) {
      if (attachment?.isGood !== true) continue;
      if (machine.transition('ready')) this.options.onEvent(number, 'ready');
    }
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
    // The link ranks a way by TURN below others, so it has to know before it uses the carrier.
    const way = await within(attempt.way.promise, BROWSER_LIMITS.wayAnswerMs);
    attempt.attachment = link.attach(carrier, way ?? 'p2p');
  }

  #fail(attempt: Attempt, code: ErrorCode): void {
    const event = attempt.machine.state === 'ready' ? 'lost' : 'failed';
    if (!attempt.machine.transition('ended')) return;
    this.#attempts.delete(attempt.number);
    attempt.carrier.close(CloseCode.NORMAL, code);
    this.options.onEvent(attempt.number, event, code);
  }

  #ended(number: number): void {
    const attempt = this.#attempts.get(number);
    if (attempt !== undefined) this.#fail(attempt, 'CARRIER_CLOSED');
  }
}

/** An attempt without fingerprints fails its proof at the other side, as it must. */
function bindingOf({ fingerprints }: Attempt): Binding {
  return { initiator: fingerprints?.local ?? '', responder: fingerprints?.remote ?? '' };
}
