import { MemoryCarrier, type Deliver } from '../../src/carrier/memory-carrier.js';
import { decodeLinkFrame, type LinkFrame } from '../../src/wire/link-frame.js';
import type { FakeClock } from './fake-clock.js';

/** What may happen to a message, or with it to its carrier. */
export const SEAM_FAULTS = ['drop', 'duplicate', 'delay', 'corrupt', 'cut', 'stall'] as const;
export type SeamFault = (typeof SEAM_FAULTS)[number];

export const FRAME_TYPES = ['data', 'ack', 'attach', 'use', 'ping', 'pong'] as const;
type FrameType = (typeof FRAME_TYPES)[number];
export type Way = 'there' | 'back';

/** The n-th message of a type in one direction, counted over all carriers, meets this fault. */
export interface SeamRule {
  way: Way;
  type: FrameType;
  nth: number;
  fault: SeamFault;
}

/** How much later a delayed message comes, with everything behind it. */
const LATE_MS = 900;

/** Makes carriers whose messages meet the rules, and counts which have. */
export class Seam {
  readonly fired: SeamRule[] = [];
  readonly #rules: Set<SeamRule>;
  readonly #seen = new Map<string, number>();

  constructor(
    private readonly clock: FakeClock,
    rules: Iterable<SeamRule>,
  ) {
    this.#rules = new Set(rules);
  }

  /** Two carriers joined by a line with delay that keeps order. */
  pair(delayMs: number): [MemoryCarrier, MemoryCarrier] {
    const left = new MemoryCarrier(this.#line('there', delayMs, () => left.cut()));
    const right = new MemoryCarrier(this.#line('back', delayMs, () => right.cut()));
    left.peer = right;
    right.peer = left;
    return [left, right];
  }

  #line(way: Way, delayMs: number, cut: () => void): Deliver {
    let isStalled = false;
    let freeAt = 0;
    return (message, arrive) => {
      const fault = this.#faultOf(way, message);
      isStalled ||= fault === 'stall';
      if (fault === 'drop' || isStalled) return;
      const lateMs = fault === 'delay' ? LATE_MS : 0;
      freeAt = Math.max(freeAt, this.clock.now() + delayMs + lateMs);
      const deliver = (): void => {
        if (fault === 'cut') return cut();
        arrive(fault === 'corrupt' ? corrupted(message) : message);
        if (fault === 'duplicate') arrive(message);
      };
      this.clock.setTimeout(deliver, freeAt - this.clock.now());
    };
  }

  #faultOf(way: Way, message: Uint8Array): SeamFault | undefined {
    // A carrier's own close travels as an empty message.
    if (message.byteLength === 0) return undefined;
    const { type } = decodeLinkFrame(message);
    const nth = this.#count(way, type);
    for (const rule of this.#rules) {
      if (rule.way !== way || rule.type !== type || rule.nth !== nth) continue;
      this.#rules.delete(rule);
      this.fired.push(rule);
      return rule.fault;
    }
    return undefined;
  }

  #count(way: Way, type: LinkFrame['type']): number {
    const key = `${way} ${type}`;
    const nth = (this.#seen.get(key) ?? 0) + 1;
    this.#seen.set(key, nth);
    return nth;
  }
}

/** Not decodable any more, as a message that failed its seal is not. */
function corrupted(message: Uint8Array): Uint8Array {
  const copy = new Uint8Array(message);
  copy[0] = 0xff;
  return copy;
}
