import { describe, expect, test } from '@jest/globals';
import { create, RequestHead, TransferCoding } from '@wingman/protocol';
import type { FetchHead } from '../../src/shared/exchange-messages.js';
import { toReplyHead, toRequestHead, toWebSocketOpen } from '../../src/worker/messages.js';
import { PrefixMark } from '../../src/worker/serve-fetch.js';
import { head } from '../support/linked-host.js';

const HEAD: FetchHead = {
  ...{ method: 'GET', target: '/a?b', destination: 'image', mode: 'no-cors' },
  headers: [['X-Own', '1']],
  hasBody: false,
  hasCredentials: true,
};

describe('heads between ports and the protocol', () => {
  test('of requests have lower-case names, and cookies last', () => {
    const expected = create(RequestHead, {
      ...{ method: 'GET', target: '/a?b', destination: 'image', mode: 'no-cors', hasBody: false },
      headers: [
        { name: 'x-own', value: '1' },
        { name: 'cookie', value: 'a=1' },
      ],
      port: 0,
      transferCodings: [TransferCoding.GZIP],
    });
    expect(toRequestHead(HEAD, [['Cookie', 'a=1']])).toEqual(expected);
  });

  test('name a port where it is another than the app’s', () => {
    expect(toRequestHead({ ...HEAD, port: 8080 }).port).toBe(8080);
    const socket = { target: '/s', protocols: ['p'], headers: [], hasCredentials: true };
    expect(toWebSocketOpen(socket)).toMatchObject({ target: '/s', protocols: ['p'], port: 0 });
    expect(toWebSocketOpen({ ...socket, port: 9000 }).port).toBe(9000);
  });

  test('of answers keep order and repetitions, but for cookies', () => {
    const reply = toReplyHead(
      head(201, [
        ['x-a', '1'],
        ['set-cookie', 'a=1'],
        ['x-a', '2'],
      ]),
    );
    expect(reply).toMatchObject({
      status: 201,
      headers: [
        ['x-a', '1'],
        ['x-a', '2'],
      ],
    });
  });
});

describe('the mark of a body’s beginning', () => {
  const markOf = (limit: number, ...chunks: number[][]): PrefixMark => {
    const mark = new PrefixMark(limit);
    for (const chunk of chunks) mark.add(Uint8Array.from(chunk));
    return mark;
  };

  test('is the same however the bytes were cut', () => {
    expect(markOf(10, [1, 2, 3]).equals(markOf(10, [1], [], [2, 3]))).toBe(true);
  });

  test.each([
    ['other bytes', [[1, 2, 4]]],
    ['another order', [[1, 3, 2]]],
    ['fewer bytes', [[1, 2]]],
    ['zeros behind', [[1, 2, 3, 0]]],
  ])('tells %s apart', (_, chunks) => {
    expect(markOf(10, [1, 2, 3]).equals(markOf(10, ...chunks))).toBe(false);
  });

  test('takes no more than its limit into account', () => {
    const mark = markOf(3, [1, 2], [3, 4], [5]);
    expect([mark.bytes, mark.equals(markOf(10, [1, 2, 3]))]).toEqual([3, true]);
  });
});
