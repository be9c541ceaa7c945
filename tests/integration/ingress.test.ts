import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LIMITS } from '@wingman/protocol';
import { WebSocket } from 'ws';
import { get, type Answer } from '../support/http.js';
import { patternHash, startFixtureApp, type FixtureApp } from '../support/fixture-app.js';
import { peakBytes, resetPeak, residentBytes } from '../support/memory.js';
import { CLI, eventually, Share, startServer, within, type Program } from '../support/processes.js';

const run = promisify(execFile);
const MIB = 1024 * 1024;
const SIZE = 100 * MIB;

let app: FixtureApp;
let server: { program: Program; url: string };
let share: Share;
let scratch: string;

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'wingman-ingress-'));
  app = await startFixtureApp();
  server = await startServer();
  share = await Share.start(app.port, ['--server', server.url]);
});

afterAll(async () => {
  await share.stop();
  await server.program.stop();
  await app.close();
  rmSync(scratch, { recursive: true, force: true });
});

/** curl with the token that wingman prints; names below localhost resolve to this machine. */
const curl = (...args: string[]): Promise<string> => curlUntil(undefined, ...args);

/** The same, until it is killed. */
async function curlUntil(signal: AbortSignal | undefined, ...args: string[]): Promise<string> {
  const { host } = new URL(share.origin);
  const authorization = `authorization: ${share.bearer.authorization}`;
  const { stdout } = await run(
    'curl',
    ['-sS', '--max-time', '60', '--resolve', `${host}:127.0.0.1`, '-H', authorization, ...args],
    { maxBuffer: 4 * MIB, ...(signal === undefined ? {} : { signal }) },
  );
  return stdout;
}

describe('curl on the session URL', () => {
  test('GET reaches the app', async () => {
    expect(await curl(`${share.origin}/`)).toContain('plain app page');
  });

  test('POST keeps body and type', async () => {
    const answer = await curl(
      '-i',
      '-H',
      'content-type: text/x-test',
      '-d',
      'ping pong',
      `${share.origin}/echo`,
    );
    expect(answer).toMatch(/content-type: text\/x-test/i);
    expect(answer.endsWith('ping pong')).toBe(true);
  });

  test('the app sees localhost as its host', async () => {
    const headers = JSON.parse(await curl(`${share.origin}/headers`)) as Record<string, string>;
    expect(headers['host']).toBe(`localhost:${app.port}`);
    expect(headers['x-forwarded-host']).toBe(new URL(share.origin).host);
  });

  test('100 MiB up and 100 MiB down arrive whole, in memory that does not grow with them', async () => {
    const file = join(scratch, 'upload');
    const hash = await randomFile(file, SIZE);
    const transfer = async (): Promise<void> => {
      expect(await curl('-T', file, '-X', 'POST', `${share.origin}/hash`)).toBe(hash);
      const download = join(scratch, 'download');
      await curl('-o', download, `${share.origin}/bytes?n=${SIZE}`);
      expect(await fileHash(download)).toBe(patternHash(SIZE));
    };
    // The first transfer brings code, buffers and V8's heap to the size at which they stay.
    await transfer();
    const pids = [share.pid, server.program.pid];
    const before = pids.map(residentBytes);
    pids.forEach(resetPeak);
    await transfer();
    const windows = LIMITS.streamWindowBytes + LIMITS.retransmitBytes;
    for (const [index, pid] of pids.entries()) {
      expect(peakBytes(pid) - (before[index] ?? 0)).toBeLessThan(windows + 32 * MIB);
    }
  }, 240_000);

  test('a client that goes away leaves no request at the app', async () => {
    const before = app.openSockets();
    const endless = (): number => app.requests.filter((line) => line === 'GET /endless').length;
    const seen = endless();
    const leave = new AbortController();
    const clients = Array.from({ length: 20 }, () =>
      expect(curlUntil(leave.signal, `${share.origin}/endless`)).rejects.toThrow(),
    );
    await eventually('all have reached the app', () => endless() - seen === 20);
    leave.abort();
    await Promise.all(clients);
    expect(endless() - seen).toBe(20);
    await eventually('the sockets to the app are closed', () => app.openSockets() <= before);
  });

  test('a WebSocket without a service worker goes through the ingress', async () => {
    const { host, port } = new URL(share.origin);
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, {
      headers: { host, ...share.bearer },
    });
    await within(
      20_000,
      'open',
      new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject)),
    );
    const echo = new Promise<string>((resolve) =>
      socket.once('message', (data: Buffer) => resolve(data.toString())),
    );
    socket.send('through the ingress');
    expect(await within(20_000, 'echo', echo)).toBe('through the ingress');
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    socket.close(1000);
    expect(await within(20_000, 'close', closed)).toBe(1000);
  });
});

describe('a URL signed for a webhook', () => {
  /** What `wingman url` prints for a path. */
  async function sign(...args: string[]): Promise<string> {
    const { stdout } = await run(process.execPath, [CLI, 'url', share.ready.url, ...args]);
    return stdout.trim();
  }

  async function post(url: string): Promise<Answer> {
    const { pathname, search } = new URL(url);
    return get(share.origin, pathname + search);
  }

  test('opens its path, and the app sees no signature', async () => {
    const before = app.requests.length;
    const url = await sign('--for', 'webhook', '--expires', '1d', '--path', '/headers');
    expect(url.startsWith(`${share.origin}/headers?`)).toBe(true);
    const { status } = await post(url);
    expect([status, app.requests.slice(before)]).toEqual([200, ['GET /headers']]);
  });

  test('opens no other path', async () => {
    const url = await sign('--path', '/headers');
    expect((await post(url.replace('/headers?', '/?'))).status).toBe(401);
    expect((await post(url.replace('/headers?', '/headers/../?'))).status).toBe(401);
  });

  test('needs the link as a whole', async () => {
    await expect(run(process.execPath, [CLI, 'url', share.origin])).rejects.toMatchObject({
      code: 2,
    });
  });
});

async function randomFile(path: string, size: number): Promise<string> {
  const hash = createHash('sha256');
  const file = createWriteStream(path);
  const block = randomBytes(MIB);
  for (let left = size; left > 0; left -= MIB) {
    hash.update(block);
    if (!file.write(block))
      await new Promise<void>((resolve) => file.once('drain', () => resolve()));
  }
  await new Promise<void>((resolve) => file.end(() => resolve()));
  return hash.digest('hex');
}

async function fileHash(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
