import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanups } from './support/cleanups.js';
import { runCli, type Cli } from './support/cli.js';
import { until } from './support/until.js';

// Several processes one after the other.
jest.setTimeout(180_000);

const NOBODY_MS = 60_000;

let folder: string;
let env: { ADMIN_SOCKET: string; DENY_LIST: string };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wingman-admin-'));
  env = { ADMIN_SOCKET: join(folder, 'admin.sock'), DENY_LIST: join(folder, 'deny.txt') };
  writeFileSync(env.DENY_LIST, '');
});
afterEach(() => rmSync(folder, { recursive: true }));

async function admin(...words: string[]): Promise<{ code: number | null; said: string }> {
  const cli = runCli(['admin', ...words], env);
  const code = await cli.exited;
  return { code, said: cli.stdout() + cli.stderr() };
}

function started(...words: string[]): Cli {
  const cli = runCli([...words, '--json'], { ...env, STUN_EMBEDDED: 'false' });
  cleanups.push(() => void cli.process.kill());
  return cli;
}

async function shared(server: string): Promise<{ cli: Cli; session: string }> {
  const cli = started('3000', '--server', server, '--no-p2p', '--no-inspector');
  const { session } = await cli.event('ready');
  return { cli, session: String(session) };
}

test('an operator lists, ends, bans and drains by commands', async () => {
  const server = started('server', '--port', '0');
  const { server: url } = await server.event('ready');
  expect((await admin('sessions')).said).toBe('no sessions\n');
  const [one, other] = await Promise.all([shared(String(url)), shared(String(url))]);
  const { said } = await admin('sessions', '--json');
  expect(said).toContain(`"name":"${one.session}"`);
  expect(said.trim().split('\n')).toHaveLength(2);
  expect(await admin('viewers')).toEqual({ code: 0, said: 'no viewers\n' });
  expect((await admin('end', one.session)).code).toBe(0);
  expect(await one.cli.exited).not.toBe(0);
  expect((await admin('ban', other.session)).code).toBe(0);
  expect(await other.cli.exited).not.toBe(0);
  const unknown = await admin('end', one.session);
  expect([unknown.code, unknown.said]).toEqual([1, expect.stringContaining('no session of this')]);
  expect((await admin('drain')).code).toBe(0);
  await until(() => server.process.exitCode !== null, 'the server has stopped', NOBODY_MS);
  expect(server.process.exitCode).toBe(0);
});

test.each([
  [['end'], 2, '<what> is missing'],
  [['sessions'], 1, 'no server answers at'],
  [['frobnicate'], 2, 'Allowed choices'],
])('a command that leads nowhere says why: %j', async (words, code, why) => {
  const answer = await admin(...words);
  expect([answer.code, answer.said]).toEqual([code, expect.stringContaining(why)]);
});

test('without a socket the command says how to name one', async () => {
  const cli = runCli(['admin', 'sessions']);
  expect(await cli.exited).toBe(2);
  expect(cli.stderr()).toContain('ADMIN_SOCKET=');
});
