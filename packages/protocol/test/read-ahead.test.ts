import { setImmediate as turn } from 'node:timers/promises';
import { expect, jest, test } from '@jest/globals';
import { readAhead } from '../src/ports/read-ahead.js';

const BOUNDS = { maxBytes: 4, waitMs: 1_000 };

/** A body of these pieces, which then fails where that is asked for. */
async function* body(pieces: string[], failure?: Error): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield await Promise.resolve(Buffer.from(piece));
  if (failure !== undefined) throw failure;
}

async function textOf(source: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts).toString();
}

test('a small body is read whole', async () => {
  const { isWhole, start } = await readAhead(body(['ab', 'c']), BOUNDS);
  expect({ isWhole, text: Buffer.concat(start).toString() }).toEqual({
    isWhole: true,
    text: 'abc',
  });
});

test('a larger one is there from its beginning', async () => {
  const ahead = await readAhead(body(['abc', 'def', 'ghi']), BOUNDS);
  expect(ahead.isWhole).toBe(false);
  expect(await textOf(ahead.body)).toBe('abcdefghi');
});

test('a failure behind what was read waits for the reader', async () => {
  const ahead = await readAhead(body(['abc', 'def'], new Error('broken off')), BOUNDS);
  // A rejection that nobody has heard by now would fail the process.
  await turn();
  await expect(textOf(ahead.body)).rejects.toThrow('broken off');
});

test('a body whose sender is silent is let go at once', async () => {
  const left = jest.fn(() => Promise.resolve({ done: true as const, value: undefined }));
  const silent = { next: () => new Promise<never>(() => undefined), return: left };
  const ahead = await readAhead({ [Symbol.asyncIterator]: () => silent }, { ...BOUNDS, waitMs: 1 });
  const reader = ahead.body[Symbol.asyncIterator]();
  void reader.next();
  await reader.return?.();
  expect([ahead.isWhole, left.mock.calls.length]).toEqual([false, 1]);
});
