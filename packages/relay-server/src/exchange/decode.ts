import { pipeline, Readable, Transform, type TransformCallback } from 'node:stream';
import * as zlib from 'node:zlib';

type DecoderFactory = () => Transform;

// A stream that was cut off gives what has arrived, as in browsers; the tunnel reports the cut itself.
const LENIENT = { finishFlush: zlib.constants.Z_SYNC_FLUSH };

const DECODERS = new Map<string, DecoderFactory>([
  ['gzip', () => zlib.createGunzip(LENIENT)],
  ['x-gzip', () => zlib.createGunzip(LENIENT)],
  ['deflate', () => new EitherInflate()],
  ['br', () => zlib.createBrotliDecompress()],
  ...zstd(),
]);

/** Content codings in the order they were applied (RFC 9110 section 8.4); `identity` is none. */
export function codingsOf(contentEncoding: string | undefined): string[] {
  return (contentEncoding ?? '')
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity');
}

/** Whether this Node can undo all of these. */
export function canDecode(codings: string[]): boolean {
  return codings.every((coding) => DECODERS.has(coding));
}

const BYTES = { objectMode: false } as const;

/** Undoes the codings while streaming; destroying the result destroys the source. */
export function decode(
  source: AsyncIterable<Uint8Array>,
  codings: string[],
): AsyncIterable<Uint8Array> {
  const stream = source instanceof Readable ? source : Readable.from(source, BYTES);
  const decoders = codings.toReversed().flatMap((coding) => DECODERS.get(coding)?.() ?? []);
  const last = decoders.at(-1);
  if (last === undefined) return source;
  // The result carries the error to its reader; nobody else is told.
  pipeline([stream, ...decoders], () => undefined);
  last.on('error', () => undefined);
  return last;
}

/**
 * The coding `deflate` is in the zlib format (RFC 9110 section 8.4.1.2). Some servers send raw deflate under that name,
 * and browsers take both.
 */
class EitherInflate extends Transform {
  #decoder: zlib.Inflate | zlib.InflateRaw | undefined;

  override _transform(chunk: Buffer, encoding: BufferEncoding, callback: TransformCallback): void {
    this.#decoder ??= this.#start(hasZlibHeader(chunk));
    this.#decoder.write(chunk, encoding, () => callback());
  }

  override _flush(callback: TransformCallback): void {
    if (this.#decoder === undefined) return callback();
    this.#decoder.once('end', callback).end();
  }

  override _read(size: number): void {
    this.#decoder?.resume();
    super._read(size);
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#decoder?.destroy();
    callback(error);
  }

  #start(isZlib: boolean): zlib.Inflate | zlib.InflateRaw {
    const decoder = isZlib ? zlib.createInflate(LENIENT) : zlib.createInflateRaw(LENIENT);
    decoder.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) decoder.pause();
    });
    return decoder.once('error', (error: Error) => this.destroy(error));
  }
}

/** RFC 1950 section 2.2: method 8 in the low half of the first byte, and both bytes together a multiple of 31. */
function hasZlibHeader([method = 0, flags]: Buffer): boolean {
  if (flags === undefined) return (method & 0x0f) === 8;
  return (method & 0x0f) === 8 && (method * 256 + flags) % 31 === 0;
}

/** Node has zstd from 22.15 on. */
function zstd(): [string, DecoderFactory][] {
  const { createZstdDecompress: create } = zlib as { createZstdDecompress?: DecoderFactory };
  return create === undefined ? [] : [['zstd', create]];
}
