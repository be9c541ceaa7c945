import type { DeliveryPace } from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';
import type { CompressionYield } from './compression-yield.js';

/**
 * Code and what is drawn or set with it. Such text is the same for whoever asks. Documents and JSON are left out: there
 * secrets stand beside what somebody else may have chosen, and the length of both together, compressed, tells of them
 * (CRIME, BREACH; RFC 7457 section 2.6).
 */
const CODE =
  /^(?:(?:text|application)\/(?:x-)?(?:javascript|ecmascript)|text\/css|application\/wasm|application\/source-map|image\/svg\+xml|font\/(?:ttf|otf)|application\/x-font-(?:ttf|otf))$/;

/** Whether bodies of this kind are compressed at all. */
export function isCode(contentType: string | undefined): boolean {
  const [kind = ''] = (contentType ?? '').split(';', 1);
  return CODE.test(kind.trim().toLowerCase());
}

/**
 * Whether compressing so many bytes is sure to save more time than it costs. The path saves the time of the bytes that it
 * needn't deliver. Compressor and decoder are counted in full, as if nothing else went on meanwhile.
 */
export function paysToCompress(
  bytes: number,
  pace: DeliveryPace,
  { perSecond, ratio }: CompressionYield,
): boolean {
  if (bytes < HOST_LIMITS.compressFromBytes) return false;
  const savedSeconds = (bytes * (1 - ratio)) / rateOf(pace);
  const { decoderPerSecond, codedBodyMs, compressionMargin } = HOST_LIMITS;
  const costSeconds = bytes / perSecond + bytes / decoderPerSecond + codedBodyMs / 1000;
  return savedSeconds > compressionMargin * costSeconds;
}

/** What the path delivers, in bytes a second, or is taken to deliver while nobody knows. */
function rateOf({ perSecond, isFull, roundTripMs }: DeliveryPace): number {
  const isNear = (roundTripMs ?? 0) < HOST_LIMITS.nearRoundTripMs;
  // Of a path that was never full, the rate is that of the app.
  if (!isFull) return isNear ? Infinity : Math.max(perSecond, HOST_LIMITS.unknownPerSecond);
  // On one machine or in its network the processors set the rate, and compressing takes of them.
  return isNear && perSecond > HOST_LIMITS.nearPerSecond ? Infinity : perSecond;
}
