import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ConfigError } from '@wingman/node-kit';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { startTunnelServer, tunnelServerConfig } from '../src/index.js';
import { AdminSocket } from '../src/operator/admin-socket.js';
import { FakeHost } from './support/fake-host.js';
import { FakeViewer } from './support/fake-viewer.js';
import { fetchHead, fetchWhole } from './support/http.js';
import { until } from './support/inbox.js';
import { startServer, startSession } from './support/server.js';

let folder: string;
let adminSocket: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wingman-admin-'));
  adminSocket = join(folder, 'admin.sock');
});
afterEach(() => rmSync(folder, { recursive: true }));

async function command(method: string, path: string): Promise<{ status: number; text: string }> {
  const sent = request({ socketPath: adminSocket, method, path, agent: false });
  sent.end();
  const response = await fetchHead(sent);
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, text };
}

test('only the server’s user may open the socket, and it is gone with the server', async () => {
  const server = await startServer({ adminSocket });
  expect(statSync(adminSocket).mode & 0o777).toBe(0o600);
  await server.close(50);
  expect(existsSync(adminSocket)).toBe(false);
});

test('the socket that a killed server has left is replaced', async () => {
  const dead = join(folder, 'dead.mjs');
  writeFileSync(
    dead,
    `import net from 'node:net';
     net.createServer().listen(process.argv[2], () => process.kill(process.pid, 'SIGKILL'));`,
  );
  const { spawn } = await import('node:child_process');
  await once(spawn(process.execPath, [dead, adminSocket]), 'exit');
  expect(statSync(adminSocket).isSocket()).toBe(true);
  await startServer({ adminSocket });
  expect((await command('GET', '/sessions')).status).toBe(200);
});

test('neither the socket of a server that lives nor any other file is replaced', async () => {
  const other = createServer().listen(adminSocket);
  await once(other, 'listening');
  const open = (path: string): Promise<AdminSocket> => AdminSocket.open(path, () => undefined);
  await expect(open(adminSocket)).rejects.toThrow(ConfigError);
  expect(statSync(adminSocket).isSocket()).toBe(true);
  other.close();
  const file = join(folder, 'precious.txt');
  writeFileSync(file, 'mine');
  await expect(open(file)).rejects.toThrow('another file, is there');
  expect(readFileSync(file, 'utf8')).toBe('mine');
  await expect(open(join(folder, 'nowhere/a.sock'))).rejects.toThrow('ADMIN_SOCKET=');
});

test('sessions and viewers are listed, without what opens them, and a session is ended', async () => {
  const { host, server } = await startSession({}, { adminSocket });
  const viewer = await FakeViewer.join(host);
  const viewers = async (): Promise<unknown[]> =>
    (JSON.parse((await command('GET', '/viewers')).text) as { viewers: unknown[] }).viewers;
  await until(async () => (await viewers()).length === 1);
  const shown = viewer.linkId.slice(0, 8);
  expect(await viewers()).toEqual([{ session: host.session, viewer: shown, address: '127.0.0.1' }]);
  const { text } = await command('GET', '/sessions');
  expect(JSON.parse(text)).toMatchObject({ sessions: [{ name: host.session, viewers: 1 }] });
  expect((await command('DELETE', `/sessions/${host.session}`)).status).toBe(204);
  expect((await fetchWhole(server.port, host.name, '/')).status).toBe(410);
  const again = await command('DELETE', `/sessions/${host.session}`);
  expect([again.status, again.text]).toEqual([404, expect.stringContaining('no session')]);
});

test('whoever is banned is out at once, and stays in the file', async () => {
  const denyList = join(folder, 'deny-list.txt');
  writeFileSync(denyList, '192.0.2.1');
  const { host, server } = await startSession({}, { adminSocket, denyList });
  expect((await command('POST', `/bans/${host.session}`)).status).toBe(204);
  const refusal = await host.received.find((item) => item?.$case === 'refusal');
  expect(refusal.value).toMatchObject({ code: 'DENIED' });
  expect((await command('POST', `/bans/${encodeURIComponent('198.51.100.0/24')}`)).status).toBe(
    204,
  );
  expect(readFileSync(denyList, 'utf8')).toBe(`192.0.2.1\n${host.session}\n198.51.100.0/24\n`);
  const other = await FakeHost.start(server.port);
  expect((await fetchWhole(server.port, other.name, '/')).text).toBe('hello');
});

test.each(['nonsense', '192.0.2.7\n192.0.2.8', '192.0.2.7 # why', ''])(
  'what is no entry is not written: %j',
  async (entry) => {
    const denyList = join(folder, 'deny-list.txt');
    writeFileSync(denyList, '192.0.2.1\n');
    await startServer({ adminSocket, denyList });
    const { status } = await command('POST', `/bans/${encodeURIComponent(entry)}`);
    expect(status).toBe(entry === '' ? 404 : 400);
    expect(readFileSync(denyList, 'utf8')).toBe('192.0.2.1\n');
  },
);

test('without a deny list nobody is banned, and it says what is missing', async () => {
  await startServer({ adminSocket });
  const { status, text } = await command('POST', '/bans/192.0.2.7');
  expect([status, text]).toEqual([400, expect.stringContaining('DENY_LIST=')]);
});

test('what is no command is refused without a word of the program', async () => {
  await startServer({ adminSocket });
  const answers = await Promise.all([
    command('POST', '/bans/%'),
    command('GET', '/metrics'),
    command('POST', '/drain'),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([400, 404, 404]);
  expect(answers.map(({ text }) => text).join('')).not.toContain('at ');
});

test('draining asks the program to stop the server, after the answer', async () => {
  let asked = 0;
  const config = tunnelServerConfig({ port: 0, adminSocket });
  const logger = pino({ level: 'silent' });
  const drain = (): void => void (asked += 1);
  const server = await startTunnelServer(config, { logger, drain });
  expect((await command('POST', '/drain')).status).toBe(204);
  await until(() => asked === 1);
  await server.close(50);
});
