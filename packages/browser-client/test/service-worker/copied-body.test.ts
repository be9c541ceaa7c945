import { describe, expect, test } from '@jest/globals';
import { copiedBody } from '../../src/service-worker/copied-body.js';

const LIMITS = { keptAnswerBytes: 8, keptAheadBytes: 4 };

/** A body of these chunks, which may break off at its end, and how much of it was asked for. */
function source(chunks: readonly string[], end: 'whole' | 'broken' = 'whole') {
  const state = { pulled: 0, cancelled: false };
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const chunk = chunks[state.pulled++];
        if (chunk !== undefined) return controller.enqueue(Buffer.from(chunk));
        if (end === 'broken') controller.error(new Error('broken'));
        else controller.close();
      },
      cancel: () => void (state.cancelled = true),
    },
    { highWaterMark: 0 },
  );
  return { body, state };
}

function text(body: ReadableStream<Uint8Array>): Promise<string> {
  return new Response(body).text();
}

describe('a copied body', () => {
  test('comes whole to both readers', async () => {
    const { shown, copy, read, isWhole } = copiedBody(source(['ab', 'cd', 'e']).body, LIMITS);
    expect(isWhole()).toBe(false);
    expect(await Promise.all([text(shown), text(copy)])).toEqual(['abcde', 'abcde']);
    expect([read(), isWhole()]).toEqual([5, true]);
  });

  test('comes as fast as the page takes it, and no faster', async () => {
    const { body, state } = source(['ab', 'cd', 'ef']);
    const { shown, copy } = copiedBody(body, LIMITS);
    const copied = copy.getReader();
    const first = copied.read();
    const reader = shown.getReader();
    await reader.read();
    expect(Buffer.from((await first).value ?? []).toString()).toBe('ab');
    expect(state.pulled).toBe(1);
    await reader.cancel();
    await expect(copied.read()).rejects.toBeUndefined();
    expect(state.cancelled).toBe(true);
  });

  test('that breaks off fails for both', async () => {
    const { shown, copy, isWhole } = copiedBody(source(['ab'], 'broken').body, LIMITS);
    const both = await Promise.allSettled([text(shown), text(copy)]);
    expect(isWhole()).toBe(false);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  test.each([
    ['is too large', ['abcd', 'efgh', 'i'], true],
    ['comes too fast for the disk', ['abc', 'def'], false],
  ])('that %s is the page’s alone', async (_, chunks, isRead) => {
    const { shown, copy } = copiedBody(source(chunks).body, LIMITS);
    const copied = isRead ? text(copy) : undefined;
    copied?.catch(() => undefined);
    expect(await text(shown)).toBe(chunks.join(''));
    await expect(copied ?? text(copy)).rejects.toThrow('too much to keep');
  });

  test('goes on for the page when nobody wants the copy', async () => {
    const { shown, copy } = copiedBody(source(['abcd', 'efgh']).body, LIMITS);
    await copy.cancel();
    expect(await text(shown)).toBe('abcdefgh');
  });
});
