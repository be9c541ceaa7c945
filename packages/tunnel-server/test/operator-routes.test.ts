import { describe, expect, test } from '@jest/globals';
import type { TunnelServer } from '../src/index.js';
import { FakeHost } from './support/fake-host.js';
import { fetchWhole, type Answer } from './support/http.js';
import { startServer, startSession } from './support/server.js';

const METRICS_TOKEN = 'metrics-0123456789abcdef';
const ADMIN_TOKEN = 'admin-0123456789abcdefgh';

const read = (
  { port }: TunnelServer,
  path: string,
  token?: string,
  method = 'GET',
): Promise<Answer> => {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return fetchWhole(port, 'localhost', path, { headers, method });
};

describe('the metrics', () => {
  test('of a server that only this machine reaches are open', async () => {
    expect((await read(await startServer(), '/metrics')).text).toContain('wingman_sessions 0');
  });

  test('need the token where there is one', async () => {
    const server = await startServer({ metricsToken: METRICS_TOKEN });
    const asked = [undefined, '', ADMIN_TOKEN, `${METRICS_TOKEN}x`, METRICS_TOKEN];
    const answers = await Promise.all(asked.map((token) => read(server, '/metrics', token)));
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 200]);
  });

  test('of a public server without a token are closed', async () => {
    const server = await startServer({ host: '0.0.0.0', openRegistration: true });
    const { status, text } = await read(server, '/metrics');
    expect(status).toBe(403);
    expect(text).toContain('METRICS_TOKEN');
    expect((await read(server, '/healthz')).status).toBe(200);
  });
});

describe('the sessions', () => {
  test('are nobody’s without a token for them', async () => {
    const { host, server } = await startSession({}, { metricsToken: METRICS_TOKEN });
    const path = `/admin/sessions/${host.session}`;
    expect((await read(server, '/admin/sessions', '')).status).toBe(404);
    expect((await read(server, path, METRICS_TOKEN, 'DELETE')).status).toBe(404);
    expect((await fetchWhole(server.port, host.name, '/')).text).toBe('hello');
  });

  test('are listed and ended with the token, and with no other', async () => {
    const { host, server } = await startSession({}, { adminToken: ADMIN_TOKEN });
    const other = await FakeHost.start(server.port);
    const path = `/admin/sessions/${host.session}`;
    expect((await read(server, path, 'wrong', 'DELETE')).status).toBe(401);
    expect((await read(server, '/admin/sessions')).status).toBe(401);
    const { sessions } = JSON.parse((await read(server, '/admin/sessions', ADMIN_TOKEN)).text) as {
      sessions: { name: string; online: boolean; host: string }[];
    };
    expect(sessions.map(({ name }) => name)).toEqual([host.session, other.session]);
    expect(sessions[0]).toMatchObject({ online: true, viewers: 0 });
    expect(sessions[0]?.host).toContain('from 127.0.0.1');
    expect((await read(server, path, ADMIN_TOKEN, 'DELETE')).status).toBe(204);
    const refusal = await host.received.find((item) => item?.$case === 'refusal');
    expect(refusal.value).toMatchObject({ code: 'DENIED' });
    expect((await fetchWhole(server.port, host.name, '/')).status).toBe(410);
    expect((await read(server, path, ADMIN_TOKEN, 'DELETE')).status).toBe(404);
    expect((await fetchWhole(server.port, other.name, '/')).text).toBe('hello');
  });

  test('are all that the token opens: commands are for the server’s own machine', async () => {
    const { host, server } = await startSession({}, { adminToken: ADMIN_TOKEN });
    const commands = [
      ['GET', 'viewers'],
      ['POST', 'drain'],
      ['POST', `bans/${host.session}`],
    ] as const;
    const answers = commands.map(([method, command]) =>
      read(server, `/admin/${command}`, ADMIN_TOKEN, method),
    );
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([404, 404, 404]);
    expect((await fetchWhole(server.port, host.name, '/')).text).toBe('hello');
  });

  test('are no page of a session’s name', async () => {
    const { host, server } = await startSession({}, { adminToken: ADMIN_TOKEN });
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    // The app answers there, as everywhere on its own name.
    const answer = await fetchWhole(server.port, host.name, '/admin/sessions', { headers });
    expect(answer.text).toBe('hello');
  });
});
