import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startFixtureApp, type FixtureApp } from '../support/fixture-app.js';
import { freePort } from '../support/free-port.js';
import { get } from '../support/http.js';
import { eventually, Share, startServer, type Program } from '../support/processes.js';

let app: FixtureApp;
let server: { program: Program; url: string };

beforeAll(async () => {
  app = await startFixtureApp();
  server = await startServer();
});

afterAll(async () => {
  await server.program.stop();
  await app.close();
});

async function expectProblem(origin: string, status: number, code: string): Promise<void> {
  const page = await get(origin, '/x', { accept: 'text/html,application/xhtml+xml' });
  expect([page.status, page.headers['wingman-error']]).toEqual([status, code]);
  expect(page.headers['content-type']).toContain('text/html');
  expect(page.body).toContain('What to do.');
  const json = await get(origin, '/x', { accept: '*/*' });
  expect([json.status, json.headers['wingman-error']]).toEqual([status, code]);
  const { error } = JSON.parse(json.body) as { error: { cause: string; cure: string } };
  expect(error.cause.length).toBeGreaterThan(20);
  expect(error.cure.length).toBeGreaterThan(20);
}

describe('what goes wrong is said, with cause and cure, as a page or as JSON', () => {
  test('a session that does not exist: 404', async () => {
    await expectProblem(
      `http://nobody-abcdefghijklmnop.${new URL(server.url).host}`,
      404,
      'SESSION_UNKNOWN',
    );
  });

  test('a local port that refuses: 502', async () => {
    const share = await Share.start(await freePort(), [
      '--server',
      server.url,
      '--ingress',
      'open',
    ]);
    await expectProblem(share.origin, 502, 'LOCAL_PORT_REFUSED');
    await share.stop();
  });

  test('a host that is offline: 503', async () => {
    const share = await Share.start(app.port, ['--server', server.url, '--ingress', 'open']);
    share.signal('SIGKILL');
    await share.exited;
    await eventually(
      'the server has noticed',
      async () => (await get(share.origin, '/')).status === 503,
    );
    await expectProblem(share.origin, 503, 'HOST_OFFLINE');
  });

  test('a host that refuses the ingress: 403', async () => {
    const share = await Share.start(app.port, ['--server', server.url, '--ingress', 'off']);
    await expectProblem(share.origin, 403, 'INGRESS_REFUSED');
    await share.stop();
  });
});
