import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { SERVER_LIMITS } from '../limits.js';

/** A body in every coding we offer. */
export interface EncodedBody {
  identity: Buffer;
  gzip: Buffer;
  br: Buffer;
}

export type Coding = 'br' | 'gzip';

interface Effort {
  /** Of gzip and brotli. */
  quality: { gzip: number; br: number };
  /** Of brotli, as a power of two: an encoder's memory grows with it. */
  windowBits: number;
}

/** For content that is compressed once, at the first request. */
const BEST: Effort = { quality: { gzip: 9, br: 9 }, windowBits: 22 };
/** For what somebody waits for: half of the time, and less than 1 % larger. */
const FAST: Effort = { quality: { gzip: 6, br: 7 }, windowBits: 18 };

/** Compresses once, for many answers. */
export async function encodeBody(identity: Buffer): Promise<EncodedBody> {
  const [zipped, br] = await Promise.all([
    compress(identity, 'gzip', BEST),
    compress(identity, 'br', BEST),
  ]);
  return { identity, gzip: zipped, br };
}

/** The smallest coding the client takes (RFC 9110 section 12.5.3); undefined when it takes none of ours. */
export function acceptedCoding(acceptEncoding: string | string[] | undefined): Coding | undefined {
  const accepted = [acceptEncoding].flat().join(',').toLowerCase();
  return (['br', 'gzip'] as const).find((coding) => takes(accepted, coding));
}

/** Compresses pages when they are first asked for, each once and one at a time, and keeps those used last. */
export class CompressedPages {
  /** Insertion order is the order of last use. */
  readonly #kept = new Map<string, Promise<Buffer>>();
  #last: Promise<unknown> = Promise.resolve();
  #pending = 0;

  /**
   * The page in this coding; undefined while too many others are to be compressed: then the page goes out
   * as it is. `content` says what is compressed, and is a key for it.
   */
  get(content: string, coding: Coding, page: () => Buffer): Promise<Buffer> | undefined {
    const key = `${coding} ${content}`;
    const packed = this.#kept.get(key) ?? this.#add(key, coding, page);
    if (packed === undefined) return undefined;
    this.#keep(key, packed);
    return packed;
  }

  #add(key: string, coding: Coding, page: () => Buffer): Promise<Buffer> | undefined {
    if (this.#pending >= SERVER_LIMITS.pendingCompressions) return undefined;
    this.#pending += 1;
    const packed = this.#last.then(() => compress(page(), coding, FAST));
    this.#last = packed
      .catch(() => this.#kept.delete(key))
      .finally(() => {
        this.#pending -= 1;
      });
    return packed;
  }

  #keep(key: string, packed: Promise<Buffer>): void {
    this.#kept.delete(key);
    this.#kept.set(key, packed);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= SERVER_LIMITS.compressedPages) break;
      this.#kept.delete(oldest);
    }
  }
}

function compress(body: Buffer, coding: Coding, effort: Effort): Promise<Buffer> {
  if (coding === 'gzip') return promisify(gzip)(body, { level: effort.quality.gzip });
  return promisify(brotliCompress)(body, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: effort.quality.br,
      [constants.BROTLI_PARAM_LGWIN]: effort.windowBits,
      [constants.BROTLI_PARAM_SIZE_HINT]: body.byteLength,
    },
  });
}

function takes(accepted: string, coding: Coding): boolean {
  const offers = accepted.split(',').map((offer) => offer.trim());
  return offers.some(
    (offer) => offer === coding || (offer.startsWith(`${coding};`) && !/;q=0(\.0*)?$/.test(offer)),
  );
}
