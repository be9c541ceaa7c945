import { MemoryCarrier, type Deliver } from '../../src/carrier/memory-carrier.js';
import type { FakeClock } from './fake-clock.js';

/** What happens to the n-th message of one direction. */
export type Fault = 'drop' | 'duplicate' | 'corrupt' | 'cut' | 'stall';

/** Faults by message number, and how many of each have fired. */
export class FaultPlan {
  readonly hits = new Map<Fault, number>();
  #count = 0;

  constructor(private readonly faults: ReadonlyMap<number, Fault> = new Map()) {}

  next(): Fault | undefined {
    const fault = this.faults.get(this.#count);
    this.#count += 1;
    if (fault !== undefined) this.hits.set(fault, (this.hits.get(fault) ?? 0) + 1);
    return fault;
  }
}

export interface LineOptions {
  /** While it says true, messages from the left are held up, as a dead path does until it is back. */
  isDeaf?: () => boolean;
  /** The same for both directions, as when the peer's process is stopped. */
  isStopped?: () => boolean;
  clock: FakeClock;
  delayMs: number;
  there?: FaultPlan;
  back?: FaultPlan;
  /** While it says true, what is sent in this direction vanishes, as on a dead path. */
  isDead?: (direction: 'there' | 'back') => boolean;
}

/** Two carriers joined by a line with delay, whose messages meet the plan's faults. Order is kept. */
export function faultyPair(options: LineOptions): [MemoryCarrier, MemoryCarrier] {
  const { isDeaf = never, isStopped = never } = options;
  const left = new MemoryCarrier(
    holding(
      options,
      () => isDeaf() || isStopped(),
      direction(options, 'there', () => left.cut()),
    ),
  );
  const right = new MemoryCarrier(
    holding(
      options,
      isStopped,
      direction(options, 'back', () => right.cut()),
    ),
  );
  left.peer = right;
  right.peer = left;
  return [left, right];
}

const never = (): boolean => false;

/** Keeps messages in their order for as long as `isHeld` says true. */
function holding(options: LineOptions, isHeld: () => boolean, deliver: Deliver): Deliver {
  const held: (() => void)[] = [];
  const release = (): void => {
    if (isHeld()) return void options.clock.setTimeout(release, 50);
    for (const send of held.splice(0)) send();
  };
  return (message, arrive) => {
    held.push(() => deliver(message, arrive));
    release();
  };
}

function direction(options: LineOptions, way: 'there' | 'back', cut: () => void): Deliver {
  const plan = options[way];
  let stalled = false;
  return (message, arrive) => {
    if (options.isDead?.(way) === true) return;
    const fault = plan?.next();
    if (fault === 'stall') stalled = true;
    if (fault === 'drop' || stalled) return;
    const deliver = (): void => {
      if (fault === 'cut') return cut();
      arrive(fault === 'corrupt' ? corrupted(message) : message);
      if (fault === 'duplicate') arrive(message);
    };
    options.clock.setTimeout(deliver, options.delayMs);
  };
}

/** Not decodable any more, as a message that failed its seal is not. */
function corrupted(message: Uint8Array): Uint8Array {
  const copy = new Uint8Array(message);
  copy[0] = 0xff;
  return copy;
}
