import type { Clock, Timer } from '@wingman/protocol';
import { SERVER_LIMITS } from '../limits.js';

/** What all sessions share; at its end nothing new is begun. */
export type Budget = 'memory' | 'rate';

export interface BudgetOptions {
  readonly clock: Clock;
  /** What may be held for readers, of all sessions together. */
  readonly maxHeldBytes: number;
  /** Undefined: as many as come. */
  readonly maxBytesPerSecond: number | undefined;
  /** What is held now. */
  readonly heldBytes: () => number;
  /** What the server has carried so far. */
  readonly carriedBytes: () => number;
  /** An exchange was refused. */
  readonly refused: (budget: Budget) => void;
  /** Far too much is held: whoever holds most has to let go. */
  readonly shed: () => void;
}

/**
 * The server's memory and throughput, measured at intervals; throughput without a limit only when somebody asks for it, as
 * each measurement looks at every connection. At a budget the server refuses what is new and keeps
 * what is there. What is there may hold more later: far above the budget, the session that holds most is cut.
 */
export class Budgets {
  readonly #options: BudgetOptions;
  #heldBytes = 0;
  #carriedBytes = 0;
  #carriedAt: number;
  #bytesPerSecond = 0;
  #timer: Timer;

  constructor(options: BudgetOptions) {
    this.#options = options;
    this.#carriedAt = options.clock.now();
    this.#timer = this.#wait();
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Since the last measurement; without a limit, since it was asked for last. */
  get bytesPerSecond(): number {
    if (this.#options.maxBytesPerSecond === undefined) this.#measureRate();
    return this.#bytesPerSecond;
  }

  /** Whether a new exchange or relay connection has to be refused now; counts it if so. */
  refuses(): boolean {
    const budget = this.#exhausted;
    if (budget !== undefined) this.#options.refused(budget);
    return budget !== undefined;
  }

  /** Measures no more. */
  close(): void {
    this.#timer.cancel();
  }

  get #exhausted(): Budget | undefined {
    const { maxBytesPerSecond = Infinity, maxHeldBytes } = this.#options;
    if (this.#heldBytes >= maxHeldBytes) return 'memory';
    return this.#bytesPerSecond >= maxBytesPerSecond ? 'rate' : undefined;
  }

  #wait(): Timer {
    return this.#options.clock.setTimeout(() => {
      this.#timer = this.#wait();
      this.#measure();
    }, SERVER_LIMITS.budgetMs);
  }

  #measure(): void {
    const { heldBytes, maxBytesPerSecond, maxHeldBytes, shed } = this.#options;
    if (maxBytesPerSecond !== undefined) this.#measureRate();
    this.#heldBytes = heldBytes();
    if (this.#heldBytes > maxHeldBytes * SERVER_LIMITS.shedAbove) shed();
  }

  #measureRate(): void {
    const { carriedBytes, clock } = this.#options;
    const seconds = (clock.now() - this.#carriedAt) / 1000;
    if (seconds === 0) return;
    const carried = carriedBytes();
    this.#bytesPerSecond = (carried - this.#carriedBytes) / seconds;
    this.#carriedBytes = carried;
    this.#carriedAt = clock.now();
  }
}
