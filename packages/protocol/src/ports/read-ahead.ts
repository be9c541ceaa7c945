/** A body of which something has been read ahead. */
interface ReadAhead {
  /** What was read; all of it when `isWhole`. */
  start: Uint8Array[];
  isWhole: boolean;
  /** The body from its beginning. */
  body: AsyncIterable<Uint8Array>;
}

/** Reads a body until it ends, is larger than `maxBytes`, or has taken `waitMs`. A failure is left to its reader. */
export async function readAhead(
  body: AsyncIterable<Uint8Array>,
  { maxBytes, waitMs }: { maxBytes: number; waitMs: number },
): Promise<ReadAhead> {
  const source = body[Symbol.asyncIterator]();
  const start: Uint8Array[] = [];
  let isWhole = false;
  let bytes = 0;
  let next = source.next();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), waitMs);
  });
  while (bytes <= maxBytes) {
    const result = await Promise.race([next, late]).catch(() => undefined);
    isWhole = result?.done === true;
    if (result === undefined || result.done === true) break;
    start.push(result.value);
    bytes += result.value.byteLength;
    next = source.next();
    // Nobody may be waiting for this one when it fails; `rejoin` tells of the failure.
    next.catch(() => undefined);
  }
  clearTimeout(timer);
  return { start, isWhole, body: rejoin(start, next, source) };
}

/**
 * A body from its beginning: the pieces that were read, the one that was asked for, and the rest of its source. It is no
 * generator, which would keep a `return` back until a `next` under way has ended.
 */
export function rejoin(
  start: readonly Uint8Array[],
  next: Promise<IteratorResult<Uint8Array>>,
  source: AsyncIterator<Uint8Array>,
): AsyncIterable<Uint8Array> {
  const left = start.map((value) => Promise.resolve({ done: false as const, value }));
  const ahead: Promise<IteratorResult<Uint8Array>>[] = [...left, next];
  const iterator: AsyncIterator<Uint8Array> = {
    next: () => ahead.shift() ?? source.next(),
    return: async () => {
      await source.return?.();
      return { done: true, value: undefined };
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}
