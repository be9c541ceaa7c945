import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CloseCode, type WingmanError } from '@wingman/protocol';
import { once } from 'node:events';
import { SERVER_LIMITS } from '../src/limits.js';
import { DialBackPool, ReadySocket } from '../src/relay/dial-back-pool.js';
import { ENDINGS } from '../src/sessions/session.js';
import { FakeClock } from './support/fake-clock.js';
import { closePairs, openPair, type SocketPair } from './support/socket-pair.js';

let clock: FakeClock;
let requests: number;
let isHostThere: boolean;

beforeEach(() => {
  clock = new FakeClock();
  requests = 0;
  isHostThere = true;
});

afterEach(closePairs);

function createPool(options: { spare?: number; maxWaiting?: number } = {}): DialBackPool {
  const request = (): boolean => {
    if (isHostThere) requests += 1;
    return isHostThere;
  };
  return new DialBackPool({ clock, spare: 0, maxWaiting: 4, ...options, request });
}

/** A host has dialled: its end, and the server's. */
async function dialled(): Promise<{ pair: SocketPair; ready: ReadySocket }> {
  const pair = await openPair();
  return { pair, ready: new ReadySocket(pair.server) };
}

const codeOf = (taking: Promise<unknown>): Promise<unknown> =>
  taking.then(
    () => 'taken',
    (error: WingmanError) => error.code,
  );

describe('a taker', () => {
  test('gets what the host dials for it', async () => {
    const pool = createPool();
    const taking = pool.take();
    expect(requests).toBe(1);
    const { ready } = await dialled();
    pool.offer(ready);
    expect(await taking).toBe(ready);
    expect(clock.pending).toEqual([]);
  });

  test('is served in turn', async () => {
    const pool = createPool();
    const order: string[] = [];
    const taking = [
      pool.take().then(() => order.push('first')),
      pool.take().then(() => order.push('second')),
    ];
    expect(requests).toBe(2);
    pool.offer((await dialled()).ready);
    pool.offer((await dialled()).ready);
    await Promise.all(taking);
    expect(order).toEqual(['first', 'second']);
  });

  test('gets a spare one at once, and another is asked for', async () => {
    const pool = createPool({ spare: 1 });
    pool.hostOnline();
    expect(requests).toBe(1);
    const { ready } = await dialled();
    pool.offer(ready);
    expect(await pool.take()).toBe(ready);
    expect(requests).toBe(2);
  });

  test('is told when the host does not dial in time', async () => {
    const taking = codeOf(createPool().take());
    clock.advance(SERVER_LIMITS.dialBackMs);
    expect(await taking).toBe('TIMEOUT');
  });

  test('is told when the host goes', async () => {
    const pool = createPool();
    const taking = codeOf(pool.take());
    pool.hostOffline(false);
    expect(await taking).toBe('HOST_OFFLINE');
    expect(clock.pending).toEqual([]);
  });

  test('is told when the session ends', async () => {
    const pool = createPool();
    const taking = codeOf(pool.take());
    pool.ended(ENDINGS.expired);
    expect(await taking).toBe('SESSION_ENDED');
  });

  test('is refused when too many wait', async () => {
    const pool = createPool({ maxWaiting: 2 });
    const waiting = [pool.take(), pool.take()].map(codeOf);
    expect(await codeOf(pool.take())).toBe('LIMIT_EXCEEDED');
    pool.hostOffline(false);
    expect(await Promise.all(waiting)).toEqual(['HOST_OFFLINE', 'HOST_OFFLINE']);
  });

  test('may leave, and what the host then dials is for the next', async () => {
    const pool = createPool({ maxWaiting: 1 });
    const left = new AbortController();
    const leaving = codeOf(pool.take(left.signal));
    left.abort();
    expect(await leaving).toBe('CANCELLED');
    const { ready } = await dialled();
    pool.offer(ready);
    expect(await pool.take()).toBe(ready);
    expect(requests).toBe(1);
  });

  test('that has left before it asked costs nothing', async () => {
    expect(await codeOf(createPool().take(AbortSignal.abort()))).toBe('CANCELLED');
    expect(requests).toBe(0);
  });

  test('of a session without a host is asked for again when there is one', async () => {
    isHostThere = false;
    const pool = createPool();
    const taking = codeOf(pool.take());
    isHostThere = true;
    pool.hostOnline();
    expect(requests).toBe(1);
    pool.offer((await dialled()).ready);
    expect(await taking).toBe('taken');
  });
});

