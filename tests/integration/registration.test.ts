import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFixtureApp, type FixtureApp } from '../support/fixture-app.js';
import { get } from '../support/http.js';
import { CLI, eventually, Program, Share, startServer } from '../support/processes.js';

// Who may register, and under which name, with the real programs.

const TOKEN = 'host-token-0123456789abcdef';

let app: FixtureApp;
let server: { program: Program; url: string };
const config = mkdtempSync(join(tmpdir(), 'wingman-registration-'));
const shares: Share[] = [];

beforeAll(async () => {
  app = await startFixtureApp();
  server = await startServer([], { HOST_TOKENS: TOKEN });
});

afterEach(() => Promise.all(shares.splice(0).map((share) => share.stop())));

afterAll(async () => {
  await server.program.stop();
  await app.close();
  rmSync(config, { recursive: true });
});

const options = (...more: string[]): string[] => [
  ...['--server', server.url, '--no-p2p', '--ingress', 'open'],
  ...more,
];
const env = (token = TOKEN) => ({ WINGMAN_TOKEN: token, XDG_CONFIG_HOME: config });

async function share(...more: string[]): Promise<Share> {
  const started = await Share.start(app.port, options(...more), env());
  shares.push(started);
  return started;
}

/** The only event of a `wingman share` that must not start. */
async function failure(
  token: string,
  ...more: string[]
): Promise<{ code: string; message: string }> {
  const args = [CLI, 'share', String(app.port), '--json', ...options(...more)];
  const program = new Program(process.execPath, args, { env: env(token) });
  expect(await program.exited).toBe(1);
  expect(program.lines).toHaveLength(1);
  return JSON.parse(program.lines[0] ?? '') as { code: string; message: string };
}

test.each([
  ['--host', '0.0.0.0'],
  ['--public-url', 'https://tunnel.example.org'],
])('a server with %s %s says what to choose, and ends', async (...args) => {
  const program = new Program(process.execPath, [CLI, 'server', '--port', '0', ...args]);
  expect(await program.exited).toBe(2);
  expect(program.output()).toMatch(/--host-tokens.*--open-registration/);
});

describe('a server with tokens', () => {
  test.each(['', 'another-token-0123456789'])('refuses a host with %j', async (token) => {
    const { code, message } = await failure(token);
    expect(code).toBe('TOKEN_NEEDED');
    expect(message).toContain('--token or WINGMAN_TOKEN');
  });

  test('takes a host that has one', async () => {
    expect((await get((await share()).origin, '/')).status).toBe(200);
  });
});

describe('two hosts with one name', () => {
  test('the second is refused and told; the first goes on', async () => {
    const first = await share('--name', 'one-name');
    const { code, message } = await failure(TOKEN, '--name', 'one-name');
    expect(code).toBe('NAME_IN_USE');
    expect(message).toMatch(/since .* UTC from 127\.0\.0\.1; --take-over replaces it$/);
    expect((await get(first.origin, '/')).status).toBe(200);
  });

  test('--take-over replaces the first, which is told by whom and ends', async () => {
    const first = await share('--name', 'taken');
    const second = await share('--name', 'taken', '--take-over');
    expect(await first.exited).toBe(1);
    const stopped = JSON.parse(first.lines.at(-1) ?? '') as { reason: string; message: string };
    expect(stopped.reason).toBe('refused');
    expect(stopped.message).toMatch(/^replaced by another host .* UTC from 127\.0\.0\.1/);
    expect((await get(second.origin, '/')).status).toBe(200);
    await eventually('the server has logged both', () =>
      server.program.errors.some((line) => line.includes('taken a session over')),
    );
  });

  test('a host that was killed is followed without a question', async () => {
    const first = await share('--name', 'killed');
    first.signal('SIGKILL');
    await first.exited;
    await eventually(
      'the server has noticed',
      async () => (await get(first.origin, '/')).status === 503,
    );
    expect((await share('--name', 'killed')).ready.url).toBe(first.ready.url);
  });
});
