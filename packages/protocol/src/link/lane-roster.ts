import type { Carried } from './carried-rates.js';
import type { Lane } from './lane.js';
import type { Attachment, LaneKind, LaneQuality } from './lane-evidence.js';
import type { ByteCount, LinkStats } from './link-types.js';

/** The lanes of a link in the order in which they were attached, and views of them by kind. */
export class LaneRoster {
  readonly #lanes = new Map<number, Lane>();
  readonly #retired: Record<LaneKind, ByteCount> = {
    p2p: { in: 0, out: 0 },
    turn: { in: 0, out: 0 },
    relay: { in: 0, out: 0 },
  };
  #attached = 0;

  get all(): readonly Lane[] {
    return [...this.#lanes.values()];
  }

  get size(): number {
    return this.#lanes.size;
  }

  /** The number for the next lane. */
  nextId(): number {
    return this.#attached++;
  }

  add(lane: Lane): void {
    this.#lanes.set(lane.id, lane);
  }

  /** Removes a lane. Its bytes stay in the count. */
  delete(lane: Lane): void {
    if (this.#lanes.delete(lane.id)) count(this.#retired[lane.kind], lane);
  }

  get(id: number | undefined): Lane | undefined {
    return id === undefined ? undefined : this.#lanes.get(id);
  }

  /**
   * The newest good lane of a kind; else the newest that can be used, or the newest. One that has just joined, or does not
   * answer, says nothing about a path that has others.
   */
  of(kind: LaneKind): Lane | undefined {
    const lanes = this.all.filter((lane) => lane.kind === kind).reverse();
    return lanes.find((lane) => lane.isGood) ?? lanes.find((lane) => lane.isUsable) ?? lanes[0];
  }

  /** One value for each kind; null for a kind that is not attached. */
  byKind<Value>(pick: (lane: Lane) => Value): Record<LaneKind, Value | null> {
    const value = (kind: LaneKind): Value | null => {
      const lane = this.of(kind);
      return lane === undefined ? null : pick(lane);
    };
    return { p2p: value('p2p'), turn: value('turn'), relay: value('relay') };
  }

  /** The lanes that frames are striped over: the active one and the good ones of its kind. Preferred ones leave out the rest. */
  carryingWith(active: Lane | undefined): readonly Lane[] {
    const lanes = this.kin(active).filter((lane) => lane === active || lane.isGood);
    const preferred = lanes.filter((lane) => lane.isPreferred && lane.isGood);
    return preferred.length === 0 ? lanes : preferred;
  }

  /** The lanes of the same kind, with the given lane among them. */
  kin(lane: Lane | undefined): readonly Lane[] {
    return this.all.filter(({ kind }) => kind === lane?.kind);
  }

  /** Whether a lane is direct and no other lane of its kind is good. The direct path ends with such a lane. */
  isLastDirect(lane: Lane): boolean {
    const isSpare = (other: Lane): boolean => other !== lane && other.isGood;
    return lane.kind !== 'relay' && !this.kin(lane).some(isSpare);
  }

  /** The older lanes of the same kind that a lane replaces: all of them once it is ready, before that only those that are attaching too. */
  replacedBy({ id, kind, state, replacesKind }: Lane): readonly Lane[] {
    if (!replacesKind) return [];
    const isIn = (other: Attachment): boolean => state === 'ready' || other.state === 'attaching';
    return this.all.filter((other) => other.kind === kind && other.id < id && isIn(other));
  }

  /** The measurements of the newest lane of each kind. Rates are the sums over all lanes of the kind. */
  qualities(): Record<LaneKind, LaneQuality | null> {
    return this.byKind((lane) => {
      const kin = this.kin(lane);
      const inPerSecond = sum(kin.map((one) => one.inPerSecond));
      return {
        ...lane.quality,
        inPerSecond,
        outPerSecond: sum(kin.map((one) => one.outPerSecond)),
      };
    });
  }

  stats(): Pick<LinkStats, 'bytes' | 'rttMs' | 'quality' | 'lanes'> {
    const good = this.all.filter((lane) => lane.isGood);
    const lanesOf = (kind: LaneKind): number => good.filter((lane) => lane.kind === kind).length;
    return {
      bytes: this.bytes,
      rttMs: this.byKind((lane) => lane.rttMs),
      quality: this.qualities(),
      lanes: { p2p: lanesOf('p2p'), turn: lanesOf('turn'), relay: lanesOf('relay') },
    };
  }

  /** The bytes that data channels and the relay have carried, both ways. */
  get carried(): Carried {
    const { p2p, turn, relay } = this.bytes;
    return { p2p: p2p.in + p2p.out + turn.in + turn.out, relay: relay.in + relay.out };
  }

  /** Bytes by kind, including those of lanes that are gone. All bytes of a lane count for the last kind of the lane. */
  get bytes(): Record<LaneKind, ByteCount> {
    const { p2p, turn, relay } = this.#retired;
    const total = { p2p: { ...p2p }, turn: { ...turn }, relay: { ...relay } };
    for (const lane of this.#lanes.values()) count(total[lane.kind], lane);
    return total;
  }
}

/** The sum of the known rates; null when none is known. */
function sum(rates: readonly (number | null)[]): number | null {
  const known = rates.filter((rate) => rate !== null);
  return known.length === 0 ? null : known.reduce((total, rate) => total + rate, 0);
}

function count(total: ByteCount, lane: Lane): void {
  total.in += lane.bytesIn;
  total.out += lane.bytesOut;
}
