import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { expect, jest, test } from '@jest/globals';
import { cleanups } from './support/cleanups.js';
import { runCli, type Cli } from './support/cli.js';
import { LAN_ADDRESS, LAN_ADDRESS_6, ownNetwork } from './support/own-network.js';
import { until } from './support/until.js';

// A handful of processes one after the other, and each may have to wait for its turn.
jest.setTimeout(180_000);

interface Ready {
  readonly url: string;
  readonly session: string;
  readonly lan: { readonly url: string; readonly address: string };
}

/** Asks until something is found: who is asked has a second and a half to answer, and may not run meanwhile. */
async function discoveredAtLast(through: string[]): Promise<ReturnType<Cli['events']>> {
  const end = performance.now() + 60_000;
  for (;;) {
    const found = await discovered(through);
    if (found.length > 0 || performance.now() > end) return found;
  }
}

/** Lists what is shared there, with a process of its own. */
async function discovered(through: string[]): Promise<ReturnType<Cli['events']>> {
  const cli = runCli(['discover', '--json'], {}, '/', through);
  expect(await cli.exited).toBe(0);
  return cli.events();
}

/** What a phone is answered: the link, and then the page that it leads to, with the cookie. */
const PHONE = `
  const { get } = require('http');
  const ask = (url, cookie) => new Promise((done, failed) => get(url, { headers: { cookie } }, (answer) => {
    let text = '';
    answer.on('data', (part) => (text += part)).on('end', () => done({ ...answer, text, status: answer.statusCode, headers: answer.headers }));
  }).on('error', failed));
  (async () => {
    const [link] = process.argv.slice(1);
    const entry = await ask(link, '');
    const [cookie = ''] = entry.headers['set-cookie'] ?? [];
    const page = new URL(entry.headers.location, link).href;
    const bare = await ask(page, '');
    const shown = await ask(page, cookie.split(';')[0]);
    console.log(JSON.stringify({ entry: entry.status, cookie, page, bare: bare.status, shown: shown.status, code: shown.headers['wingman-error'] }));
  })();`;

async function phone(through: string[], link: string): Promise<Record<string, unknown>> {
  const [program = '', ...rest] = [...through, process.execPath, '-e', PHONE, link];
  const { stdout } = await promisify(execFile)(program, rest, { timeout: 60_000 });
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** Everything that is said by multicast DNS until a service says goodbye. */
const LISTENER = `
  const heard = [];
  const multicast = require('multicast-dns')({ interface: process.argv[1], bind: '0.0.0.0' });
  multicast.on('ready', () => console.log('ready'));
  multicast.on('response', ({ answers }) => {
    heard.push(...answers.map(({ type, ttl, data }) => [type, ttl, String(type === 'SRV' ? data.target : data)]));
    if (!answers.some(({ type, ttl }) => type === 'SRV' && ttl === 0)) return;
    console.log(JSON.stringify(heard));
    process.exit();
  });`;

/** Starts to listen; resolves with what resolves with all that was said. */
async function listening(through: string[]): Promise<() => Promise<string>> {
  const [program = '', ...rest] = [...through, process.execPath, '-e', LISTENER, LAN_ADDRESS];
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  cleanups.push(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += String(chunk)));
  await until(() => said.includes('ready'), 'a listener');
  return async () => {
    await until(() => child.exitCode !== null, 'the goodbye');
    // What was written last may come after the end.
    await closed;
    return said;
  };
}

test('a session on the network is found by others there, opens on a phone, and is gone when it ends', async () => {
  const through = await ownNetwork();
  const args = ['9/cart?item=7', '--lan', '--shared-by', 'Ada', '--no-p2p', '--json'];
  const cli = runCli(args, {}, '/', through);
  cleanups.push(async () => {
    cli.process.kill('SIGKILL');
    await cli.exited;
  });
  const { lan, session, url } = (await cli.event('ready')) as unknown as Ready;
  const { origin } = new URL(lan.url);
  expect([lan.address, new URL(origin).hostname]).toEqual([LAN_ADDRESS, LAN_ADDRESS]);
  const [, key = ''] = url.split('#k=');
  expect(lan.url).not.toContain(key);

  const found = await discoveredAtLast(through);
  expect(found).toEqual([{ event: 'found', session, sharedBy: 'Ada', url: `${origin}/` }]);

  const port = new URL(origin).port;
  expect(await phone(through, lan.url)).toEqual({
    entry: 303,
    cookie: expect.stringMatching(
      new RegExp(`^wingman-ingress-${port}=[^;]+; Path=/; HttpOnly; SameSite=Lax$`),
    ),
    page: `${origin}/cart?item=7`,
    bare: 401,
    // Nothing listens on port 9: the host has let it in.
    ...{ shown: 502, code: 'LOCAL_PORT_REFUSED' },
  });

  const heard = await listening(through);
  cli.process.kill('SIGINT');
  expect(await cli.exited).toBe(0);
  const goodbye = await heard();
  expect(goodbye).toContain(`["SRV",0,"${session}.local"]`);
  for (const secret of [key, new URL(lan.url).searchParams.get('token')])
    expect(goodbye).not.toContain(secret);
  expect(await discovered(through)).toEqual([]);
});

test('where the network has IPv6 alone a phone opens a session there, which is not announced', async () => {
  const through = await ownNetwork(`${LAN_ADDRESS_6}/64 nodad`);
  const cli = runCli(['9/cart', '--lan', '--no-p2p', '--json'], {}, '/', through);
  cleanups.push(async () => {
    cli.process.kill('SIGKILL');
    await cli.exited;
  });
  const { lan } = (await cli.event('ready')) as unknown as Ready;
  const { origin } = new URL(lan.url);
  expect([lan.address, new URL(origin).hostname]).toEqual([LAN_ADDRESS_6, `[${LAN_ADDRESS_6}]`]);
  expect(await phone(through, lan.url)).toMatchObject({
    ...{ entry: 303, page: `${origin}/cart`, bare: 401 },
    ...{ shown: 502, code: 'LOCAL_PORT_REFUSED' },
  });
  const looking = runCli(['discover'], {}, '/', through);
  expect(await looking.exited).toBe(1);
  expect(looking.stderr()).toContain('nothing is announced');
});
