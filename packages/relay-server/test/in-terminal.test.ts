import { writeFile } from 'node:fs/promises';
import { request, type RequestOptions } from 'node:http';
import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { cleanups } from './support/cleanups.js';
import { scratchFolder } from './support/scratch.js';
import { freePort, listen } from './support/servers.js';
import {
  alone,
  inTerminal,
  type TerminalOptions,
  type TerminalSession,
} from './support/terminal.js';
import { until } from './support/until.js';

// Programs are started, and their keys pressed one after the other; each wait has a deadline of its own.
jest.setTimeout(120_000);

const URL_LINE = /^ {2}http:\/\/[a-z2-7]{16}\.localhost:\d+\/#k=[A-Za-z0-9_-]{22}$/;
const OPEN = ['--no-p2p', '--ingress', 'open'];

async function shared(
  options: TerminalOptions,
  args: readonly string[] = OPEN,
): Promise<TerminalSession & { readonly url: URL }> {
  const app = await listen((_incoming, response) => response.end('hello'));
  cleanups.push(() => app.close());
  const session = inTerminal([String(app.port), ...args], options);
  await until(() => session.lines().some((line) => URL_LINE.test(line)), 'a URL');
  const url = new URL(
    session
      .lines()
      .find((line) => URL_LINE.test(line))!
      .trim(),
  );
  return { ...session, url };
}

/** Asks by plain HTTP, without a resolver. */
function ask(
  { host, port }: URL,
  path: string,
  { method = 'GET', headers = {} }: Pick<RequestOptions, 'method' | 'headers'> = {},
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, method, headers: { ...headers, host } };
    const asked = request(options, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    });
    asked.on('error', reject).end();
  });
}

describe.each([
  { columns: 80, rows: 24 },
  { columns: 40, rows: 20 },
])('in a terminal of $columns by $rows', (size) => {
  test('all is on one screen, with the URL last and alone', async () => {
    const { rows, lines, type, shows, exited } = await shared(size);
    expect(rows().some((row) => row.includes('Wingman shares localhost:'))).toBe(true);
    const said = lines().filter((line) => line !== '');
    expect(said.at(-1)).toMatch(URL_LINE);
    expect(lines().join(' ')).toMatch(/on this\s+machine\s+only/);
    expect(lines().join('\n')).not.toContain('▀');
    type('x');
    await shows('Stopped.');
    expect(await exited).toBe(0);
  });

  test('requests come a line each, a flood is folded, and the sums stand below', async () => {
    const { url, lines, rows, shows } = await shared(size);
    expect(await ask(url, '/first?token=secret')).toBe(200);
    await shows('/first');
    // All at once: what comes slowly is no flood.
    await Promise.all(Array.from({ length: 40 }, (_, number) => ask(url, `/module-${number}.js`)));
    await shows('more: ');
    expect(lines().filter((line) => line.includes('GET')).length).toBeLessThan(20);
    expect(lines().join('\n')).not.toContain('secret');
    const told = (): string[] => rows().filter((row) => row !== '');
    await until(() => told().at(-1)?.includes('41 requests') === true, 'the sums, in the last row');
    for (const row of told().filter((line) => line.includes('GET'))) expect(row).toMatch(/\S$/);
  });
});

test('a tab with a wrong key is told once, whatever doors it tries', async () => {
  const { url, lines, shows } = await shared({ columns: 80, rows: 24 });
  const knock = (): Promise<number | undefined> =>
    ask(url, `/__wingman/relay?link=${'0'.repeat(32)}&pass=AAAA`, {
      ...{ method: 'POST', headers: { origin: url.origin } },
    });
  expect(await knock()).toBe(403);
  await shows('somebody at 127.0.0.1 has a link with another key');
  for (let more = 0; more < 5; more++) expect(await knock()).toBe(403);
  expect(await ask(url, '/after')).toBe(200);
  await shows('/after');
  expect(lines().filter((line) => line.includes('another key'))).toHaveLength(1);
});

test('a tunnel server that can’t be reached is named, with the reason, once', async () => {
  const server = `localhost:${await freePort()}`;
  const { shows, lines, type, exited } = inTerminal(['3000', '--server', server], {
    ...{ columns: 80, rows: 24 },
  });
  await shows(`no session at http://${server} yet: nothing listens there`);
  const tries = lines().filter((line) => line.includes('no session at')).length;
  type('\u0003');
  await shows('Stopped.');
  expect([tries, await exited]).toEqual([1, 0]);
});

test('a tunnel server speaks to people, and to programs in JSON', async () => {
  const args = ['server', '--port', '0'];
  const screen = { columns: 100, rows: 24 };
  const person = inTerminal(args, screen);
  await person.shows('Tunnel server: http');
  expect(person.lines().join('\n')).toContain('tunnel server is listening (url http');
  expect(person.lines().join('\n')).not.toContain('{');
  const program = inTerminal([...args, '--json'], screen);
  await program.shows('{"event":"ready"');
  await program.shows('"msg":"tunnel server is listening"}');
});

