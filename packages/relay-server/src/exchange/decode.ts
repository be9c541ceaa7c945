import { pipeline, Readable, type Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { Inflater, startOfDeflate, startOfGzip } from './inflate.js';

type DecoderFactory = () => Transform;

const DECODERS = new Map<string, DecoderFactory>([
  ['gzip', () => new Inflater(startOfGzip)],
  ['x-gzip', () => new Inflater(startOfGzip)],
  ['deflate', () => new Inflater(startOfDeflate)],
  ['br', () => zlib.createBrotliDecompress()],
  ...zstd(),
]);

/** Codings in the order they were applied (RFC 9110 section 8.4, RFC 9112 section 7); `identity` is none. */
export function codingsOf(list: string | undefined): string[] {
  return (list ?? '')
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
