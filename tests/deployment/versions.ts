import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFixtureApp } from '../support/fixture-app.js';
import { Program, ROOT } from '../support/program.js';
import { RelayViewer } from '../support/relay-viewer.js';
import { CLI } from '../support/share.js';

/** Runs the version before this one, as host and as server, against this one. */
export async function checkVersions(): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'wingman-before-'));
  const app = await startFixtureApp();
  try {
    const before = previousVersion();
    const old = build(before, folder);
    const pairs = [
      { name: `host ${before} at the present server`, server: CLI, host: old },
      { name: `present host at server ${before}`, server: old, host: CLI },
    ];
    const lines: string[] = [];
    for (const { name, ...pair } of pairs) lines.push(`${name}: ${await meet(pair, app.port)}`);
    return lines;
  } finally {
    await app.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The commit to compare with: WINGMAN_BEFORE, the latest tag, or the commit before this one. */
function previousVersion(): string {
  const asked = process.env['WINGMAN_BEFORE'] ?? '';
  if (asked !== '') return asked;
  const [tag = ''] = git('tag', '--sort=-creatordate').split('\n');
  return tag === '' ? git('rev-parse', '--short', 'HEAD~1') : tag;
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
}

/** Builds a commit with the packages that are installed here; returns its command line. */
function build(commit: string, folder: string): string {
  const archive = join(folder, 'before.tar');
  git('archive', '-o', archive, commit);
  execFileSync('tar', ['xf', archive, '-C', folder]);
  linkModules(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const packages = join(folder, 'packages');
  mkdirSync(join(folder, 'node_modules/@wingman'));
  for (const name of readdirSync(packages)) {
    symlinkSync(join(packages, name), join(folder, 'node_modules/@wingman', name));
    linkModules(join(ROOT, 'packages', name, 'node_modules'), join(packages, name, 'node_modules'));
  }
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: folder, stdio: 'ignore' });
  return join(packages, 'relay-server/bin/wingman.js');
}

function linkModules(from: string, to: string): void {
  let names: string[];
  try {
    names = readdirSync(from);
  } catch {
    // Most packages have none of their own.
    return;
  }
  mkdirSync(to);
  for (const name of names) {
    if (name !== '@wingman') symlinkSync(join(from, name), join(to, name));
  }
}

/** A request over the relay and one at the ingress; or the host's last words when it isn't let in. */
async function meet(pair: { server: string; host: string }, port: number): Promise<string> {
  const server = start(pair.server, ['server', '--port', '0']);
  const { server: url = '' } = await readyOf(server);
  const host = start(pair.host, ['share', String(port), '--server', url, '--no-p2p']);
  const ready = await readyOf(host);
  const viewer = await RelayViewer.join({ ready: { url: '', session: '', server: '', ...ready } });
  const relayed = await viewer.get('/headers');
  const plain = await fetch(`${url}/healthz`);
  await host.stop();
  await server.stop();
  if (relayed.status !== 200 || plain.status !== 200) throw new Error('no answer');
  return 'a request over the relay is answered';
}

function start(cli: string, args: readonly string[]): Program {
  return new Program(process.execPath, [cli, ...args, '--json'], { env: { LOG_LEVEL: 'warn' } });
}

async function readyOf(program: Program): Promise<{ url?: string; server?: string }> {
  const line = await program.find('ready event', ([first]) => first);
  const event = JSON.parse(line) as { event: string; url?: string; server?: string };
  if (event.event !== 'ready') throw new Error(`not ready: ${line}`);
  return event;
}
