/** What became of a body on its way. */
export interface Damage {
  lost: number;
  repeated: number;
  wrong: number;
}

export const noDamage = (): Damage => ({ lost: 0, repeated: 0, wrong: 0 });

const WORD = 4;
const SCRAMBLE = 0x9e3779b9;

const wordAt = (index: number): number => Math.imul(index, SCRAMBLE) >>> 0;
/** The inverse of SCRAMBLE modulo 2^32: finds the place a word belongs to. */
const UNSCRAMBLE = inverse(SCRAMBLE);

function inverse(odd: number): number {
  let result = odd;
  for (let round = 0; round < 5; round += 1) {
    result = Math.imul(result, 2 - Math.imul(odd, result));
  }
  return result >>> 0;
}

function byteAt(offset: number): number {
  return (wordAt(Math.floor(offset / WORD)) >>> (8 * (offset % WORD))) & 0xff;
}

/** Bytes of a body in which every word says where it belongs. */
export function patternAt(offset: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let n = 0; n < length; n += 1) bytes[n] = byteAt(offset + n);
  return bytes;
}

/** Compares a body with the pattern, byte for byte; where it departs, tells by how much. */
export class PatternCheck {
  readonly damage = noDamage();
  #offset = 0;

  get offset(): number {
    return this.#offset;
  }

  take(chunk: Uint8Array): void {
    for (let n = 0; n < chunk.length; n += 1) {
      if (chunk[n] !== byteAt(this.#offset)) this.#resume(chunk, n);
      this.#offset += 1;
    }
  }

  /** Finds where the body goes on, by the next whole word that fits the pattern. */
  #resume(chunk: Uint8Array, at: number): void {
    const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let n = at; n + 2 * WORD <= chunk.length; n += 1) {
      const index = Math.imul(view.getUint32(n, true), UNSCRAMBLE) >>> 0;
      if (view.getUint32(n + WORD, true) !== wordAt(index + 1)) continue;
      const moved = index * WORD - (n - at) - this.#offset;
      if (moved > 0) this.damage.lost += moved;
      else this.damage.repeated -= moved;
      this.#offset += moved;
      return;
    }
    this.damage.wrong += 1;
  }
}