test('what can’t be shared is told with its reason, and no word is broken', async () => {
  const screen = { columns: 40, rows: 20 };
  const { rows, exited } = inTerminal(['https://localhost:3000'], screen);
  expect(await exited).toBe(2);
  const said = rows().filter((row) => row !== '');
  expect(said.join(' ').replace(/ +/g, ' ')).toContain('start it by plain http');
  const two = inTerminal(['3000', '4000'], screen);
  expect(await two.exited).toBe(2);
  expect(two.lines().join(' ')).toContain('4000 is too much');
  const habit = inTerminal(['--port', '3000'], screen);
  expect(await habit.exited).toBe(2);
  expect(habit.lines().join(' ').replaceAll(/ +/g, ' ')).toContain(
    "unknown option '--port'. The port stands alone: wingman 3000",
  );
});

test.each([
  { columns: 80, rows: 24 },
  { columns: 40, rows: 20 },
])('keys copy, show, list, pause and explain, at $columns by $rows', async (size) => {
  const { url, lines, type, shows, raw, exited } = await shared(size);
  type('c');
  const copied = `\u001b]52;c;${Buffer.from(url.href).toString('base64')}\u0007`;
  await until(() => raw().includes(copied), 'the link for the clipboard');
  type('q');
  await shows('▀');
  type('v');
  await shows('Nobody is here now.');
  type('p');
  await shows('Paused');
  expect(await ask(url, '/')).toBe(503);
  await shows('(PAUSED)');
  type('p');
  await shows('Going on');
  expect(await ask(url, '/')).toBe(200);
  type('r7\r');
  await shows('nobody has come yet');
  type('d');
  await shows('wingman verify');
  type('?');
  await shows('stop sharing, like Ctrl-C');
  type('\u0003');
  await shows('0 viewers (0 with a');
  await shows('Stopped.');
  expect(await exited).toBe(0);
  // No word is broken.
  expect(lines().some((line) => line.endsWith('once)'))).toBe(true);
});

test('several apps of a file are shared at once, each at its URL, and end together', async () => {
  const app = await listen((_incoming, response) => response.end('hello'));
  cleanups.push(() => app.close());
  const cwd = scratchFolder();
  await writeFile(join(cwd, 'page.txt'), 'a page');
  const common = { p2p: false, ingress: 'open', inspector: false };
  const apps = { shop: { port: app.port }, docs: { folder: '.' } };
  await writeFile(join(cwd, 'wingman.config.json'), JSON.stringify({ ...common, apps }));
  const { lines, shows, type, exited } = inTerminal(['up'], { columns: 100, rows: 24, cwd });
  const urlOf = (name: string): string | undefined =>
    lines().find((line) => line.startsWith(`${name} |`) && line.includes('/#k='));
  await until(() => urlOf('shop') !== undefined && urlOf('docs') !== undefined, 'both URLs');
  const [shop, docs] = ['shop', 'docs'].map((name) => new URL(urlOf(name)!.split('|  ')[1]!));
  expect(await ask(shop!, '/of-shop')).toBe(200);
  expect([await ask(docs!, '/page.txt'), await ask(docs!, '/none')]).toEqual([200, 404]);
  await shows('/of-shop');
  expect(lines().find((line) => line.includes('/of-shop'))).toMatch(/^shop \|/);
  type('\u0003');
  expect(await exited).toBe(0);
  for (const name of ['shop', 'docs']) expect(lines().join('\n')).toMatch(`${name} |  Stopped.`);
});

test('a command is shared from its port to its end', async () => {
  const end = "q.url === '/end' && process.exit(4)";
  const serve = `require('http').createServer((q, r) => r.end('hi', () => ${end}))`;
  const script = `console.log('compiling'); ${serve}.listen(0, '127.0.0.1')`;
  const args = ['run', ...OPEN, '--', process.execPath, '-e', script];
  const { shows, lines, exited } = inTerminal(args, { columns: 80, rows: 24 });
  await shows('compiling');
  const urlLine = (): string | undefined => lines().find((line) => URL_LINE.test(line));
  await until(() => urlLine() !== undefined, 'the URL');
  // The session ends as its command does, perhaps before the answer has passed.
  void ask(new URL(urlLine()!.trim()), '/end').catch(() => undefined);
  await shows('has ended');
  expect(await exited).toBe(4);
});

test('without a port the servers that run are offered', async () => {
  // It asks every server that it can reach, and other tests count what their apps are asked.
  const through = alone('<title>Mine</title>', 3123);
  const { shows, lines, type } = inTerminal(OPEN, { columns: 80, rows: 24, through });
  await shows('localhost:3123  Mine');
  await shows('Share which?');
  type('3123\r');
  await shows('shares localhost:3123');
  await until(() => lines().some((line) => URL_LINE.test(line)), 'the URL');
});

test('a tall terminal shows the QR code at once', async () => {
  const { lines } = await shared({ columns: 100, rows: 60 });
  expect(lines().join('\n')).toContain('▀');
});

test('a build has neither keys, QR code nor a line that changes', async () => {
  const { url, raw, shows, lines } = await shared({ columns: 100, rows: 60, env: { CI: 'true' } });
  await ask(url, '/');
  await shows('GET');
  expect(lines().join('\n')).not.toMatch(/▀|Keys:/);
  expect(raw()).not.toContain('\u001b[K');
});
