import { concatBytes } from '../wire/bytes.js';
import { toWingmanError, WingmanError } from '../errors.js';
import { TransferCoding } from '../gen/wingman/v1/exchange.js';
import { BodyReader } from './body.js';

/** The transfer codings that this runtime can undo: browsers have DecompressionStream since May 2023, Node since 18. */
export const UNDONE_CODINGS: readonly TransferCoding[] =
  'DecompressionStream' in globalThis ? [TransferCoding.GZIP] : [];

/**
 * A body whose coding is undone while the body is read. Reading throws what the source throws. It throws PROTOCOL_ERROR,
 * and calls `failed`, if the coded bytes are damaged or cut short. A reader that leaves early leaves the source, too.
 */
export function gunzipped(source: BodyReader, failed: (error: WingmanError) => void): BodyReader {
  const { readable, writable } = new DecompressionStream('gzip');
  const [reader, writer] = [readable.getReader(), writable.getWriter()];
  // The error is kept here, because runtimes differ in whether a reader sees the reason of an abort.
  let broken: WingmanError | undefined;
  const breakOff = (error: WingmanError): void => {
    broken ??= error;
    writer.abort(error).catch(() => undefined);
  };
  // The decoder's reader is told of the failure, so nobody else needs to be.
  feed(source, writer, breakOff).catch(() => undefined);
  const next = async (): Promise<Uint8Array | undefined> => {
    try {
      return (await reader.read()).value;
    } catch (cause) {
      if (broken !== undefined) throw broken;
      const error = new WingmanError('PROTOCOL_ERROR', 'the coded body is damaged', { cause });
      failed(error);
      throw error;
    }
  };
  return new BodyReader(next, () => {
    breakOff(new WingmanError('CANCELLED', 'the reader left'));
    void source.return();
  });
}

/** The plain bytes of a body that is there as a whole; PROTOCOL_ERROR when it is damaged, or has more than `maxBytes`. */
export async function gunzippedWhole(
  coded: Uint8Array,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces = [coded];
  const source = new BodyReader(
    () => Promise.resolve(pieces.pop()),
    () => undefined,
  );
  const plain: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of gunzipped(source, () => undefined)) {
    bytes += piece.byteLength;
    if (bytes > maxBytes) throw new WingmanError('PROTOCOL_ERROR', 'a coded body is too large');
    plain.push(piece);
  }
  return concatBytes(plain);
}

/** Gives the decoder the coded bytes as fast as it takes them. Rejects when the decoder takes no more. */
async function feed(
  source: BodyReader,
  writer: WritableStreamDefaultWriter<BufferSource>,
  breakOff: (error: WingmanError) => void,
): Promise<void> {
  const take = async (): Promise<Uint8Array<ArrayBuffer> | undefined> => {
    try {
      // The cast holds: the messages of a carrier use no shared memory.
      return (await source.next()).value as Uint8Array<ArrayBuffer> | undefined;
    } catch (error) {
      breakOff(toWingmanError(error, 'INTERNAL'));
      throw error;
    }
  };
  for (let chunk = await take(); chunk !== undefined; chunk = await take()) {
    await writer.write(chunk);
  }
  await writer.close();
}
