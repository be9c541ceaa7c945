import { EventEmitter } from 'node:events';
import { expect, test } from '@jest/globals';
import { wingman, type ViteServer, type WingmanViteOptions } from '../src/library/vite.js';
import { cleanups } from './support/cleanups.js';
import { freePort, listeners } from './support/servers.js';
import { until } from './support/until.js';

const ADDRESS = '  ➜  Local: http://localhost/';

/** Vite's dev server, as far as the plugin uses it. */
async function viteWith(options: WingmanViteOptions, base = '/shop/') {
  const port = await freePort();
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const httpServer = Object.assign(new EventEmitter(), { address: () => ({ port }) });
  const server: ViteServer = {
    config: { base, logger: { info: say, warn: say } },
    httpServer,
    printUrls: () => say(ADDRESS),
  };
  const plugin = wingman({ p2p: false, ...options });
  cleanups.push(() => plugin.closeBundle());
  plugin.configureServer(server);
  return { plugin, server, said, listen: () => void httpServer.emit('listening') };
}

async function firstLine(said: readonly string[]): Promise<string> {
  await until(() => said.length > 0, 'a line');
  return said[0] ?? '';
}

test('the URL is printed once it is known, and again beside Vite’s own, until Vite closes', async () => {
  const { listen, plugin, said, server } = await viteWith({});
  server.printUrls();
  expect(said.splice(0)).toEqual([ADDRESS]);
  listen();
  const line = await firstLine(said);
  const [, url = ''] = /^ {2}➜ {2}Session: (\S+)$/.exec(line) ?? [];
  expect(new URL(url).pathname).toBe('/shop/');
  server.printUrls();
  expect(said).toEqual([line, ADDRESS, line]);
  const health = `http://localhost:${new URL(url).port}/healthz`;
  expect((await fetch(health)).status).toBe(200);
  expect(listeners()).toBeGreaterThan(0);
  await plugin.closeBundle();
  await until(() => listeners() === 0, 'nobody listens any more');
});

test('a relative base is that of the whole server', async () => {
  const { listen, said } = await viteWith({}, './');
  listen();
  expect(await firstLine(said)).toMatch(/:\d+\/#k=/);
});

test('what can’t be shared is told, and nothing is thrown', async () => {
  const { listen, said } = await viteWith({ expires: 'soon' });
  listen();
  expect(await firstLine(said)).toMatch(/isn’t shared: --expires "soon" is not valid/);
});

test('a session that ends by itself is told, and its URL is printed no more', async () => {
  const { listen, said, server } = await viteWith({ expires: '1s' });
  listen();
  expect(await firstLine(said)).toContain('Session: ');
  await until(() => said.length > 1, 'the end');
  expect(said.splice(0).at(-1)).toMatch(/^wingman: the session is over: ./);
  server.printUrls();
  expect(said).toEqual([ADDRESS]);
});

test('a server on no port is told of, as it can’t be shared', async () => {
  const { plugin, said, server } = await viteWith({});
  const httpServer = Object.assign(new EventEmitter(), { address: () => '/tmp/vite.sock' });
  plugin.configureServer({ ...server, httpServer });
  httpServer.emit('listening');
  expect(await firstLine(said)).toMatch(/isn’t shared: it listens on no port/);
});

test('Vite within another server shares nothing', async () => {
  const { plugin, server, said } = await viteWith({});
  plugin.configureServer({ ...server, httpServer: null });
  expect(said).toEqual(['wingman: Vite runs within another server; share that one.']);
});
