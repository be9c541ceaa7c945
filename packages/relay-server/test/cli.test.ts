import { writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import {
  create,
  createPass,
  decodeLinkKey,
  deriveGateKey,
  initiate,
  Link,
  Mux,
  newLinkId,
  Refusal,
  request,
} from '@wingman/protocol';
import { WsCarrier } from '@wingman/node-kit';
import { WebSocket } from 'ws';
import { cleanups } from './support/cleanups.js';
import { runCli, type Cli } from './support/cli.js';
import { freePort, listen } from './support/servers.js';
import { signalingServer } from './support/signaling-server.js';
import { requestHead, textOf } from './support/tunnel.js';
import { scratchFolder } from './support/scratch.js';
import { until } from './support/until.js';

// Several processes are started one after the other, and a start has a deadline of its own.
jest.setTimeout(120_000);

function wingman(args: string[], env?: Record<string, string>, cwd?: string): Cli {
  const cli = runCli(args, env, cwd);
  cleanups.push(async () => {
    cli.process.kill('SIGKILL');
    await cli.exited;
  });
  return cli;
}

async function app(text = 'hello'): Promise<number> {
  const server = await listen((_incoming, response) => response.end(text));
  cleanups.push(() => server.close());
  return server.port;
}

/** Fetches a URL of a *.localhost name without a resolver. */
function fetchText(
  url: string,
  fields: Record<string, string> = {},
): Promise<{ status: number | undefined; text: string }> {
  const { host, port, pathname } = new URL(url);
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: pathname, headers: { host, ...fields } }, (response) => {
      textOf(response as AsyncIterable<Buffer>).then(
        (text) => resolve({ status: response.statusCode, text }),
        reject,
      );
    }).on('error', reject);
  });
}

