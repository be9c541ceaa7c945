import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen, stop } from './listening.js';

const CHUNK = Buffer.alloc(64 * 1024, 'wingman ');

/** The first transfer brings code, buffers and heaps to the size at which they stay. */
const WARM_UP_BYTES = 64 * 1024 * 1024;

/** What the page says of a transfer. */
export interface Report {
  what: 'warm-up' | 'download' | 'upload' | 'failure';
  /** Bytes downloaded, the hash of what the app received, or what went wrong. */
  value: string;
}

/** An app whose page, once opened, downloads and uploads by itself, in turns as it is told to. */
export interface LargeApp {
  port: number;
  /** Lets the page begin its next transfer; resolves once it has reported. */
  next(): Promise<Report>;
  close(): Promise<void>;
}

/** Runs in the page. What is uploaded lies on disk in both browsers, like a file: they put large blobs of responses there. */
async function transfers(): Promise<void> {
  type Wingman = { status(): Promise<{ mode: string }> };
  const { wingman } = window.top as unknown as { wingman: Wingman };
  const pattern = new TextEncoder().encode('wingman ');
  const report = async (what: string, value: string): Promise<void> => {
    await fetch('/report', { method: 'POST', body: JSON.stringify({ what, value }) });
  };
  const download = async (target = '/bytes'): Promise<string> => {
    const { body } = await fetch(target);
    const reader = body?.getReader();
    for (let bytes = 0; ;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
      if (done || value === undefined) return String(bytes);
      for (let i = 0; i < value.length; i += 997) {
        if (value[i] !== pattern[(bytes + i) % 8]) throw new Error(`wrong at ${bytes + i}`);
      }
      bytes += value.length;
    }
  };
  const upload = async (): Promise<string> => {
    const body = await (await fetch('/bytes')).blob();
    return (await fetch('/hash', { method: 'POST', body })).text();
  };
  try {
    while ((await wingman.status()).mode !== 'p2p') await new Promise((r) => setTimeout(r, 50));
    await fetch('/turn');
    await report('warm-up', await download('/warm-up'));
    await fetch('/turn');
    await report('download', await download());
    await fetch('/turn');
    await report('upload', await upload());
  } catch (error) {
    await report('failure', String(error));
  }
}

/** The hash of `size` bytes of the pattern. */
export function largeHash(size: number): string {
  const hash = createHash('sha256');
  for (let left = size; left > 0; left -= CHUNK.length) hash.update(CHUNK);
  return hash.digest('hex');
}

/** Starts the app; `size` is in bytes, a multiple of 1 MiB. */
export async function startLargeApp(size: number): Promise<LargeApp> {
  const turns = turnstile();
  const server = createServer((request, response) => {
    if (request.url === '/bytes') return send(size, response);
    if (request.url === '/warm-up') return send(WARM_UP_BYTES, response);
    if (request.url === '/hash') return void answerHash(request, response);
    if (request.url === '/turn') return turns.wait(() => response.end());
    if (request.url === '/report') {
      return void text(request).then((body) => {
        turns.report(JSON.parse(body) as Report);
        response.end();
      });
    }
    response.setHeader('content-type', 'text/html');
    response.end(`<!doctype html><script>(${transfers.toString()})()</script>`);
  });
  const port = await listen(server);
  return {
    port,
    next: turns.next,
    close: () => stop(server),
  };
}

/** Where page and test wait for each other. */
function turnstile() {
  let go: (() => void) | undefined;
  let waiting: (() => void) | undefined;
  let reported: (report: Report) => void = () => undefined;
  const meet = (): void => {
    if (go === undefined || waiting === undefined) return;
    waiting();
    go = waiting = undefined;
  };
  return {
    wait: (answer: () => void) => {
      waiting = answer;
      meet();
    },
    report: (report: Report) => reported(report),
    next: () =>
      new Promise<Report>((resolve) => {
        reported = resolve;
        go = () => undefined;
        meet();
      }),
  };
}

function send(size: number, response: ServerResponse): void {
  let left = size;
  response.setHeader('content-length', size);
  const write = (): void => {
    while (left > 0) {
      left -= CHUNK.length;
      if (!response.write(CHUNK)) return void response.once('drain', write);
    }
    response.end();
  };
  write();
}

async function answerHash(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const hash = createHash('sha256');
  for await (const chunk of request) hash.update(chunk as Buffer);
  response.end(hash.digest('hex'));
}

async function text(request: IncomingMessage): Promise<string> {
  let all = '';
  for await (const chunk of request) all += String(chunk);
  return all;
}
