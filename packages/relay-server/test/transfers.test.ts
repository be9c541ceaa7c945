import { expect, test } from '@jest/globals';
import {
  create,
  ExchangeObservers,
  headersFromRaw,
  ResponseHead,
  type ExchangePath,
  type Observation,
} from '@wingman/protocol';
import { transferText } from '../src/cli/terminal-reporter.js';
import { transferLog, type TransferProgress } from '../src/exchange/transfers.js';
import { HOST_LIMITS } from '../src/limits.js';
import { requestHead } from './support/tunnel.js';

const MIB = 1024 * 1024;

/** A log with a clock that a body's chunks move on. */
function log() {
  let now = 0;
  const told: TransferProgress[] = [];
  const clock = { now: () => now, setTimeout: () => ({ cancel: () => undefined }) };
  const observers = new ExchangeObservers(undefined, clock);
  observers.add(transferLog((progress) => told.push(progress), clock));
  const exchange = (
    headers: string[],
    path: ExchangePath = 'relay',
    target = '/big',
  ): Observation => {
    const asked = requestHead({ target, headers });
    return observers.begin({ kind: 'http', link: 'viewer', asked, path: () => path });
  };
  async function* body(chunks: number, end: () => void = () => undefined) {
    for (let i = 0; i < chunks; i++) {
      now += 100;
      yield await Promise.resolve(new Uint8Array(MIB));
    }
    end();
  }
  return { told, exchange, body };
}

async function read(body: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const chunk of body) bytes += chunk.byteLength;
  return bytes;
}

const lengthOf = (mib: number): string[] => ['content-length', String(mib * MIB)];
const head = (headers: string[]): ResponseHead =>
  create(ResponseHead, { status: 200, headers: headersFromRaw(headers) });

test('a long body is told of ever more rarely, and once at its end', async () => {
  const { told, exchange, body } = log();
  const observed = exchange([]);
  observed.head(head(lengthOf(100)));
  expect(await read(observed.watchBody('download', body(100)))).toBe(100 * MIB);
  expect(told.map(({ bytes, state }) => [bytes / MIB, state])).toEqual([
    [11, 'running'],
    [31, 'running'],
    [71, 'running'],
    [100, 'done'],
  ]);
  expect(told[0]).toEqual({
    direction: 'download',
    method: 'GET',
    target: '/big',
    id: 'viewer-1',
    viewer: 'viewer',
    bytes: 11 * MIB,
    total: 100 * MIB,
    bytesPerSecond: 11 * MIB,
    state: 'running',
  });
});

test('a signed URL is told of without its signature', async () => {
  const { told, exchange, body } = log();
  const observed = exchange(lengthOf(9), 'ingress', '/hooks?a=1&wingman-pass=secret');
  await read(observed.watchBody('upload', body(9)));
  expect(told.map(({ target }) => target)).toEqual(['/hooks?a=1']);
});

test('an upload is told of by the length that its request names, and by no viewer at the ingress', async () => {
  const { told, exchange, body } = log();
  await read(exchange(lengthOf(9), 'ingress').watchBody('upload', body(9)));
  expect(told).toMatchObject([
    { direction: 'upload', total: 9 * MIB, state: 'done', viewer: undefined },
  ]);
});

test('a short body is not worth a word', async () => {
  const { told, exchange, body } = log();
  await read(exchange([]).watchBody('download', body(HOST_LIMITS.transferBytes / MIB - 1)));
  expect(told).toEqual([]);
});

test('one that fails, or that nobody wants any more, is broken off', async () => {
  const { told, exchange, body } = log();
  const fail = (): never => {
    throw new Error('the app died');
  };
  const failing = exchange([]).watchBody('download', body(9, fail));
  await expect(read(failing)).rejects.toThrow('the app died');
  let chunks = 0;
  for await (const chunk of exchange([]).watchBody('download', body(100))) {
    chunks += chunk.byteLength / MIB;
    if (chunks === 9) break;
  }
  expect(told.map(({ total, state }) => [total, state])).toEqual([
    [null, 'broken-off'],
    [null, 'broken-off'],
  ]);
});

test('a reader that leaves with the last byte has read it all', async () => {
  const { told, exchange, body } = log();
  const observed = exchange([]);
  observed.head(head(lengthOf(9)));
  const reader = observed.watchBody('download', body(9))[Symbol.asyncIterator]();
  for (let chunks = 0; chunks < 9; chunks++) await reader.next();
  await reader.return?.();
  expect(told).toMatchObject([{ state: 'done', bytes: 9 * MIB }]);
});

test('a person reads how far it is', () => {
  const progress: TransferProgress = {
    id: 'abcdef-7',
    viewer: 'abcdef',
    direction: 'upload',
    method: 'POST',
    target: '/files',
    bytes: 256 * MIB,
    total: 1024 * MIB,
    bytesPerSecond: 92.4 * MIB,
    state: 'running',
  };
  expect(transferText(progress, 'viewer abcdef')).toBe(
    '↑ viewer abcdef POST /files: 256 MiB of 1.0 GiB (25 %), 92 MiB/s',
  );
  expect(transferText({ ...progress, total: null }, 'plain HTTP')).toBe(
    '↑ plain HTTP POST /files: 256 MiB, 92 MiB/s',
  );
  expect(transferText({ ...progress, state: 'broken-off' }, 'viewer abcdef')).toContain(
    'broken off after 256 MiB',
  );
  const done = { ...progress, direction: 'download', state: 'done', target: `/${'x'.repeat(60)}` };
  expect(transferText(done as TransferProgress, 'viewer abcdef')).toBe(
    `↓ viewer abcdef POST /${'x'.repeat(38)}…: 256 MiB done, 92 MiB/s`,
  );
});
