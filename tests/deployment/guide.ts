import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startFixtureApp } from '../support/fixture-app.js';
import { freePort } from '../support/free-port.js';
import { eventually, Program, ROOT } from '../support/program.js';
import { curl } from './curl.js';
import { inFolder, output } from './in-folder.js';

const run = promisify(execFile);

/** Where what the guide says of a clean machine is on this one. */
interface Machine {
  readonly folder: string;
  readonly upstream: number;
  readonly port: number;
  readonly app: number;
  readonly started: Program[];
}

/**
 * Follows "From an empty machine" of docs/server.md, command by command, with a folder in place of `/`, `localhost` in place of
 * the domain, and free ports. Three things are done in another way: packages of Debian are looked up and not installed, what
 * systemd would start is started from the unit's own line, and the developer's machine has the package already.
 */
export function checkGuide(): Promise<string[]> {
  return inFolder(async (folder) => {
    for (const place of ['etc/systemd/system', 'etc/caddy']) {
      mkdirSync(join(folder, place), { recursive: true });
    }
    const app = await startFixtureApp();
    const [upstream, port] = [await freePort(), await freePort()];
    const machine: Machine = { folder, upstream, port, app: app.port, started: [] };
    const made = output(process.execPath, join(ROOT, 'scripts/package.mjs')).split('\n').at(-1);
    const archive = made?.split(':')[0] ?? '';
    try {
      const commands = commandsOf(readFileSync(join(ROOT, 'docs/server.md'), 'utf8'));
      let place = folder;
      for (const command of commands) place = await follow(command, place, archive, machine);
      return [`${commands.length} commands of docs/server.md lead to a page of a shared app`];
    } catch (error) {
      const logs = machine.started.map((program) => program.output()).join('\n');
      throw new Error(logs, { cause: error });
    } finally {
      for (const program of machine.started.reverse()) await program.stop();
      await app.close();
    }
  });
}

/** The commands of the guide, each with its here-document. */
function commandsOf(page: string): string[] {
  const [, guide = ''] = /## From an empty machine\n([^]*?)\n### /.exec(page) ?? [];
  const blocks = [...guide.matchAll(/^```\n([^]*?)^```$/gm)].map(([, block = '']) => block);
  return blocks.flatMap((block) => block.match(/^.*<<'END'\n[^]*?^END$|^.+$/gm) ?? []);
}

/** Carries a command out; resolves with the folder in which it has left the shell. */
async function follow(
  said: string,
  place: string,
  archive: string,
  machine: Machine,
): Promise<string> {
  const command = translated(said, archive, machine);
  const [, packages] = /^apt-get install (.*)$/.exec(command) ?? [];
  if (packages !== undefined) output('apt-cache', 'show', ...packages.split(' '));
  else if (command.startsWith('systemctl enable')) startServer(machine);
  else if (command.startsWith('systemctl reload caddy')) await startCaddy(machine);
  else if (command.startsWith('npx ')) await share(command, machine);
  else {
    const trust = command.startsWith('curl https:') ? { CURL_CA_BUNDLE: authorityOf(machine) } : {};
    const env: NodeJS.ProcessEnv = { ...process.env, ...trust };
    const shell = ['-ec', `set -o pipefail\n${command.replace(/^curl /, 'curl -f ')}\necho; pwd`];
    const { stdout } = await run('bash', shell, { cwd: place, env });
    return stdout.trim().split('\n').at(-1) ?? place;
  }
  return place;
}

function translated(said: string, archive: string, { folder, port, upstream }: Machine): string {
  return said
    .replaceAll('sudo ', '')
    .replaceAll('/run/credentials/wingman.service/host-tokens', '/etc/wingman/host-tokens.txt')
    .replace(/(?<![\w.])\/(etc|opt)\//g, `${folder}/$1/`)
    .replace(/(?<![\w.])\/opt\b(?!\/)/g, `${folder}/opt`)
    .replaceAll('./wingman-tunnel-0.1.0.tgz', archive)
    .replaceAll('127.0.0.1:8787', `127.0.0.1:${upstream}`)
    .replaceAll('https://tunnel.example.org', `https://localhost:${port}`)
    .replaceAll('tunnel.example.org', 'localhost');
}

/** As the unit has it, without what only systemd can do. */
function startServer({ folder, started, upstream }: Machine): void {
  const unit = readFileSync(join(folder, 'etc/systemd/system/wingman.service'), 'utf8');
  const [, line = ''] = /^ExecStart=\/usr\/bin\/node (.*)$/m.exec(unit) ?? [];
  const settings = readFileSync(join(folder, 'etc/wingman/server.env'), 'utf8').trim().split('\n');
  const env: NodeJS.ProcessEnv = { TUNNEL_PORT: String(upstream) };
  for (const setting of settings) {
    const [name = '', value = ''] = setting.split('=', 2);
    env[name] = value;
  }
  const args = line.replace('/opt/', `${folder}/opt/`).split(' ');
  started.push(new Program(process.execPath, args, { env }));
}

async function startCaddy(machine: Machine): Promise<void> {
  const { folder, port, started, upstream } = machine;
  const env = {
    ...{ HTTP_PORT: String(await freePort()), HTTPS_PORT: String(port), CADDY_ADMIN: 'off' },
    ...{ TLS_ISSUER: 'internal', WINGMAN: `127.0.0.1:${upstream}` },
    ...{ XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
  };
  const args = ['run', '--config', join(folder, 'etc/caddy/Caddyfile'), '--adapter', 'caddyfile'];
  started.push(new Program('caddy', args, { env }));
  const authority = authorityOf(machine);
  await eventually('Caddy', () => readFileSync(authority).byteLength > 0);
  const url = `https://localhost:${port}/healthz`;
  await eventually('Caddy', async () => (await curl(url, { seconds: 2 })).status === '200');
}

function authorityOf({ folder }: Machine): string {
  return join(folder, 'caddy/pki/authorities/local/root.crt');
}

/** Shares an app as the guide says, and opens it. */
async function share(command: string, machine: Machine): Promise<void> {
  const { app, folder, started } = machine;
  const token = readFileSync(join(folder, 'etc/wingman/host-tokens.txt'), 'utf8').trim();
  const said = command.replace('<token>', token).split(' ').slice(2);
  const args = said.map((each) => (each === '3000' ? String(app) : each));
  const program = join(folder, 'opt/wingman/node_modules/.bin/wingman');
  const extra = ['--json', '--ingress', 'open', '--no-inspector'];
  const env = { NODE_EXTRA_CA_CERTS: authorityOf(machine) };
  const host = new Program(program, [...args, ...extra], { env });
  started.push(host);
  const ready = await host.find('the session', (lines) => lines[0]);
  const { url = '' } = JSON.parse(ready) as { url?: string };
  const page = await curl(new URL(url).origin);
  if (!page.body.includes('plain app page')) throw new Error(`${page.status} ${page.body}`);
}
