import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { share } from '../src/library/share.js';
import type { SharedApp, ShareOptions } from '../src/library/shared-app.js';
import { cleanups } from './support/cleanups.js';
import { LAN_ADDRESS, ownNetwork } from './support/own-network.js';
import { listen, listeners } from './support/servers.js';
import { until } from './support/until.js';

/** A program with an app of its own shares that on its network, and says how, and what whoever opens the link gets. */
const ON_LAN = `
  import { createServer } from 'node:http';
  import { share } from '${new URL('../dist/library/share.js', import.meta.url).href}';
  const own = createServer((asked, answer) => answer.end('the app')).listen(0, '127.0.0.1', async () => {
    const app = await share({ port: own.address().port, p2p: false, ingress: 'open', lan: true });
    const shown = await (await fetch(app.lan.url)).text();
    await app.close();
    const after = await fetch(app.lan.url).then(() => 'there', () => 'gone');
    console.log(JSON.stringify({ lan: app.lan, shown, after }));
    process.exit();
  });`;

/** Nobody asks for the app here, so nothing has to listen. */
const PORT = 9;

async function shared(options: Partial<ShareOptions> = {}): Promise<SharedApp> {
  const app = await share({ port: PORT, p2p: false, ...options });
  cleanups.push(() => app.close());
  return app;
}

test('a shared app has its URL with the key, its page, and its end', async () => {
  const app = await shared({ expires: '30m' });
  expect(app.url).toMatch(/^http:\/\/[a-z2-7]{16}\.localhost:\d+\/#k=[\w-]{22}$/);
  expect(new URL(app.url).hostname).toBe(`${app.session}.localhost`);
  const left = app.expiresAt.getTime() - Date.now();
  expect(left).toBeLessThanOrEqual(30 * 60_000);
  expect(left).toBeGreaterThan(29 * 60_000);
  const page = await shared({ port: `http://localhost:${PORT}/cart?item=7` });
  expect(page.url).toMatch(/\/cart\?item=7#k=/);
});

test('plain HTTP has a token where it asks for the key', async () => {
  expect((await shared()).ingressToken).toMatch(/^[\w-]{43}$/);
  expect((await shared({ ingress: 'open' })).ingressToken).toBeUndefined();
});

test('it tells its end once, and its tunnel server ends with it', async () => {
  const app = await shared();
  expect(listeners()).toBeGreaterThan(0);
  const told: string[] = [];
  const unheard = (): number => told.push('unheard');
  app.on('stopped', ({ reason }) => told.push(reason)).once('stopped', unheard);
  app.off('stopped', unheard);
  await Promise.all([app.close(), app.close()]);
  expect(told).toEqual(['closed']);
  await until(() => listeners() === 0, 'nobody listens any more');
});

test.each<[Record<string, unknown>, string]>([
  [{ expires: 'soon' }, '--expires'],
  [{ also: [0] }, '--also'],
  [{ ingress: 'open', passphrase: 'correct horse' }, '--ingress'],
  [{ lan: true, server: 'https://tunnel.example' }, '--lan'],
  [{ colour: 'red' }, 'colour is not an option'],
])('wrong options %o have a code and are named', async (wrong, name) => {
  const failure = await shared(wrong).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'CONFIG_INVALID' });
  expect(String(failure)).toContain(name);
});

test('a program that only shares waits for a server that does not answer yet', async () => {
  let tries = 0;
  const app = await listen(() => undefined);
  app.server.on('upgrade', (_asked, socket) => {
    tries++;
    socket.destroy();
  });
  cleanups.push(() => app.close());
  const program = `
    const { share } = await import('${new URL('../dist/library/share.js', import.meta.url).href}');
    await share({ port: ${PORT}, p2p: false, server: 'http://localhost:${app.port}' });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program]);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  cleanups.push(() => {
    child.kill('SIGKILL');
    return ended;
  });
  await until(() => tries >= 3 || child.exitCode !== null, 'three tries');
  expect(child.exitCode).toBeNull();
});

test('an app that is shared on its network has a link there, which ends with it', async () => {
  expect((await shared()).lan).toBeUndefined();
  const through = await ownNetwork();
  const [program = '', ...args] = [
    ...through,
    ...[process.execPath, '--input-type=module', '-e', ON_LAN],
  ];
  const { stdout } = await promisify(execFile)(program, args, { timeout: 60_000 });
  const { lan, shown, after } = JSON.parse(stdout) as Record<string, unknown>;
  const url = expect.stringMatching(new RegExp(`^http://${LAN_ADDRESS}:\\d+/$`)) as unknown;
  expect(lan).toEqual({ url, address: LAN_ADDRESS });
  expect([shown, after]).toEqual(['the app', 'gone']);
}, 90_000);
