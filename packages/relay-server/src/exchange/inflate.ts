import { Transform, type TransformCallback } from 'node:stream';
import * as zlib from 'node:zlib';
import { HOST_LIMITS } from '../limits.js';

/** Where the deflate data begins in a body, and whether it is in the zlib format. */
interface Start {
  readonly at: number;
  readonly isZlib: boolean;
}

/** Finds the start in the first bytes of a body; undefined while there are too few. Throws for what it can't be. */
type StartFinder = (bytes: Buffer) => Start | undefined;

/** The codings `gzip` and `deflate`, undone as browsers do it: what follows the compressed data is ignored. */
export class Inflater extends Transform {
  #head = Buffer.alloc(0);
  #decoder: zlib.Inflate | zlib.InflateRaw | undefined;
  #isOver = false;
  /** Takes the next chunk; undefined while none is under way. */
  #next: TransformCallback | undefined;

  constructor(private readonly findStart: StartFinder) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    if (this.#isOver) return callback();
    if (this.#decoder !== undefined) return this.#inflate(this.#decoder, chunk, callback);
    this.#head = Buffer.concat([this.#head, chunk]);
    try {
      const start = this.findStart(this.#head);
      if (start === undefined) return callback();
      this.#decoder = this.#createDecoder(start.isZlib);
      this.#inflate(this.#decoder, this.#head.subarray(start.at), callback);
    } catch (error) {
      callback(error as Error);
    }
  }

  override _flush(callback: TransformCallback): void {
    if (this.#decoder === undefined || this.#isOver) return callback();
    this.#next = callback;
    this.#decoder.end();
  }

  override _read(size: number): void {
    this.#decoder?.resume();
    super._read(size);
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#decoder?.destroy();
    callback(error);
  }

  /** A decoder that has come to the end of its data doesn't call back for the chunk that it was in. */
  #inflate(decoder: Transform, chunk: Buffer, callback: TransformCallback): void {
    this.#next = callback;
    decoder.write(chunk, () => this.#goOn());
  }

  #goOn(): void {
    const next = this.#next;
    this.#next = undefined;
    next?.();
  }

  #createDecoder(isZlib: boolean): zlib.Inflate | zlib.InflateRaw {
    // A stream that was cut off gives what has arrived, as in browsers; the tunnel reports the cut itself.
    const lenient = { finishFlush: zlib.constants.Z_SYNC_FLUSH };
    const decoder = isZlib ? zlib.createInflate(lenient) : zlib.createInflateRaw(lenient);
    decoder.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) decoder.pause();
    });
    decoder.once('end', () => {
      this.#isOver = true;
      this.#goOn();
    });
    return decoder.once('error', (error: Error) => this.destroy(error));
  }
}

/**
 * The coding `deflate` is in the zlib format (RFC 9110 section 8.4.1.2). Some servers send raw deflate under that name,
 * and browsers take both. RFC 1950 section 2.2: method 8 in the low half of the first byte, and both bytes together
 * a multiple of 31.
 */
export function startOfDeflate(bytes: Buffer): Start | undefined {
  const [method = 0, flags] = bytes;
  if (flags === undefined) return undefined;
  return { at: 0, isZlib: (method & 0x0f) === 8 && (method * 256 + flags) % 31 === 0 };
}

const GZIP_MAGIC = Buffer.from([0x1f, 0x8b, 0x08]);
const GZIP_FIXED_BYTES = 10;
/** Bits of the fourth byte: which optional fields follow. */
const HEADER_CRC = 2;
const EXTRA = 4;
const NAME = 8;
const COMMENT = 16;

/** The end of a gzip header (RFC 1952 section 2.3). Its checksum and the one at the end are not looked at, as in browsers. */
export function startOfGzip(bytes: Buffer): Start | undefined {
  const known = Math.min(bytes.length, GZIP_MAGIC.length);
  if (!bytes.subarray(0, known).equals(GZIP_MAGIC.subarray(0, known)))
    throw new Error('the body is said to be gzip and is not');
  const at = endOfGzipHeader(bytes);
  if (at <= bytes.length) return { at, isZlib: false };
  if (bytes.length > HOST_LIMITS.gzipHeaderBytes) throw new Error('a gzip header has no end');
  return undefined;
}

/** Infinity while it is not there. */
function endOfGzipHeader(bytes: Buffer): number {
  if (bytes.length < GZIP_FIXED_BYTES) return Infinity;
  const flags = bytes.readUInt8(3);
  let at = GZIP_FIXED_BYTES;
  if (flags & EXTRA) at += bytes.length < at + 2 ? Infinity : 2 + bytes.readUInt16LE(at);
  if (flags & NAME) at = afterZero(bytes, at);
  if (flags & COMMENT) at = afterZero(bytes, at);
  return flags & HEADER_CRC ? at + 2 : at;
}

function afterZero(bytes: Buffer, from: number): number {
  const zero = from < bytes.length ? bytes.indexOf(0, from) : -1;
  return zero === -1 ? Infinity : zero + 1;
}
