import { afterAll, beforeAll, expect, test } from '@jest/globals';
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

beforeAll(async () => {
  app = await startFixtureApp();
  const secrets = { HOST_TOKENS: HOST_TOKEN, ADMIN_TOKEN, METRICS_TOKEN, TURN_SECRET };
  const turn = { TURN_URLS: 'turn:127.0.0.1:9' };
  server = await startServer([], { ...secrets, ...turn, LOG_LEVEL: 'trace' });
  const args = ['--server', server.url, '--no-p2p'];
  share = await Share.start(app.port, args, { WINGMAN_TOKEN: HOST_TOKEN, LOG_LEVEL: 'trace' });
});

afterAll(async () => {
  await share.stop();
  await server.program.stop();
  await app.close();
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
  server.program.signal('SIGINT');
  await eventually('the host has logged that its server is gone', () =>
    share.events().some(({ event }) => event === 'error'),
  );
  await server.program.exited;
  const log = [...server.program.lines, ...server.program.errors, ...share.errors].join('\n');
  // The log is one: it has the session, by the beginning of its name.
  const { session } = share.ready;
  expect(log).toContain(`"session":"${session.slice(0, -12)}…"`);
  const { authorization } = share.bearer;
  const tokens = [HOST_TOKEN, ADMIN_TOKEN, METRICS_TOKEN, authorization.replace('Bearer ', '')];
  for (const secret of [session, key, ...tokens, TURN_SECRET, COOKIE, QUERY, PASS]) {
    expect(secret.length).toBeGreaterThan(15);
    expect([secret, log.includes(secret)]).toEqual([secret, false]);
  }
});
