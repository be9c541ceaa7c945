import { build } from 'esbuild';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './processes.js';
import { startStaticApp, type StaticApp } from './static-app.js';

const PAGE =
  '<!doctype html><html><head><title>msw</title><script src="/client.js"></script></head><body><h1>app with mocks</h1></body></html>';

async function clientScript(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [`${ROOT}tests/support/msw-page.ts`],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
  });
  return outputFiles[0]?.text ?? '';
}

/** The worker script as msw's own command makes it. */
async function workerScript(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'wingman-msw-'));
  try {
    const cli = `${ROOT}node_modules/msw/cli/index.js`;
    await promisify(execFile)(process.execPath, [cli, 'init', directory, '--no-save']);
    return await readFile(join(directory, 'mockServiceWorker.js'), 'utf8');
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** An app that mocks a part of its API in the browser. */
export async function startMswApp(): Promise<StaticApp> {
  const [client, worker] = await Promise.all([clientScript(), workerScript()]);
  return startStaticApp([
    ['/', { type: 'text/html', body: PAGE, headers: { 'set-cookie': 'from=server' } }],
    ['/client.js', { type: 'text/javascript', body: client }],
    ['/mockServiceWorker.js', { type: 'text/javascript', body: worker }],
    ['/api/pass', ({ headers }) => ({ type: 'text/plain', body: `real ${headers.cookie ?? ''}` })],
    ['/api/real', ({ method, body }) => ({ type: 'text/plain', body: `${method} ${body}` })],
  ]);
}
