import { describe, expect, test } from '@jest/globals';
import type { LenientSocket } from '../src/local/lenient-socket.js';
import { Loopback } from '../src/local/loopback.js';

const refuses = (code: string): Promise<never> =>
  Promise.reject(Object.assign(new Error(code), { code }));

function dialed(answer: (address: string) => Promise<LenientSocket>) {
  const addresses: string[] = [];
  const loopback = new Loopback(3000, (address, port) => {
    addresses.push(`${address} ${port}`);
    return answer(address);
  });
  return { addresses, loopback };
}

const socket = { destroy: () => undefined } as unknown as LenientSocket;

describe('dialling', () => {
  test('127.0.0.1 first, and only it when it answers', async () => {
    const { addresses, loopback } = dialed(() => Promise.resolve(socket));
    await loopback.connect();
    expect(addresses).toEqual(['127.0.0.1 3000']);
  });

  test('::1 when that refuses, and first the next time', async () => {
    const { addresses, loopback } = dialed((address) =>
      address === '::1' ? Promise.resolve(socket) : refuses('ECONNREFUSED'),
    );
    await loopback.connect();
    await loopback.connect();
    expect(addresses).toEqual(['127.0.0.1 3000', '::1 3000', '::1 3000']);
  });

  test('nothing else when both refuse', async () => {
    const { addresses, loopback } = dialed(() => refuses('ECONNREFUSED'));
    await expect(loopback.connect()).rejects.toMatchObject({ code: 'LOCAL_PORT_REFUSED' });
    expect(await loopback.answers()).toBe(false);
    expect(new Set(addresses)).toEqual(new Set(['127.0.0.1 3000', '::1 3000']));
  });

  test('a port that does not answer is not asked twice', async () => {
    const { addresses, loopback } = dialed(() => refuses('ETIMEDOUT'));
    await expect(loopback.connect()).rejects.toThrow('does not answer');
    expect(addresses).toHaveLength(1);
  });
});

test('the authority is what a browser would write', () => {
  expect(new Loopback(3000).authority).toBe('localhost:3000');
  expect(new Loopback(80).authority).toBe('localhost');
});
