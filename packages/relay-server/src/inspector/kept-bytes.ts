/** The beginning of a body, copied: a piece may be a small part of a large buffer that nobody else needs any more. */
export class KeptBytes {
  #buffer = Buffer.alloc(0);
  #length = 0;

  constructor(private readonly maxBytes: number) {}

  /** What is kept, in bytes. */
  get length(): number {
    return this.#length;
  }

  /** The memory that it takes, in bytes. */
  get size(): number {
    return this.#buffer.length;
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Keeps as much of a piece as there is room for. Returns by how many bytes the memory has grown. */
  add(piece: Uint8Array): number {
    const taken = piece.subarray(0, this.maxBytes - this.#length);
    if (taken.byteLength === 0) return 0;
    const grown = this.#makeRoom(this.#length + taken.byteLength);
    this.#buffer.set(taken, this.#length);
    this.#length += taken.byteLength;
    return grown;
  }

  /** Forgets all of it. Returns how many bytes that frees. */
  clear(): number {
    const { size } = this;
    this.#buffer = Buffer.alloc(0);
    this.#length = 0;
    return size;
  }

  /** Doubles, so that many small pieces are not copied again and again. */
  #makeRoom(needed: number): number {
    const { size } = this;
    if (needed <= size) return 0;
    const larger = Buffer.alloc(
      size === 0 ? needed : Math.min(Math.max(needed, size * 2), this.maxBytes),
    );
    larger.set(this.bytes);
    this.#buffer = larger;
    return larger.length - size;
  }
}
