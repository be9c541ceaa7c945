import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFixtureApp, type FixtureApp } from '../support/fixture-app.js';
import { get } from '../support/http.js';
import { eventually, Share, startServer, type Program } from '../support/processes.js';
import { RelayViewer } from '../support/relay-viewer.js';

// A session with everything that is secret in it, logged as loudly as can be.

const HOST_TOKEN = 'host-token-0123456789abcdef';
const ADMIN_TOKEN = 'admin-token-0123456789abcdef';
const METRICS_TOKEN = 'metrics-token-0123456789abcdef';
const TURN_SECRET = 'turn-secret-0123456789';
const COOKIE = 'cookie-value-0123456789';
const QUERY = 'query-value-0123456789';
const PASS = 'A'.repeat(43);

let app: FixtureApp;
let server: { program: Program; url: string };
let share: Share;
let folder: string;

beforeAll(async () => {
  app = await startFixtureApp();
  const secrets = { HOST_TOKENS: HOST_TOKEN, ADMIN_TOKEN, METRICS_TOKEN, TURN_SECRET };
  const turn = { TURN_URLS: 'turn:127.0.0.1:9' };
  folder = mkdtempSync(join(tmpdir(), 'wingman-log-secrets-'));
  const files = { ADMIN_SOCKET: join(folder, 'admin.sock'), DENY_LIST: join(folder, 'deny.txt') };
  writeFileSync(files.DENY_LIST, '');
  server = await startServer([], { ...secrets, ...turn, ...files, LOG_LEVEL: 'trace' });
  share = await shared();
});

function shared(): Promise<Share> {
  const args = ['--server', server.url, '--no-p2p'];
  return Share.start(app.port, args, { WINGMAN_TOKEN: HOST_TOKEN, LOG_LEVEL: 'trace' });
}

afterAll(async () => {
  await share.stop();
  await server.program.stop();
  await app.close();
  rmSync(folder, { recursive: true });
});

test('no log has a key, a token, a pass, a cookie, a query or a whole name', async () => {
  const { hash } = new URL(share.ready.url);
  const key = new URLSearchParams(hash.slice(1)).get('k') ?? '';
  const viewer = await RelayViewer.join(share);
  expect((await viewer.get(`/?q=${QUERY}`)).status).toBe(200);
  const fields = { ...share.bearer, cookie: `id=${COOKIE}` };
  expect((await get(share.origin, `/?q=${QUERY}`, fields)).status).toBe(200);
  expect((await get(share.origin, `/?q=${QUERY}`, { cookie: `id=${COOKIE}` })).status).toBe(401);
  const wrongPass = `/__wingman/relay?link=${'0'.repeat(32)}&pass=${PASS}&q=${QUERY}`;
  await get(share.origin, wrongPass, { cookie: `id=${COOKIE}` });
  const operator = { authorization: `Bearer ${ADMIN_TOKEN}` };
  expect((await get(server.url, '/metrics', operator)).status).toBe(401);
  expect((await get(server.url, '/admin/sessions', operator)).status).toBe(200);
  viewer.close();
  // The operator bans another session, by its whole name.
  const other = await shared();
  const socketPath = join(folder, 'admin.sock');
  const ban = request({ socketPath, method: 'POST', path: `/bans/${other.ready.session}` }).end();
  const [banned] = (await once(ban, 'response')) as [IncomingMessage];
  expect(banned.resume().statusCode).toBe(204);
  await other.exited;
  server.program.signal('SIGINT');
  await eventually('the host has logged that its server is gone', () =>
    share.events().some(({ event }) => event === 'error'),
  );
  await server.program.exited;
  const log = [
    ...server.program.lines,
    ...server.program.errors,
    ...share.errors,
    ...other.errors,
  ].join('\n');
  // The log is one: it has the session, by the beginning of its name.
  const { session } = share.ready;
  expect(log).toContain(`"session":"${session.slice(0, -12)}…"`);
  const { authorization } = share.bearer;
  const tokens = [HOST_TOKEN, ADMIN_TOKEN, METRICS_TOKEN, authorization.replace('Bearer ', '')];
  for (const secret of [
    session,
    other.ready.session,
    key,
    ...tokens,
    TURN_SECRET,
    COOKIE,
    QUERY,
    PASS,
  ]) {
    expect(secret.length).toBeGreaterThan(15);
    expect([secret, log.includes(secret)]).toEqual([secret, false]);
  }
});
