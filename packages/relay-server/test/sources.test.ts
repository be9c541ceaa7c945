import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, jest, test } from '@jest/globals';
import { commandSource } from '../src/cli/source/command.js';
import { candidates, findDevServers, pickDevServer } from '../src/cli/source/dev-servers.js';
import { folderSource } from '../src/cli/source/folder.js';
import { listeningSockets, processesOf, socketOwners } from '../src/cli/source/listening.js';
import { probe } from '../src/cli/source/probe.js';
import { isFolder, type OpenSource } from '../src/cli/source/source.js';
import { HOST_LIMITS } from '../src/limits.js';
import { OWN_SERVER } from '@wingman/node-kit';
import { cleanups } from './support/cleanups.js';
import { scratchFolder } from './support/scratch.js';
import { freePort, listen } from './support/servers.js';
import { stopTime } from './support/still-time.js';
import { textOf } from './support/tunnel.js';
import { until } from './support/until.js';

const stop = new AbortController().signal;

async function open(source: OpenSource, signal = stop) {
  const said: string[] = [];
  const tell = (text: string): void => void said.push(text);
  const opened = await source({ reporter: { notice: tell, output: tell }, stop: signal });
  cleanups.push(() => opened.close());
  return { ...opened, said };
}

function ask(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path }, (response) => {
      const { statusCode = 0 } = response;
      textOf(response as AsyncIterable<Buffer>).then(
        (text) => resolve(`${statusCode} ${text}`),
        reject,
      );
    }).on('error', reject);
  });
}

describe('a folder', () => {
  function site(): string {
    const folder = scratchFolder();
    writeFileSync(join(folder, 'index.html'), '<title>Site</title>');
    writeFileSync(join(folder, '.env'), 'SECRET=1');
    mkdirSync(join(folder, '.git'));
    writeFileSync(join(folder, '.git', 'config'), 'secret');
    mkdirSync(join(folder, '.well-known'));
    writeFileSync(join(folder, '.well-known', 'security.txt'), 'contact');
    return folder;
  }

  test('is served as it is now', async () => {
    const folder = site();
    const { port, label } = await open(folderSource(folder));
    expect(label).toBe(folder);
    expect(await ask(port, '/')).toBe('200 <title>Site</title>');
    writeFileSync(join(folder, 'late.txt'), 'late');
    expect(await ask(port, '/late.txt?v=1')).toBe('200 late');
    expect(await ask(port, '/.well-known/security.txt')).toBe('200 contact');
    expect(await ask(port, '/none')).toMatch(/^404/);
  });

  test.each(['/.env', '/%2eenv', '/.git/config', '/x/..%2f.env', '//.env', '/\\.env', '/.env/'])(
    'hides %s',
    async (path) => {
      const { port } = await open(folderSource(site()));
      expect(await ask(port, path)).toMatch(/^404/);
    },
  );

  test('is told from a port', () => {
    const folder = scratchFolder();
    expect([isFolder(folder), isFolder('3000'), isFolder(':3000')]).toEqual([true, false, false]);
    expect([isFolder(join(folder, 'none')), isFolder('localhost:3000')]).toEqual([false, false]);
  });
});

describe('what listens', () => {
  test('is read as Linux writes it: loopback and all addresses, listening only', () => {
    const proc = scratchFolder();
    mkdirSync(join(proc, 'net'));
    const row = (local: string, state: string, inode: number): string =>
      `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1`;
    const any = '0'.repeat(32);
    const four = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      row('0100007F:0BB8', '0A', 1),
      row('00000000:1435', '0A', 2),
      row('0200A8C0:0050', '0A', 3),
      row('0100007F:0BB9', '01', 4),
    ];
    const six = [row(`${any}:1F90`, '0A', 5), row(`${'0'.repeat(24)}01000000:1F91`, '0A', 6)];
    writeFileSync(join(proc, 'net', 'tcp'), four.join('\n'));
    writeFileSync(join(proc, 'net', 'tcp6'), six.join('\n'));
    expect(listeningSockets(proc)?.map(({ port, inode }) => [port, inode])).toEqual([
      [3000, '1'],
      [5173, '2'],
      [8080, '5'],
      [8081, '6'],
    ]);
    expect(listeningSockets(join(proc, 'none'))).toBeUndefined();
  });

  test('belongs to a process, and the process to a session', () => {
    const proc = scratchFolder();
    for (const [pid, session] of [
      ['7', '7'],
      ['8', '7'],
      ['9', '1'],
    ] as const) {
      mkdirSync(join(proc, pid, 'fd'), { recursive: true });
      writeFileSync(join(proc, pid, 'stat'), `${pid} (a ) b) S 1 ${pid} ${session} 0 -1`);
      symlinkSync(`socket:[${pid}00]`, join(proc, pid, 'fd', '3'));
    }
    expect(processesOf(7, proc).sort()).toEqual(['7', '8']);
    expect([...socketOwners(['8', 'gone'], proc)]).toEqual([['800', '8']]);
  });
});

