/** Small bodies are laid side by side: memory of its own for each is what the garbage collector is slowest with. */
const SLAB_BYTES = 64 * 1024;
const SMALL_BYTES = SLAB_BYTES / 8;
const NOTHING: Buffer = Buffer.alloc(0);

/** Memory for what is forgotten in the order it came in. What is forgotten at other times needs slabs of its own. */
export class Slabs {
  #slab = NOTHING;
  /** Where the free part of the slab begins. */
  #free = 0;

  /** Memory for so many bytes, and where they begin in it. A slab is free once all that lies in it is forgotten. */
  take(bytes: number): [Buffer, number] {
    if (bytes > SMALL_BYTES) return [Buffer.allocUnsafeSlow(bytes), 0];
    if (this.#slab.length - this.#free < bytes) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#free = 0;
    }
    const start = this.#free;
    this.#free += bytes;
    return [this.#slab, start];
  }
}

const bodies = new Slabs();

/**
 * The beginning of a body, or all of a text, copied: a piece may be a small part of a large buffer that nobody else
 * needs any more. It is known by its place, for a view of memory takes more than most bodies.
 */
export class KeptBytes {
  #memory = NOTHING;
  #start = 0;
  #size = 0;
  #length = 0;

  constructor(
    private readonly maxBytes: number,
    private readonly slabs = bodies,
  ) {}

  /** What is kept, in bytes. */
  get length(): number {
    return this.#length;
  }

  /** The memory that it takes, in bytes. */
  get size(): number {
    return this.#size;
  }

  get bytes(): Buffer {
    return this.#memory.subarray(this.#start, this.#start + this.#length);
  }

  /** Keeps as much of a piece as there is room for. */
  add(piece: Uint8Array): void {
    const room = this.maxBytes - this.#length;
    const taken = piece.byteLength > room ? piece.subarray(0, room) : piece;
    if (taken.byteLength === 0) return;
    this.#makeRoom(this.#length + taken.byteLength);
    this.#memory.set(taken, this.#start + this.#length);
    this.#length += taken.byteLength;
  }

  /** Doubles, so that many small pieces are not copied again and again. */
  #makeRoom(needed: number): void {
    const size = this.#size;
    if (needed <= size) return;
    const before = size === 0 ? NOTHING : this.bytes;
    this.#size = size === 0 ? needed : Math.min(Math.max(needed, size * 2), this.maxBytes);
    [this.#memory, this.#start] = this.slabs.take(this.#size);
    if (before !== NOTHING) this.#memory.set(before, this.#start);
  }
}
