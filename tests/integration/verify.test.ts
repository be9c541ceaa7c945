import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { createServer, request, type Server } from 'node:http';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startPlainApp, type PlainApp } from '../support/plain-app.js';
import { CLI, Program, ROOT, Share } from '../support/processes.js';

const ASSETS = `${ROOT}packages/tunnel-server/assets`;

let app: PlainApp;
let share: Share;

beforeAll(async () => {
  app = await startPlainApp();
  share = await Share.start(app.port);
});

afterAll(async () => {
  await share.stop();
  await app.close();
});

async function verify(url: string): Promise<{ code: number | null; lines: readonly string[] }> {
  const program = new Program(process.execPath, [CLI, 'verify', url]);
  return { code: await program.exited, lines: program.lines };
}

/** A server in between that adds a comment to one file. */
async function tamper(name: string): Promise<Server> {
  const { port } = new URL(share.ready.server);
  const server = createServer((req, res) => {
    const headers = { ...req.headers, host: new URL(share.ready.url).host };
    const asked = request({ host: '127.0.0.1', port, path: req.url, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        if (req.url?.endsWith(name) === true) chunks.push(Buffer.from('// more'));
        res.writeHead(response.statusCode ?? 500).end(Buffer.concat(chunks));
      });
    });
    asked.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

test('the page of a session is the page of this version', async () => {
  const { code, lines } = await verify(share.ready.url);
  expect(code).toBe(0);
  expect(lines.filter((line) => line.endsWith('served the same'))).toHaveLength(
    readdirSync(ASSETS).length,
  );
  expect(lines.at(-1)).toContain('is the page of this version');
});

test('one changed file is named', async () => {
  const server = await tamper('sw.js');
  const { port } = server.address() as AddressInfo;
  const { code, lines } = await verify(`http://127.0.0.1:${port}/`);
  server.close();
  expect(code).toBe(1);
  expect(lines.filter((line) => line.endsWith('served the same'))).toHaveLength(
    readdirSync(ASSETS).length - 1,
  );
  expect(lines.find((line) => line.startsWith('sw.js'))).toMatch(/built \w{16}, served \w{16}$/);
  expect(lines.at(-1)).toContain('is not the page of this version');
});

test('a server that is not there is said, and what is no URL', async () => {
  const away = await verify('http://127.0.0.1:1/');
  expect(away.code).toBe(1);
  expect(away.lines[0]).toContain('not served: connect ECONNREFUSED');
  expect((await verify('my-session')).code).toBe(2);
});

test('the page is built to the same bytes each time, wherever that happens', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'wingman-bundle-'));
  const build = [join(ROOT, 'scripts/bundle.mjs'), directory];
  await promisify(execFile)(process.execPath, build, { cwd: directory });
  const bytes = (folder: string): string[] =>
    readdirSync(folder).map((name) => `${name} ${readFileSync(join(folder, name), 'base64')}`);
  expect(bytes(directory)).toEqual(bytes(ASSETS));
  rmSync(directory, { recursive: true });
}, 180_000);