describe('usage', () => {
  test('--help shows the commands and examples', async () => {
    const cli = wingman(['--help']);
    expect(await cli.exited).toBe(0);
    expect(cli.stdout()).toContain('share [options] [port]');
    expect(cli.stdout()).toContain('$ wingman 3000');
    expect(cli.stderr()).toBe('');
  });

  test('share --help shows every option', async () => {
    const cli = wingman(['share', '--help']);
    expect(await cli.exited).toBe(0);
    const options = '--server --name --expires --max-viewers --no-p2p --p2p-timeout --stun';
    for (const option of `${options} --engine --ingress --json --log-level`.split(' ')) {
      expect(cli.stdout()).toContain(option);
    }
  });

  test('--version is the version and nothing else', async () => {
    const cli = wingman(['--version']);
    expect(await cli.exited).toBe(0);
    expect(cli.stdout()).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test.each([
    [[], '<port> is missing'],
    [['run'], "wingman: missing required argument 'command'. Such as: wingman run -- npm run dev"],
    [['completion'], "missing required argument 'shell'. One of: bash, zsh, fish"],
    [['admin'], "missing required argument 'action'. One of: sessions"],
    [['url'], "missing required argument 'link'. Such as: wingman url"],
    [['verify'], "missing required argument 'url'. Such as: wingman verify"],
    [['3000', '--port', '4000'], "unknown option '--port'. The port stands alone: wingman 3000"],
    [['run', '--port', '80000', '--', 'true'], '"80000" is not valid'],
    [['3000', '--nonsense'], '--nonsense'],
    [['share', 'port'], '<port> "port" is not valid'],
    [['3000', '--expires', 'soon'], '--expires "soon" is not valid'],
    [['3000', '--name', 'No_Label'], '--name my-app'],
    [['3000', '--approve'], '--approve needs a terminal'],
    [['3000', '--token', 'x'.repeat(20)], '--token is for a tunnel server'],
    [['3000', '--passphrase', '--ingress', 'open'], '--ingress off'],
    [['server', '--port', 'x'], '--port'],
    [['server', '--prot', '1'], "wingman: unknown option '--prot' (Did you mean --port?)"],
  ])('%j is bad usage', async (args, message) => {
    const cli = wingman(args);
    expect(await cli.exited).toBe(2);
    expect(cli.stderr()).toContain(message);
    expect(cli.stdout()).toBe('');
  });

  test('an older Node gets one line', async () => {
    const fake = join(scratchFolder(), 'older.cjs');
    writeFileSync(
      fake,
      "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.18.3' } });",
    );
    const cli = wingman(['--help'], { NODE_OPTIONS: `--require ${fake}` });
    expect(await cli.exited).toBe(2);
    expect(cli.stderr()).toBe('wingman: this is Node.js 20.18.3, and 20.19 or newer is needed.\n');
  });

  test('a shell completes it', async () => {
    const cli = wingman(['completion', 'bash']);
    expect(await cli.exited).toBe(0);
    expect(cli.stdout()).toMatch(/\n {4}server\) words='.*--public-url.*' ;;\n/);
  });

  test('a bad value in .env is named', async () => {
    const directory = scratchFolder();
    writeFileSync(join(directory, '.env'), 'MAX_VIEWERS=many\n');
    const cli = wingman(['3000'], {}, directory);
    expect(await cli.exited).toBe(2);
    expect(cli.stderr()).toContain('MAX_VIEWERS "many" is not valid');
    expect(cli.stderr()).toContain('A good value: MAX_VIEWERS=8');
  });
});

test('a name in .env that is nearly a setting is told', async () => {
  const directory = scratchFolder();
  writeFileSync(join(directory, '.env'), 'TUNEL_PORT=0\nVITE_API=x\n');
  const cli = wingman(['share', 'nothing'], {}, directory);
  expect(await cli.exited).toBe(2);
  expect(cli.stderr()).toContain('TUNEL_PORT in .env is no setting. Is TUNNEL_PORT meant?');
  expect(cli.stderr()).not.toContain('VITE_API');
});

describe('the tunnel server’s port', () => {
  test('is the one that is set', async () => {
    const port = String(await freePort());
    const cli = wingman([String(await app()), '--json', '--no-p2p'], { TUNNEL_PORT: port });
    expect((await cli.event('ready'))['server']).toBe(`http://localhost:${port}`);
  });

  test.each([
    [['3000', '--no-p2p'], 'TUNNEL_PORT=0'],
    [['server'], '--port 0'],
  ])('%j says what to do when it is taken', async (args, cure) => {
    const port = await app();
    const cli = wingman(args, { TUNNEL_PORT: String(port) });
    expect(await cli.exited).toBe(1);
    expect(cli.stdout() + cli.stderr()).toContain(`another program listens on port ${port}`);
    expect(cli.stdout() + cli.stderr()).toContain(cure);
  });
});

describe('share --json', () => {
  test('makes a passphrase, tells it once, and then takes no plain HTTP', async () => {
    const cli = wingman([String(await app()), '--json', '--no-p2p', '--passphrase', '--read-only']);
    const ready = await cli.event('ready');
    expect(ready['entry']).toEqual({
      asksPassphrase: true,
      passphrase: expect.stringMatching(/^[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}$/),
      asksDeveloper: false,
      isReadOnly: true,
    });
    expect(ready['ingress']).toEqual({ mode: 'off' });
    expect((await fetchText(String(ready['url']))).status).toBe(403);
  });

  test('doesn’t tell a passphrase that the developer has chosen', async () => {
    const args = [String(await app()), '--json', '--no-p2p'];
    const cli = wingman(args, { PASSPHRASE: 'open sesame' });
    expect((await cli.event('ready'))['entry']).toMatchObject({ asksPassphrase: true });
    expect(cli.stdout() + cli.stderr()).not.toContain('open sesame');
  });

  test('is ready first, serves the ingress, and stops cleanly', async () => {
    // The usual port would be another test's at once.
    const env = { TUNNEL_PORT: String(await freePort()) };
    const cli = wingman([String(await app()), '--json', '--no-p2p'], env);
    const ready = await cli.event('ready');
    expect(cli.events()[0]).toEqual(ready);
    expect(ready['url']).toMatch(/^http:\/\/[a-z2-7]{16}\.localhost:\d+\/#k=[A-Za-z0-9_-]{22}$/);
    expect(ready['url']).toContain(`//${String(ready['session'])}.`);
    expect(ready['p2p']).toEqual({ enabled: false, reason: 'switched off' });
    const { mode, token } = ready['ingress'] as { mode: string; token: string };
    expect(mode).toBe('key');
    const fields = { authorization: `Bearer ${token}` };
    const answer = { status: 200, text: 'hello' };
    expect(await fetchText(String(ready['url']), fields)).toEqual(answer);
    expect((await fetchText(String(ready['url']))).status).toBe(401);
    cli.process.kill('SIGINT');
    expect(await cli.exited).toBe(0);
    expect(cli.events().at(-1)).toMatchObject({ event: 'stopped', reason: 'closed' });
    await expect(fetchText(String(ready['server']))).rejects.toThrow('ECONNREFUSED');
  });

  test('a viewer over the relay joins, is served and leaves', async () => {
    const cli = wingman([String(await app('over the relay')), '--json', '--engine', 'wrtc']);
    const ready = await cli.event('ready');
    const url = new URL(String(ready['url']));
    const id = newLinkId();
    const key = decodeLinkKey(url.hash.slice('#k='.length));
    const query = `link=${id}&pass=${await createPass(await deriveGateKey(key), 'relay', id)}`;
    const socket = new WebSocket(`ws://127.0.0.1:${url.port}/__wingman/relay?${query}`, {
      headers: { host: url.host, origin: url.origin },
    });
    cleanups.push(() => socket.terminate());
    const proven = await initiate(new WsCarrier(socket), { key, kind: 'relay', linkId: id });
    const link = new Link({ id, role: 'initiator' });
    const mux = new Mux(link);
    link.attach(proven.carrier, 'relay');
    const response = await request(mux, requestHead({ headers: ['accept', '*/*'] }));
    expect(await textOf(response.body)).toBe('over the relay');
    expect(await cli.event('viewer-joined')).toMatchObject({
      viewer: id,
      path: 'relay',
      viewers: 1,
    });
    link.close('LINK_CLOSED');
    expect(await cli.event('viewer-left')).toMatchObject({ viewer: id, viewers: 0 });
    expect(ready['p2p']).toEqual({ enabled: true, engine: 'wrtc' });
    cli.process.kill('SIGTERM');
    expect(await cli.exited).toBe(0);
  });

  test('says when nothing listens, and shares anyway', async () => {
    const args = [String(await freePort()), '--json', '--no-p2p', '--ingress', 'open'];
    const cli = wingman(['share', ...args]);
    expect(await cli.event('error')).toMatchObject({ code: 'LOCAL_PORT_REFUSED', fatal: false });
    const { status, text } = await fetchText(String((await cli.event('ready'))['url']));
    expect(status).toBe(502);
    expect(text).toContain('LOCAL_PORT_REFUSED');
  });

  test('keeps the URL of a name over restarts', async () => {
    const port = String(await app());
    const env = { XDG_CONFIG_HOME: scratchFolder() };
    const seen: string[] = [];
    for (let run = 0; run < 2; run++) {
      const cli = wingman([port, '--json', '--no-p2p', '--name', 'my-app'], env);
      const { session, url } = await cli.event('ready');
      seen.push(`${String(session)} ${new URL(String(url)).hash}`);
      cli.process.kill('SIGINT');
      expect(await cli.exited).toBe(0);
    }
    expect(seen[0]).toMatch(/^my-app-[a-z2-7]{16} #k=/);
    expect(seen[1]).toBe(seen[0]);
  });

  test('a server of its own process serves a host of another', async () => {
    const server = wingman(['server', '--port', '0', '--json']);
    const url = String((await server.event('ready'))['server']);
    const args = ['--json', '--no-p2p', '--ingress', 'open', '--server', url];
    const cli = wingman([String(await app()), ...args]);
    const ready = await cli.event('ready');
    expect(ready['server']).toBe(url);
    expect((await fetchText(String(ready['url']))).text).toBe('hello');
    server.process.kill('SIGTERM');
    expect(await server.exited).toBe(0);
    expect(await cli.event('error')).toMatchObject({ fatal: false });
    cli.process.kill('SIGINT');
    expect(await cli.exited).toBe(0);
  });

  test('with --ingress off plain HTTP is refused', async () => {
    const cli = wingman([String(await app()), '--json', '--no-p2p', '--ingress', 'off']);
    const { status } = await fetchText(String((await cli.event('ready'))['url']));
    expect(status).toBe(403);
  });

  test('a refusal by the server is fatal', async () => {
    const server = await signalingServer((connection) => {
      const value = create(Refusal, { code: 'REFUSED', message: 'not you' });
      connection.send({ $case: 'refusal', value });
      connection.socket.close(4000);
    });
    cleanups.push(() => server.close());
    const cli = wingman(['3000', '--json', '--no-p2p', '--server', server.url.origin]);
    expect(await cli.exited).toBe(1);
    expect(cli.events()).toEqual([
      { event: 'error', code: 'REFUSED', message: 'not you', fatal: true },
    ]);
  });

  test('a second Ctrl-C does not wait', async () => {
    const server = await listen((_incoming, response) => void response.write('never ends'));
    cleanups.push(() => server.close());
    const cli = wingman([String(server.port), '--json', '--no-p2p', '--ingress', 'open']);
    const { url } = await cli.event('ready');
    const { host, port } = new URL(String(url));
    const arrived = new Promise((resolve) => {
      get({ host: '127.0.0.1', port, headers: { host } }, resolve).on('error', () => undefined);
    });
    await arrived;
    // Two of one kind might arrive as one. Whoever waits for the request says that it has stopped.
    cli.process.kill('SIGINT');
    cli.process.kill('SIGTERM');
    expect(await cli.exited).toBe(130);
    expect(cli.events().map(({ event }) => event)).not.toContain('stopped');
  });
});

test('without --json a person reads what is shared', async () => {
  const port = await app();
  const cli = wingman([String(port), '--no-p2p', '--expires', '30m']);
  await until(() => cli.stdout().includes('Ctrl-C'), 'what is shared', 30_000);
  expect(cli.stdout()).toContain(`shares localhost:${port}`);
  expect(cli.stdout()).toMatch(/http:\/\/[a-z2-7]{16}\.localhost:\d+\/#k=/);
  expect(cli.stdout()).not.toContain('▀');
  expect(cli.stdout()).toContain('(30 min)');
  expect(cli.stdout()).not.toContain('\u001b');
  cli.process.kill('SIGINT');
  expect(await cli.exited).toBe(0);
  expect(cli.stdout()).toContain('Stopped.');
});
