import { WingmanError } from '../errors.js';
import { LIMITS } from '../limits.js';
import { concatBytes } from './bytes.js';
import { readVarint, writeVarint } from './varint.js';

/**
 * A packed head is a row of pieces, which make the head together. Each begins with a number. If its lowest bit is clear,
 * the rest is the slot in which the receiver has kept the piece. Otherwise the rest above the lowest two bits is the
 * length of the piece, which follows; behind KEPT the number of the slot in which to keep it comes first.
 */
const PLAIN = 0b01;
const KEPT = 0b11;

/** Where heads are written, one at a time. The shortest piece, of two bytes, gets a number before it and a slot of two bytes. */
const TARGET = /* @__PURE__ */ new Uint8Array(3 * (LIMITS.packedHeadBytes + 1));

const CREDENTIALS: readonly string[] = ['authorization', 'cookie', 'set-cookie'];
/** Credentials with a shorter value could be guessed one by one, by the length of what brings a guess. */
const CREDENTIAL_BYTES = 20;

interface Kept {
  readonly hash: number;
  readonly piece: Uint8Array;
  /** Whether the piece has been used since the packer last looked for a slot here. */
  isUsed: boolean;
}

/** Writes the heads of one direction of a link short: a field that has passed before becomes the number of its slot. */
export class HeadPacker {
  readonly #slots: Kept[] = [];
  readonly #slotOf = new Map<number, number>();
  /** Where the packer looks next for a piece that has not been used of late. */
  #hand = 0;

  /** Packs a message of a type byte and Protocol Buffers; undefined when it is too long. What is packed has to be sent. */
  pack(parts: readonly Uint8Array[]): Uint8Array | undefined {
    const message = parts.length === 1 && parts[0] !== undefined ? parts[0] : concatBytes(parts);
    if (message.byteLength > LIMITS.packedHeadBytes) return undefined;
    let written = 0;
    for (let start = 0; start < message.byteLength;) {
      // The type byte belongs to the first field.
      const end = fieldEnd(message, Math.max(start, 1));
      const hash = hashOf(message, start, end);
      const slot = this.#slotWith(hash, message, start, end);
      if (slot === undefined) written = this.#write(written, hash, message.subarray(start, end));
      else written = writeVarint(TARGET, written, slot * 2);
      start = end;
    }
    return TARGET.slice(0, written);
  }

  #slotWith(hash: number, message: Uint8Array, start: number, end: number): number | undefined {
    const slot = this.#slotOf.get(hash);
    const kept = slot === undefined ? undefined : this.#slots[slot];
    if (kept === undefined || !isSame(kept.piece, message, start, end)) return undefined;
    kept.isUsed = true;
    return slot;
  }

  /** Writes a piece that is not known, and returns the offset behind it. */
  #write(offset: number, hash: number, piece: Uint8Array): number {
    const isKept = isWorthKeeping(piece);
    let next = writeVarint(TARGET, offset, piece.byteLength * 4 + (isKept ? KEPT : PLAIN));
    if (isKept) next = writeVarint(TARGET, next, this.#keep(hash, piece));
    TARGET.set(piece, next);
    return next + piece.byteLength;
  }

  #keep(hash: number, piece: Uint8Array): number {
    const slot = this.#slotOf.get(hash) ?? this.#freeSlot();
    this.#slots[slot] = { hash, piece: piece.slice(), isUsed: true };
    this.#slotOf.set(hash, slot);
    return slot;
  }

  /** A new slot, or that of a piece that has not been used for a whole round of the hand. */
  #freeSlot(): number {
    if (this.#slots.length < LIMITS.headSlots) return this.#slots.length;
    for (;;) {
      const slot = this.#hand;
      this.#hand = (slot + 1) % LIMITS.headSlots;
      const kept = this.#slots[slot];
      if (kept?.isUsed !== true) {
        this.#slotOf.delete(kept?.hash ?? 0);
        return slot;
      }
      kept.isUsed = false;
    }
  }
}

/** Reads what a `HeadPacker` has written, in the same order. */
export class HeadUnpacker {
  readonly #slots: Uint8Array[] = [];

  /** The message; PROTOCOL_ERROR when malformed, LIMIT_EXCEEDED when it or what is to be kept is too large. */
  unpack(packed: Uint8Array): Uint8Array {
    const pieces: Uint8Array[] = [];
    let length = 0;
    for (let offset = 0; offset < packed.byteLength;) {
      const { piece, next } = this.#read(packed, offset);
      length += piece.byteLength;
      if (length > LIMITS.packedHeadBytes) throw tooLarge('a packed head is too large');
      pieces.push(piece);
      offset = next;
    }
    return concatBytes(pieces);
  }

  #read(packed: Uint8Array, offset: number): { piece: Uint8Array; next: number } {
    const { value, next } = readVarint(packed, offset);
    if (value % 2 === 0) return { piece: this.#keptIn(value / 2), next };
    const slot = value % 4 === KEPT ? readVarint(packed, next) : undefined;
    const start = slot?.next ?? next;
    const end = start + Math.floor(value / 4);
    if (end > packed.byteLength) throw malformed('a piece is cut short');
    const piece = packed.subarray(start, end);
    if (slot !== undefined) this.#keep(slot.value, piece);
    return { piece, next: end };
  }

  #keptIn(slot: number): Uint8Array {
    const piece = this.#slots[slot];
    if (piece === undefined) throw malformed('nothing is kept in that slot');
    return piece;
  }

  #keep(slot: number, piece: Uint8Array): void {
    if (slot > this.#slots.length) throw malformed('a slot was left out');
    if (slot >= LIMITS.headSlots) throw tooLarge('there are no more slots');
    if (piece.byteLength > LIMITS.headPieceBytes) throw tooLarge('a piece is too large to keep');
    this.#slots[slot] = piece.slice();
  }
}

const malformed = (message: string): WingmanError => new WingmanError('PROTOCOL_ERROR', message);
const tooLarge = (message: string): WingmanError => new WingmanError('LIMIT_EXCEEDED', message);

function isWorthKeeping(piece: Uint8Array): boolean {
  return piece.byteLength <= LIMITS.headPieceBytes && !isShortCredential(piece);
}

/** Whether a piece is a `Header` of credentials: tag, length, tag, length of the name, name, tag, length of the value, value. */
function isShortCredential(piece: Uint8Array): boolean {
  const nameEnd = 4 + (piece[3] ?? 0);
  const name = String.fromCharCode(...piece.subarray(4, nameEnd));
  return CREDENTIALS.includes(name) && (piece[nameEnd + 1] ?? 0) < CREDENTIAL_BYTES;
}

/** Where the Protocol Buffers field ends that begins here. What has none of the forms in heads goes to the end of the message. */
function fieldEnd(message: Uint8Array, start: number): number {
  let [next, number] = [start + 1, 0];
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = message[next] ?? 0;
    next += 1;
    number += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  const form = (message[start] ?? 0) & 0x87;
  if (form === 2) next += number;
  else if (form !== 0) next = message.byteLength;
  return Math.min(next, message.byteLength);
}

/** FNV-1a, 32 bits. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let index = start; index < end; index += 1) {
    hash = Math.imul(hash ^ (bytes[index] ?? 0), 0x01000193);
  }
  return hash;
}

function isSame(piece: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (piece.byteLength !== end - start) return false;
  for (let index = 0; index < piece.byteLength; index += 1) {
    if (piece[index] !== bytes[start + index]) return false;
  }
  return true;
}
