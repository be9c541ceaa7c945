import { TransferCoding, type Clock, type DeliveryPace } from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';
import { paysToCompress } from './compression-policy.js';
import { YieldMeter } from './compression-yield.js';
import { gzipped, gzipWhole } from './gzip-stream.js';

/** How a compressed body travels. */
export interface Transfer {
  readonly coding: TransferCoding;
  encode(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}

/** Compresses bodies of one host where that pays, by what it has measured so far. */
export class Compressor {
  readonly #meter: YieldMeter;
  #streams = 0;

  constructor(clock: Clock) {
    this.#meter = new YieldMeter(clock);
  }

  /** A body that is there as a whole, compressed; undefined where that doesn't pay. */
  whole(body: Uint8Array, pace: DeliveryPace): Uint8Array | undefined {
    const pays = paysToCompress(body.byteLength, pace, this.#meter.now);
    return pays ? gzipWhole([body], this.#meter) : undefined;
  }

  /**
   * How a body of so many bytes should travel; undefined stands for uncompressed. `bytes` is undefined where the app doesn't
   * say. The function that `atEnd` gets has to be called once the exchange is over.
   */
  transferFor(
    bytes: number | undefined,
    pace: DeliveryPace,
    atEnd: (cleanup: () => void) => void,
  ): Transfer | undefined {
    const meter = this.#meter;
    const expected = bytes ?? HOST_LIMITS.unknownBodyBytes;
    if (!paysToCompress(expected, pace, meter.now)) return undefined;
    const coding = TransferCoding.GZIP;
    if (bytes !== undefined && bytes <= HOST_LIMITS.compressWholeBytes) {
      return { coding, encode: (body) => asWhole(body, meter) };
    }
    if (this.#streams >= HOST_LIMITS.compressedStreams) return undefined;
    this.#streams += 1;
    atEnd(() => (this.#streams -= 1));
    return { coding, encode: (body) => gzipped(body, meter) };
  }
}

/** A small body mostly comes in one piece. Two turns of another thread would cost more than the work. */
async function* asWhole(
  body: AsyncIterable<Uint8Array>,
  meter: YieldMeter,
): AsyncGenerator<Uint8Array, void, void> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  yield gzipWhole(pieces, meter);
}
