const NOTHING: Buffer = Buffer.alloc(0);

/** Small bodies are laid side by side: memory of its own for each is what the garbage collector is slowest with. */
const SLAB_BYTES = 64 * 1024;
const SMALL_BYTES = SLAB_BYTES / 8;
let slab = NOTHING;

/** Memory for so many bytes. A slab is free once its records are; those were begun one after the other, and go like that. */
function allocate(bytes: number): Buffer {
  if (bytes > SMALL_BYTES) return Buffer.allocUnsafeSlow(bytes);
  if (slab.length < bytes) slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  const place = slab.subarray(0, bytes);
  slab = slab.subarray(bytes);
  return place;
}

/** The beginning of a body, copied: a piece may be a small part of a large buffer that nobody else needs any more. */
export class KeptBytes {
  #buffer = NOTHING;
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

  /** Keeps as much of a piece as there is room for. */
  add(piece: Uint8Array): void {
    const taken = piece.subarray(0, this.maxBytes - this.#length);
    if (taken.byteLength === 0) return;
    this.#makeRoom(this.#length + taken.byteLength);
    this.#buffer.set(taken, this.#length);
    this.#length += taken.byteLength;
  }

  /** Doubles, so that many small pieces are not copied again and again. */
  #makeRoom(needed: number): void {
    const { size } = this;
    if (needed <= size) return;
    const wished = size === 0 ? needed : Math.min(Math.max(needed, size * 2), this.maxBytes);
    const larger = allocate(wished);
    larger.set(this.bytes);
    this.#buffer = larger;
  }
}