describe('what is kept ready', () => {
  test('has a cap: a host that dials unasked gets no further', async () => {
    const pool = createPool();
    for (let count = 0; count < SERVER_LIMITS.readySockets; count += 1) {
      pool.offer((await dialled()).ready);
    }
    const { pair, ready } = await dialled();
    pool.offer(ready);
    const [code] = (await once(pair.client, 'close')) as [number];
    expect(code).toBe(CloseCode.GOING_AWAY);
  });

  test('is one of those that come late: nothing stays of a host that stood still but its spare', async () => {
    const pool = createPool({ spare: 1 });
    pool.hostOnline();
    const gaveUp = [pool.take(), pool.take()].map(codeOf);
    clock.advance(SERVER_LIMITS.dialBackMs);
    expect(await Promise.all(gaveUp)).toEqual(['TIMEOUT', 'TIMEOUT']);
    const [kept, ...surplus] = [await dialled(), await dialled(), await dialled()];
    for (const { ready } of [kept, ...surplus]) pool.offer(ready);
    await Promise.all(surplus.map(({ pair }) => once(pair.client, 'close')));
    expect(await pool.take()).toBe(kept.ready);
  });

  test('is dropped when the host registers anew', async () => {
    const pool = createPool();
    const { pair, ready } = await dialled();
    pool.offer(ready);
    pool.hostOnline();
    const [code] = (await once(pair.client, 'close')) as [number];
    expect(code).toBe(CloseCode.REPLACED);
  });

  test('is closed with the session', async () => {
    const pool = createPool();
    const { pair, ready } = await dialled();
    pool.offer(ready);
    pool.ended(ENDINGS.stopped);
    const [code] = (await once(pair.client, 'close')) as [number];
    expect(code).toBe(CloseCode.SESSION_ENDED);
  });

  test('is replaced when it breaks, but not at once', async () => {
    const pool = createPool({ spare: 1 });
    pool.hostOnline();
    const { pair, ready } = await dialled();
    pool.offer(ready);
    pair.client.terminate();
    await once(pair.server, 'close');
    expect(requests).toBe(1);
    clock.advance(1_000);
    expect(requests).toBe(2);
  });

  test('is not handed out once it has closed', async () => {
    const pool = createPool();
    const { pair, ready } = await dialled();
    pool.offer(ready);
    pair.client.terminate();
    await once(pair.server, 'close');
    const taking = codeOf(pool.take());
    expect(requests).toBe(1);
    pool.hostOffline(false);
    expect(await taking).toBe('HOST_OFFLINE');
  });

  test('a request that was never answered is written off and made again', async () => {
    const pool = createPool({ spare: 1 });
    pool.hostOnline();
    clock.advance(SERVER_LIMITS.dialBackMs);
    const taking = codeOf(pool.take());
    expect(requests).toBe(3);
    pool.hostOffline(false);
    await taking;
  });
});

describe('a ready socket', () => {
  test('keeps what the host says until it is claimed', async () => {
    const { pair, ready } = await dialled();
    pair.client.send(Uint8Array.of(1));
    await once(pair.server, 'message');
    pair.client.send(Uint8Array.of(2));
    await once(pair.server, 'message');
    expect(ready.claim().map(([first]) => first)).toEqual([1, 2]);
    pair.client.send(Uint8Array.of(3));
    await once(pair.server, 'message');
    expect(ready.claim()).toHaveLength(2);
  });

  test.each([
    ['too many messages', SERVER_LIMITS.earlyMessages + 1, 1],
    ['too many bytes', 2, SERVER_LIMITS.earlyBytes / 2 + 1],
  ])('is closed for %s', async (_what, count, size) => {
    const { pair } = await dialled();
    for (let sent = 0; sent < count; sent += 1) pair.client.send(new Uint8Array(size));
    const [code] = (await once(pair.client, 'close')) as [number];
    expect(code).toBe(CloseCode.PROTOCOL);
  });

  test('is closed for text', async () => {
    const { pair } = await dialled();
    pair.client.send('text');
    const [code] = (await once(pair.client, 'close')) as [number];
    expect(code).toBe(CloseCode.PROTOCOL);
  });
});
