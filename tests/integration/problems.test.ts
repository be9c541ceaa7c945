import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { request as httpRequest } from 'node:http';
import { startFixtureApp, type FixtureApp } from '../support/fixture-app.js';
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

interface Answer {
  status: number;
  type: string;
  code: string | undefined;
  body: string;
}

/** A request with a Host header of its own, because no resolver here knows the session's name. */
function ask(host: string, accept: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        host: '127.0.0.1',
        port: new URL(server.url).port,
        path: '/x',
        headers: { host, accept },
        timeout: 20_000,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            type: response.headers['content-type'] ?? '',
            code: response.headers['wingman-error']?.toString(),
            body: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    request.on('error', reject).end();
  });
}

async function expectProblem(host: string, status: number, code: string): Promise<void> {
  const page = await ask(host, 'text/html,application/xhtml+xml');
  expect(page).toMatchObject({ status, code });
  expect(page.type).toContain('text/html');
  expect(page.body).toContain('What to do.');
  const json = await ask(host, '*/*');
  expect(json).toMatchObject({ status, code });
  const { error } = JSON.parse(json.body) as { error: { cause: string; cure: string } };
  expect(error.cause.length).toBeGreaterThan(20);
  expect(error.cure.length).toBeGreaterThan(20);
}

describe('what goes wrong is said, with cause and cure, as a page or as JSON', () => {
  test('a session that does not exist: 404', async () => {
    await expectProblem(
      `nobody-abcdefghijklmnop.${new URL(server.url).host}`,
      404,
      'SESSION_UNKNOWN',
    );
  });

  test('a local port that refuses: 502', async () => {
    const gone = await startFixtureApp();
    await gone.close();
    const share = await Share.start(gone.port, ['--server', server.url]);
    await expectProblem(new URL(share.origin).host, 502, 'LOCAL_PORT_REFUSED');
    await share.stop();
  });

  test('a host that is offline: 503', async () => {
    const share = await Share.start(app.port, ['--server', server.url]);
    const { host } = new URL(share.origin);
    share.signal('SIGKILL');
    await share.exited;
    await eventually('the server has noticed', async () => (await ask(host, '*/*')).status === 503);
    await expectProblem(host, 503, 'HOST_OFFLINE');
  });

  test('a host that refuses the ingress: 403', async () => {
    const share = await Share.start(app.port, ['--server', server.url, '--no-ingress']);
    await expectProblem(new URL(share.origin).host, 403, 'INGRESS_REFUSED');
    await share.stop();
  });
});
