import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { request } from 'node:http';
import { WebSocket } from 'ws';
import { startFixtureApp, type FixtureApp } from '../../support/fixture-app.js';
import { get } from '../../support/http.js';
import { Share, within } from '../../support/processes.js';

// Who knows a session's host name and nothing else, at every door of plain HTTP.

let app: FixtureApp;
let share: Share;

beforeAll(async () => {
  app = await startFixtureApp();
  share = await Share.start(app.port);
});

afterAll(async () => {
  await share.stop();
  await app.close();
});

interface Refused {
  status: number | undefined;
  code: string | string[] | undefined;
  challenge: string | undefined;
}

/** Sends a request with a body that never ends, unless it is answered. */
function ask(method: string, path: string, headers: Record<string, string> = {}): Promise<Refused> {
  const { host, port } = new URL(share.origin);
  const answer = new Promise<Refused>((resolve, reject) => {
    const options = { host: '127.0.0.1', port, method, path, headers: { host, ...headers } };
    const sent = request(options, (response) => {
      resolve({
        status: response.statusCode,
        code: response.headers['wingman-error'],
        challenge: response.headers['www-authenticate'],
      });
      response.destroy();
    });
    sent.on('error', reject);
    if (method === 'POST') sent.write('the first of a long body');
    else sent.end();
  });
  return within(10_000, `${method} ${path}`, answer);
}

const KEY_NEEDED = { status: 401, code: 'KEY_NEEDED', challenge: 'Bearer realm="wingman"' };

test.each<[string, string, Record<string, string>?]>([
  ['GET', '/'],
  ['HEAD', '/'],
  ['POST', '/echo'],
  ['DELETE', '/x'],
  ['OPTIONS', '/'],
  ['GET', '/', { 'sec-fetch-dest': 'iframe' }],
  ['GET', '/', { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate', purpose: 'prefetch' }],
  ['GET', '/', { authorization: 'Bearer guess' }],
  ['GET', '/', { authorization: 'Basic d2luZ21hbjo=' }],
  ['GET', '/?wingman-pass=url.9999999999.Lw.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
  ['GET', '/', { cookie: '__Host-wingman-ingress=9999999999.AAAA' }],
  ['POST', '/__wingman/ingress'],
])('%s %s with %o reaches nothing of the app', async (method, path, headers = {}) => {
  const before = app.requests.length;
  const refused = await ask(method, path, headers);
  // A navigation gets the shell, which contains nothing of the app.
  if (headers['sec-fetch-dest'] === 'document') expect(refused.status).toBe(200);
  else expect(refused).toEqual(KEY_NEEDED);
  expect(app.requests.slice(before)).toEqual([]);
});

test('a WebSocket is refused before the app hears of it', async () => {
  const before = app.requests.length;
  const { host, port } = new URL(share.origin);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, { headers: { host } });
  const status = new Promise((resolve, reject) => {
    socket.once('unexpected-response', (sent, response) => {
      sent.destroy();
      resolve(response.statusCode);
    });
    socket.once('open', () => reject(new Error('was let in')));
    socket.on('error', reject);
  });
  expect(await within(10_000, 'the refusal', status)).toBe(401);
  expect(app.requests.slice(before)).toEqual([]);
});

test('a page for people says what is missing and whom to ask', async () => {
  const { body, headers, status } = await get(share.origin, '/', { accept: 'text/html' });
  expect([status, headers['content-type']]).toEqual([401, 'text/html; charset=utf-8']);
  expect(body).toContain('Ask the developer for the whole link');
});

test('two hundred refusals at once leave every place at the app free', async () => {
  const before = app.requests.length;
  const refusals = await Promise.all(Array.from({ length: 200 }, () => ask('POST', '/endless')));
  expect(new Set(refusals.map(({ status }) => status))).toEqual(new Set([401]));
  expect((await get(share.origin, '/', share.bearer)).status).toBe(200);
  expect(app.requests.slice(before)).toEqual(['GET /']);
});
