import { afterEach } from '@jest/globals';
import type { Clock } from '@wingman/protocol';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino, type Logger } from 'pino';
import {
  startTunnelServer,
  tunnelServerConfig,
  type TunnelServer,
  type TunnelServerConfig,
} from '../../src/index.js';
import { FakeHost, type FakeHostOptions } from './fake-host.js';

const running: TunnelServer[] = [];
const directories: string[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close(50)));
  await Promise.all(directories.splice(0).map((path) => rm(path, { recursive: true })));
});

export const SHELL = '<!doctype html><title>shell</title><!--wingman-boot--><script>go()</script>';

/** A directory with the files a build would have made. */
async function createAssets(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'wingman-assets-'));
  directories.push(directory);
  await writeFile(join(directory, 'shell.html'), SHELL);
  await writeFile(join(directory, 'sw.js'), 'self.addEventListener("fetch", () => {});');
  await writeFile(join(directory, 'diagnostics.html'), '<h1>diagnostics</h1>');
  await writeFile(join(directory, 'shim.js'), 'window.shimmed = true;');
  await writeFile(join(directory, 'worker-1a2b3c4d5e.js'), 'postMessage(1);');
  return directory;
}

/** A tunnel server on any free port; it is closed after the test. */
export async function startServer(
  overrides: Partial<TunnelServerConfig> = {},
  clock?: Clock,
  logger: Logger = pino({ level: 'silent' }),
): Promise<TunnelServer> {
  const assetsDirectory = overrides.assetsDirectory ?? (await createAssets());
  const config = tunnelServerConfig({ port: 0, ...overrides, assetsDirectory });
  const server = await startTunnelServer(config, { logger, ...(clock ? { clock } : {}) });
  running.push(server);
  return server;
}

/** A server and one registered host. */
export async function startSession(
  hostOptions: FakeHostOptions = {},
  overrides: Partial<TunnelServerConfig> = {},
  clock?: Clock,
): Promise<{ server: TunnelServer; host: FakeHost }> {
  const server = await startServer(overrides, clock);
  return { server, host: await FakeHost.start(server.port, hostOptions) };
}
