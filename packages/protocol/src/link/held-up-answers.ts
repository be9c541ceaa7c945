import { LIMITS } from '../limits.js';
import { median } from './median.js';

/** The answers of some three times what may be under way: enough to tell a loss here and there from a single stall. */
const ANSWERS = 48;
/**
 * If none of this many is in time, they wait in a queue. It is less than half of the above, so a path that becomes slower is
 * not taken for one with losses. Fewer answers say nothing: the start of a transfer may be what fills a queue.
 */
const QUEUED = 16;
/** Half of the answers take this many times as long as a lane with a full cap and no losses would: packets are lost. */
const LATE = 1.5;
/** What holds up a stream for longer is no loss of packets. */
const MOST_ROUND_TRIPS = 4;

/**
 * How long frames are under way on a stream whose packets are lost now and then. TCP delivers in order, so a lost packet
 * holds up all that was sent after it. If no more were under way than for the shortest round trip, the stream would stand
 * still meanwhile. Answers that wait in a queue are late as well, but all of them: then the shortest round trip counts.
 */
export class HeldUpAnswers {
  readonly #roundTrips: number[] = [];
  #usualMs: number | undefined;

  /** The usual round trip in milliseconds while losses hold up the stream; undefined otherwise. */
  get usualMs(): number | undefined {
    return this.#usualMs;
  }

  /** Takes the round trip of an answer, and the shortest of all. Both are in milliseconds. */
  add(roundTripMs: number, baseMs: number): void {
    this.#roundTrips.push(roundTripMs);
    if (this.#roundTrips.length > ANSWERS) this.#roundTrips.shift();
    const usualMs = median(this.#roundTrips) ?? 0;
    const fullMs = LIMITS.flightGain * baseMs + LIMITS.flightSlackMs;
    const isQueue = this.#roundTrips.slice(-QUEUED).every((each) => each > fullMs);
    const isKnown = this.#roundTrips.length > QUEUED;
    const isHeldUp = isKnown && !isQueue && usualMs >= LATE * fullMs;
    this.#usualMs = isHeldUp ? Math.min(usualMs, MOST_ROUND_TRIPS * baseMs) : undefined;
  }
}