describe('a port that is asked', () => {
  stopTime();

  test('says its title', async () => {
    const app = await listen((_asked, answer) => answer.end('<title>\n My  App</title>'));
    cleanups.push(() => app.close());
    expect(await probe(app.port)).toEqual({ kind: 'web', status: 200, title: 'My App' });
  });

  test('is no app when it is free, speaks something else, or is Wingman’s own', async () => {
    const greeter = createTcpServer((socket) => socket.resume().end('SSH-2.0-OpenSSH\r\n'));
    await new Promise<void>((resolve) => greeter.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => new Promise<void>((resolve) => greeter.close(() => resolve())));
    const session = await listen((_asked, answer) =>
      answer.setHeader('wingman-error', 'SESSION_UNKNOWN').end(),
    );
    cleanups.push(() => session.close());
    const own = await listen((_asked, answer) => answer.setHeader('server', OWN_SERVER).end());
    cleanups.push(() => own.close());
    const { port } = greeter.address() as AddressInfo;
    const ports = [port, await freePort(), session.port, own.port];
    for (const port of ports) expect(await probe(port)).toEqual({ kind: 'other' });
  });

  test('may be silent', async () => {
    let asked = 0;
    const app = await listen(() => void asked++);
    cleanups.push(() => app.close());
    const probed = probe(app.port);
    await until(() => asked === 1, 'it is asked');
    jest.advanceTimersByTime(HOST_LIMITS.probeMs);
    expect(await probed).toEqual({ kind: 'silent' });
  });
});

describe('what runs here', () => {
  stopTime();

  const SERVERS = [
    { port: 3000, title: 'Shop\u001b[2J', folder: '~/shop' },
    { port: 5173, title: '', folder: '' },
  ];

  test('is found', async () => {
    const app = await listen((_asked, answer) => answer.end('<title>Found</title>'));
    cleanups.push(() => app.close());
    const folder = candidates().get(app.port);
    expect(folder).toEqual(expect.any(String));
    // All that listens here would be asked, the apps of other tests among it.
    const found = await findDevServers(new Map([[app.port, 'here']]));
    expect(found).toEqual([{ port: app.port, title: 'Found', folder: 'here' }]);
  });

  test.each([
    ['\n', 3000],
    ['2\n', 5173],
    ['5173\n', 5173],
    ['9\nno\n1\n', 3000],
  ])('is offered: %j picks %i', async (typed, port) => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    const picked = pickDevServer(SERVERS, { input, output }, stop);
    for (const line of typed.trimEnd().split('\n')) {
      const questions = (): number => String(output.read() ?? '').split('Share which?').length;
      await until(() => questions() > 1, 'the question');
      input.write(`${line}\n`);
    }
    expect(await picked).toBe(port);
  });

  test('is not shared when the user wants none', async () => {
    for (const leave of ['input', 'signal'] as const) {
      const [input, output] = [new PassThrough(), new PassThrough()];
      const controller = new AbortController();
      const picked = pickDevServer(SERVERS, { input, output }, controller.signal);
      await until(() => String(output.read() ?? '').includes('Share which?'), 'the question');
      if (leave === 'input') input.end();
      else controller.abort();
      expect(await picked).toBeUndefined();
    }
  });

  test('is asked for where there is none', async () => {
    const terminal = { input: new PassThrough(), output: new PassThrough() };
    await expect(pickDevServer([], terminal, stop)).rejects.toThrow('wingman run -- npm run dev');
  });
});

describe('a command', () => {
  const node = (script: string): string[] => [process.execPath, '-e', script];
  const SERVE = "require('http').createServer((q, r) => r.end('dev'))";

  test('is started, found, and ended with what it has started', async () => {
    const child = `require('child_process').spawn(process.execPath, ['-e', \`${SERVE}.listen(0, '127.0.0.1')\`])`;
    const running = await open(commandSource(node(`console.log('\\x1b[2Jup'); ${child}`)));
    expect(await ask(running.port, '/')).toBe('200 dev');
    expect(running.label).toContain(process.execPath);
    await until(() => running.said.includes('up'), 'what the command has said');
    await running.close();
    await expect(ask(running.port, '/')).rejects.toThrow('ECONNREFUSED');
  });

  test('of several ports the one that was named is taken', async () => {
    const ports = [await freePort(), await freePort()].sort((one, other) => one - other);
    const script = `${SERVE}.listen(${ports[0]}, '127.0.0.1'); ${SERVE}.listen(${ports[1]}, '127.0.0.1')`;
    const named = await open(commandSource(node(script), ports[1]));
    expect(named.port).toBe(ports[1]);
  });

  test('that ends tells its exit code', async () => {
    const serve = `require('http').createServer((q, r) => r.end('', () => q.url === '/end' && process.exit(3)))`;
    const { ended, port } = await open(commandSource(node(`${serve}.listen(0, '127.0.0.1')`)));
    expect(await ask(port, '/end')).toBe('200 ');
    expect(await ended).toBe(3);
  });

  test.each([
    [node('process.exit(1)'), 'has ended before it listened on a port'],
    [['no-such-command-here'], 'could not be started: there is no such command'],
  ])('%j says why not', async (command, message) => {
    await expect(open(commandSource(command))).rejects.toThrow(message);
  });

  test('that never listens is given up by the user', async () => {
    const controller = new AbortController();
    const opening = open(commandSource(node('setInterval(() => {}, 1e6)')), controller.signal);
    controller.abort();
    await expect(opening).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
