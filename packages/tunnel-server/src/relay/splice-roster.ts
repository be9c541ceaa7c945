import { CloseCode } from '@wingman/protocol';
import { SERVER_LIMITS } from '../limits.js';
import type { Metrics } from '../metrics.js';
import type { Ending, SessionPart } from '../sessions/session.js';
import { Splice, type SpliceEnds } from './splice.js';

/** A viewer's first flight, while its answer streams. */
export interface Flight {
  close(code: number, reason: string): void;
}

/** The splices of one session, one for each link; they outlive the host's signaling connection. */
export class SpliceRoster implements SessionPart {
  readonly #metrics: Metrics;
  readonly #maxSplices: number;
  readonly #byLink = new Map<string, Splice>();
  readonly #flights = new Set<Flight>();
  #reserved = 0;

  constructor(metrics: Metrics, maxViewers: number) {
    this.#metrics = metrics;
    this.#maxSplices = maxViewers + SERVER_LIMITS.viewerSocketSlack;
  }

  /**
   * Holds a place while the host is asked for a connection; what it returns gives the place back. Undefined
   * when none is left. A link that has a splice gets one always: its newer splice replaces the older.
   */
  reserve(linkId?: string): (() => void) | undefined {
    const isReplacing = linkId !== undefined && this.#byLink.has(linkId);
    const held = this.#byLink.size + this.#flights.size + this.#reserved;
    if (!isReplacing && held >= this.#maxSplices) return undefined;
    this.#reserved += 1;
    return () => {
      this.#reserved -= 1;
    };
  }

  /** Joins the two ends; the link's older splice is closed. */
  join(linkId: string, ends: SpliceEnds): void {
    const splice: Splice = new Splice(ends, {
      bytes: (direction, count) => this.#metrics.relayBytes.inc({ direction }, count),
      closed: () => {
        if (this.#byLink.get(linkId) === splice) this.#byLink.delete(linkId);
      },
    });
    const older = this.#byLink.get(linkId);
    this.#byLink.set(linkId, splice);
    older?.close(CloseCode.REPLACED, 'the link has a newer relay connection');
  }

  /** Counts a first flight until it is over. */
  launch(flight: Flight): () => void {
    this.#flights.add(flight);
    return () => this.#flights.delete(flight);
  }

  hostOnline(): void {
    // Splices are between the viewer and the host: a new registration doesn't touch them.
  }

  hostOffline(): void {
    // Only the host's signaling is gone; what is spliced may well go on.
  }

  ended(ending: Ending): void {
    for (const relayed of [...this.#byLink.values(), ...this.#flights]) {
      relayed.close(ending.closeCode, ending.message);
    }
  }
}
