import { LIMITS } from '../limits.js';
import { BaseCarrier } from './base-carrier.js';

/** How a memory carrier hands a message over. Tests pass a function of their own to delay, drop or change messages. */
export type Deliver = (message: Uint8Array, arrive: (message: Uint8Array) => void) => void;

const nextTick: Deliver = (message, arrive) => queueMicrotask(() => arrive(message));

/** A carrier whose other end is in the same process. */
export class MemoryCarrier extends BaseCarrier {
  peer: MemoryCarrier | undefined;
  #queuedBytes = 0;
  readonly #deliver: Deliver;

  constructor(deliver: Deliver = nextTick) {
    super();
    this.#deliver = deliver;
  }

  get writable(): boolean {
    return this.#queuedBytes < LIMITS.carrierHighWaterBytes;
  }

  send(message: Uint8Array): void {
    if (this.isClosed) return;
    this.#queuedBytes += message.byteLength;
    this.#deliver(message, (arrived) => this.#arrive(message.byteLength, arrived));
  }

  /** Ends both sides, as a cut cable does. */
  cut(reason = 'cut'): void {
    this.closed(reason);
    this.peer?.closed(reason);
  }

  protected shut(_code: number, reason: string): void {
    // The close travels behind what was sent before it.
    this.#deliver(new Uint8Array(), () => this.peer?.closed(reason));
  }

  #arrive(queued: number, message: Uint8Array): void {
    const wasWritable = this.writable;
    this.#queuedBytes -= queued;
    this.peer?.receive(message);
    if (!wasWritable && this.writable) this.drained();
  }
}

/** Two connected memory carriers. `deliver` is called once for each message, in both directions unless `deliverBack` is given. */
export function memoryCarrierPair(
  deliver?: Deliver,
  deliverBack: Deliver | undefined = deliver,
): [MemoryCarrier, MemoryCarrier] {
  const left = new MemoryCarrier(deliver);
  const right = new MemoryCarrier(deliverBack);
  left.peer = right;
  right.peer = left;
  return [left, right];
}
