import type { Lane, LaneKind } from './lane.js';
import type { ByteCount } from './link-types.js';

/** Bytes by kind of carrier, those of carriers that are gone included. */
export class TrafficCount {
  readonly #retired: Record<LaneKind, ByteCount> = {
    p2p: { in: 0, out: 0 },
    relay: { in: 0, out: 0 },
  };

  /** Keeps the count of a lane that is gone. */
  retire(lane: Lane): void {
    add(this.#retired[lane.kind], lane);
  }

  /** The sum with the lanes that live. */
  with(lanes: Iterable<Lane>): Record<LaneKind, ByteCount> {
    const sum = { p2p: { ...this.#retired.p2p }, relay: { ...this.#retired.relay } };
    for (const lane of lanes) add(sum[lane.kind], lane);
    return sum;
  }
}

function add(count: ByteCount, lane: Lane): void {
  count.in += lane.bytesIn;
  count.out += lane.bytesOut;
}
