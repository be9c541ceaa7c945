import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { headerValue, type Direction } from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';
import type { ExchangeRecord } from './exchange-record.js';

const DECODERS = new Map([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)],
]);

/** A body as it was before its content coding (RFC 9110 section 8.4); as it passed when it can't be decoded. */
export async function decodedBody(record: ExchangeRecord, direction: Direction): Promise<Buffer> {
  const bytes = record.body(direction);
  const { asked, head: answer } = record.facts;
  const head = direction === 'upload' ? asked : answer;
  const decode = DECODERS.get(headerValue(head?.headers ?? [], 'content-encoding') ?? '');
  if (decode === undefined || bytes.length === 0) return bytes;
  try {
    return await decode(bytes, { maxOutputLength: HOST_LIMITS.inspectorDecodedBytes });
  } catch {
    return bytes;
  }
}

/** A body as text, or in base64 where it is none. */
export async function readableBody(
  record: ExchangeRecord,
  direction: Direction,
): Promise<{ readonly text: string; readonly encoding?: 'base64' }> {
  const bytes = await decodedBody(record, direction);
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { text: bytes.toString('base64'), encoding: 'base64' };
  }
}
