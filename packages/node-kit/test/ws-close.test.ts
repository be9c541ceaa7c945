import { afterEach, describe, expect, test } from '@jest/globals';
import { ABNORMAL_CLOSURE, CloseCode, NO_STATUS } from '@wingman/protocol';
import { once } from 'node:events';
import { closeLike, isSendableCode, relayedCode, type Close } from '../src/ws-close.js';
import { closePairs, openPair } from './support/socket-pair.js';

afterEach(closePairs);

describe('close codes (RFC 6455 section 7.4)', () => {
  test.each([1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4000, 4999])(
    '%d may be sent',
    (code) => expect(isSendableCode(code)).toBe(true),
  );

  test.each([0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535])(
    '%d may not be sent',
    (code) => expect(isSendableCode(code)).toBe(false),
  );

  test('a code is passed on, but one that stands for none', () => {
    expect([1000, 1011, 4006].map(relayedCode)).toEqual([1000, 1011, 4006]);
    for (const absent of [1004, NO_STATUS, ABNORMAL_CLOSURE, 1015]) {
      expect(relayedCode(absent)).toBe(CloseCode.GOING_AWAY);
    }
  });

  test('what is passed on may always be sent', () => {
    for (let code = 1000; code <= 1015; code += 1) {
      expect([code, isSendableCode(relayedCode(code))]).toEqual([code, true]);
    }
  });
});

describe('closeLike', () => {
  /** What the peer sees of a close. */
  async function seenOf(close: Close): Promise<unknown[]> {
    const { client, server } = await openPair();
    const closed = once(client, 'close') as Promise<[number, Buffer]>;
    closeLike(server, close);
    const [code, reason] = await closed;
    return [code, reason.toString()];
  }

  test('passes code and reason on', async () => {
    expect(await seenOf({ code: 4321, reason: 'bye' })).toEqual([4321, 'bye']);
  });

  test('closes without a status as the other end did', async () => {
    expect(await seenOf({ code: NO_STATUS, reason: '' })).toEqual([NO_STATUS, '']);
  });

  test('an abnormal closure is one here too', async () => {
    expect(await seenOf({ code: ABNORMAL_CLOSURE, reason: '' })).toEqual([ABNORMAL_CLOSURE, '']);
  });

  test.each([
    { code: 1004, reason: '' },
    { code: 12, reason: '' },
    { code: 70_000, reason: '' },
    { code: 4000, reason: 'é'.repeat(62) },
  ])('what must not be sent ends the socket: %j', async (close) => {
    expect(await seenOf(close)).toEqual([ABNORMAL_CLOSURE, '']);
  });

  test('the longest reason is passed on', async () => {
    const reason = 'x'.repeat(123);
    expect(await seenOf({ code: 4000, reason })).toEqual([4000, reason]);
  });

  test('reads on from a paused socket, or its close would never end', async () => {
    const { client, server } = await openPair();
    server.pause();
    const closed = [server, client].map((end) => once(end, 'close'));
    closeLike(server, { code: 1000, reason: '' });
    await Promise.all(closed);
    expect(client.readyState).toBe(client.CLOSED);
  });
});
