import { SERVICE_WORKER_LIMITS } from '../shared/limits.js';

/** A body for two readers. */
export interface CopiedBody {
  /** The page's: it alone decides how fast the body comes. */
  readonly shown: ReadableStream<Uint8Array>;
  /** Fails when the body breaks off, when the page leaves it, and when its own reader is too slow. */
  readonly copy: ReadableStream<Uint8Array>;
  /** Bytes that have passed. */
  readonly read: () => number;
  /** Whether all of the body has passed. */
  readonly isWhole: () => boolean;
}

/** Copies a body as it passes; `tee()` would have the slower of two readers fill the memory. */
export function copiedBody(
  body: ReadableStream<Uint8Array>,
  { keptAnswerBytes, keptAheadBytes }: Limits = SERVICE_WORKER_LIMITS,
): CopiedBody {
  const reader = body.getReader();
  let copying: ReadableStreamDefaultController<Uint8Array> | undefined;
  let bytes = 0;
  let isWhole = false;
  const giveUp = (why: unknown): void => {
    copying?.error(why);
    copying = undefined;
  };
  const copy = new ReadableStream<Uint8Array>(
    {
      start: (controller) => void (copying = controller),
      cancel: () => void (copying = undefined),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: keptAheadBytes }),
  );
  const pass = (chunk: Uint8Array): void => {
    bytes += chunk.byteLength;
    copying?.enqueue(chunk);
    const isBehind = (copying?.desiredSize ?? 0) < 0;
    if (isBehind || bytes > keptAnswerBytes) giveUp(new Error('too much to keep'));
  };
  const shown = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) {
            pass(value);
            return controller.enqueue(value);
          }
          isWhole = true;
          copying?.close();
          controller.close();
        } catch (error) {
          giveUp(error);
          controller.error(error);
        }
      },
      cancel(reason) {
        giveUp(reason);
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  return { shown, copy, read: () => bytes, isWhole: () => isWhole };
}

type Limits = Record<'keptAnswerBytes' | 'keptAheadBytes', number>;
