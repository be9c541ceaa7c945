import { pipeline, Readable, type Transform } from 'node:stream';
import * as zlib from 'node:zlib';

type DecoderFactory = () => Transform;

// A stream that was cut off gives what has arrived, as in browsers; the tunnel reports the cut itself.
const LENIENT = { finishFlush: zlib.constants.Z_SYNC_FLUSH };

const DECODERS = new Map<string, DecoderFactory>([
  ['gzip', () => zlib.createGunzip(LENIENT)],
  ['x-gzip', () => zlib.createGunzip(LENIENT)],
  ['deflate', () => zlib.createInflate(LENIENT)],
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

/** Node has zstd from 22.15 on. */
function zstd(): [string, DecoderFactory][] {
  const { createZstdDecompress: create } = zlib as { createZstdDecompress?: DecoderFactory };
  return create === undefined ? [] : [['zstd', create]];
}
