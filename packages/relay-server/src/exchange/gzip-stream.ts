import * as zlib from 'node:zlib';
import { HOST_LIMITS } from '../limits.js';
import type { YieldMeter } from './compression-yield.js';

const OPTIONS = { level: HOST_LIMITS.compressionLevel } as const;

/** Compresses a body that is there as a whole, on this thread. */
export function gzipWhole(pieces: readonly Uint8Array[], meter: YieldMeter): Uint8Array {
  const [first = new Uint8Array(0)] = pieces;
  const plain = pieces.length > 1 ? Buffer.concat(pieces) : first;
  const from = meter.clock.now();
  const coded = zlib.gzipSync(plain, OPTIONS);
  meter.add(plain.byteLength, coded.byteLength, meter.clock.now() - from);
  return coded;
}

/** Compresses a body as it comes, on zlib's own threads. No piece waits for a later one. */
export async function* gzipped(
  body: AsyncIterable<Uint8Array>,
  meter: YieldMeter,
): AsyncGenerator<Uint8Array, void, void> {
  const gzip = new GzipStream(meter);
  const source = body[Symbol.asyncIterator]();
  try {
    let next = ahead(source);
    for (let result = await next; result.done !== true; result = await next) {
      next = ahead(source);
      yield* await gzip.write(result.value);
      if (!(await isThere(next))) yield* await gzip.flush();
    }
    yield* await gzip.end();
  } finally {
    gzip.close();
    // Not awaited: a source that owes a piece answers after that piece.
    source.return?.().catch(() => undefined);
  }
}

/** The next piece; its reader is told of a failure once it comes to it. */
function ahead(source: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
  const next = source.next();
  next.catch(() => undefined);
  return next;
}

/** Whether something has come by the end of this turn. */
function isThere(next: Promise<unknown>): Promise<boolean> {
  const isNow = (): boolean => true;
  const later = new Promise<boolean>((resolve) => setImmediate(() => resolve(false)));
  return Promise.race([next.then(isNow, isNow), later]);
}

/** zlib's stream, step by step: each gives what has come out by its end. */
class GzipStream {
  readonly #gzip = zlib.createGzip(OPTIONS);
  readonly #meter: YieldMeter;
  #coded: Buffer[] = [];

  constructor(meter: YieldMeter) {
    this.#meter = meter;
    this.#gzip.on('data', (piece: Buffer) => this.#coded.push(piece));
  }

  write(piece: Uint8Array): Promise<Buffer[]> {
    return this.#step(piece.byteLength, (done) => this.#gzip.write(piece, done));
  }

  flush(): Promise<Buffer[]> {
    return this.#step(0, (done) => this.#gzip.flush(zlib.constants.Z_SYNC_FLUSH, done));
  }

  end(): Promise<Buffer[]> {
    return this.#step(0, (done) => this.#gzip.once('end', done).end());
  }

  /** Frees its memory. */
  close(): void {
    this.#gzip.destroy();
  }

  async #step(bytes: number, work: (done: () => void) => unknown): Promise<Buffer[]> {
    const from = this.#meter.clock.now();
    await new Promise<void>((resolve, reject) => {
      this.#gzip.once('error', reject);
      work(() => {
        this.#gzip.off('error', reject);
        resolve();
      });
    });
    const coded = this.#coded.splice(0);
    const codedBytes = coded.reduce((sum, { byteLength }) => sum + byteLength, 0);
    this.#meter.add(bytes, codedBytes, this.#meter.clock.now() - from);
    return coded;
  }
}
