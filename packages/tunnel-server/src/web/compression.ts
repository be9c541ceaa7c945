import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

/** A body in every coding we offer. */
export interface EncodedBody {
  identity: Buffer;
  gzip: Buffer;
  br: Buffer;
}

type Coding = 'br' | 'gzip';

/** Compresses once, for many answers. */
export async function encodeBody(identity: Buffer): Promise<EncodedBody> {
  const [zipped, br] = await Promise.all([
    promisify(gzip)(identity, { level: 9 }),
    promisify(brotliCompress)(identity, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: 9,
        [constants.BROTLI_PARAM_SIZE_HINT]: identity.byteLength,
      },
    }),
  ]);
  return { identity, gzip: zipped, br };
}

/** The smallest body the client takes (RFC 9110 section 12.5.3). */
export function negotiate(
  body: EncodedBody,
  acceptEncoding: string | string[] | undefined,
): { body: Buffer; coding: Coding | undefined } {
  const accepted = [acceptEncoding].flat().join(',').toLowerCase();
  for (const coding of ['br', 'gzip'] as const) {
    if (takes(accepted, coding)) return { body: body[coding], coding };
  }
  return { body: body.identity, coding: undefined };
}

function takes(accepted: string, coding: Coding): boolean {
  const offers = accepted.split(',').map((offer) => offer.trim());
  return offers.some(
    (offer) => offer === coding || (offer.startsWith(`${coding};`) && !/;q=0(\.0*)?$/.test(offer)),
  );
}
