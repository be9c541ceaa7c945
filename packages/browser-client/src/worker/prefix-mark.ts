/** FNV-1a with two seeds: to tell bodies apart, not to resist anybody. */
const SEEDS = [0x811c9dc5, 0x01000193] as const;
const PRIME = 0x01000193;

/** What the first bytes of a body were, in a few numbers. */
export class PrefixMark {
  #bytes = 0;
  #hashes: [number, number] = [...SEEDS];

  /** Takes no more than so many bytes into account. */
  constructor(private readonly limit: number) {}

  /** Bytes taken into account. */
  get bytes(): number {
    return this.#bytes;
  }

  add(chunk: Uint8Array): void {
    const taken = chunk.subarray(0, this.limit - this.#bytes);
    let [left, right] = this.#hashes;
    for (const byte of taken) {
      left = Math.imul(left ^ byte, PRIME);
      right = Math.imul(right ^ byte, PRIME);
    }
    this.#hashes = [left, right];
    this.#bytes += taken.byteLength;
  }

  equals(other: PrefixMark): boolean {
    const [left, right] = this.#hashes;
    const [otherLeft, otherRight] = other.#hashes;
    return this.#bytes === other.#bytes && left === otherLeft && right === otherRight;
  }
}
