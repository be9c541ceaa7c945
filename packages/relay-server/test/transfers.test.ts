import { expect, test } from '@jest/globals';
import { transferText } from '../src/cli/terminal-reporter.js';
import { HOST_LIMITS } from '../src/limits.js';
import { Transfers, type Transfer, type TransferProgress } from '../src/proxy/transfers.js';

const MIB = 1024 * 1024;
const LONG = { direction: 'download', method: 'GET', target: '/big' } as const;

/** A watcher with a clock that a body's chunks move on. */
function watcher() {
  let now = 0;
  const told: TransferProgress[] = [];
  const clock = { now: () => now, setTimeout: () => ({ cancel: () => undefined }) };
  const transfers = new Transfers('viewer', (progress) => told.push(progress), clock);
  async function* body(chunks: number, end: () => void = () => undefined) {
    for (let i = 0; i < chunks; i++) {
      now += 100;
      yield await Promise.resolve(new Uint8Array(MIB));
    }
    end();
  }
  const watch = async (chunks: number, transfer: Transfer, end?: () => void): Promise<number> => {
    let bytes = 0;
    for await (const chunk of transfers.watch(body(chunks, end), transfer))
      bytes += chunk.byteLength;
    return bytes;
  };
  return { told, watch, transfers, body };
}

test('a long body is told of ever more rarely, and once at its end', async () => {
  const { told, watch } = watcher();
  const headers = [{ name: 'content-length', value: String(100 * MIB) }];
  expect(await watch(100, { ...LONG, headers })).toBe(100 * MIB);
  expect(told.map(({ bytes, state }) => [bytes / MIB, state])).toEqual([
    [10, 'running'],
    [30, 'running'],
    [70, 'running'],
    [100, 'done'],
  ]);
  expect(told[0]).toEqual({
    ...LONG,
    viewer: 'viewer',
    bytes: 10 * MIB,
    total: 100 * MIB,
    bytesPerSecond: 10 * MIB,
    state: 'running',
  });
});

test('a short body is not worth a word', async () => {
  const { told, watch } = watcher();
  await watch(HOST_LIMITS.transferBytes / MIB - 1, { ...LONG, headers: [] });
  expect(told).toEqual([]);
});

test('one that fails, or that nobody wants any more, is broken off', async () => {
  const { told, watch, transfers, body } = watcher();
  const fail = (): never => {
    throw new Error('the app died');
  };
  await expect(watch(9, { ...LONG, headers: [] }, fail)).rejects.toThrow('the app died');
  let chunks = 0;
  for await (const chunk of transfers.watch(body(100), { ...LONG, headers: [] })) {
    chunks += chunk.byteLength / MIB;
    if (chunks === 9) break;
  }
  expect(told.map(({ total, state }) => [total, state])).toEqual([
    [null, 'broken-off'],
    [null, 'broken-off'],
  ]);
});

test('a reader that leaves with the last byte has read it all', async () => {
  const { told, transfers, body } = watcher();
  const headers = [{ name: 'content-length', value: String(9 * MIB) }];
  const reader = transfers.watch(body(9), { ...LONG, headers })[Symbol.asyncIterator]();
  for (let chunks = 0; chunks < 9; chunks++) await reader.next();
  await reader.return?.();
  expect(told).toMatchObject([{ state: 'done', bytes: 9 * MIB }]);
});

test('a person reads how far it is', () => {
  const progress: TransferProgress = {
    viewer: 'abcdef',
    direction: 'upload',
    method: 'POST',
    target: '/files',
    bytes: 256 * MIB,
    total: 1024 * MIB,
    bytesPerSecond: 92.4 * MIB,
    state: 'running',
  };
  expect(transferText(progress, 'abcdef')).toBe(
    '↑ viewer abcdef POST /files: 256 MiB of 1.0 GiB (25 %), 92 MiB/s',
  );
  expect(transferText({ ...progress, total: null }, undefined)).toBe(
    '↑ plain HTTP POST /files: 256 MiB, 92 MiB/s',
  );
  expect(transferText({ ...progress, state: 'broken-off' }, 'abcdef')).toContain(
    'broken off after 256 MiB',
  );
  const done = { ...progress, direction: 'download', state: 'done', target: `/${'x'.repeat(60)}` };
  expect(transferText(done as TransferProgress, 'abcdef')).toBe(
    `↓ viewer abcdef POST /${'x'.repeat(38)}…: 256 MiB done, 92 MiB/s`,
  );
});
