import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { startFixtureApp, type FixtureApp } from '../support/fixture-app.js';
import { get } from '../support/http.js';
import { Program, ROOT } from '../support/processes.js';
import { RelayViewer } from '../support/relay-viewer.js';
import { runStep, stepsOf } from '../support/workflow.js';

const run = promisify(execFile);
/** npm, the compiler and the bundler take seconds each, and many on a busy machine. */
const BUILD_MS = 180_000;

let app: FixtureApp;
let folder: string;
let tarball: string;
/** A machine that has never seen the package, without a network: the engines are left out. */
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  app = await startFixtureApp();
  folder = await mkdtemp(join(tmpdir(), 'wingman-package-'));
  env = {
    ...process.env,
    npm_config_cache: join(folder, 'cache'),
    npm_config_offline: 'true',
    npm_config_omit: 'optional',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_loglevel: 'error',
  };
  await run(process.execPath, ['scripts/package.mjs', folder], { cwd: ROOT, env });
  const name = (await readdir(folder)).find((file) => file.endsWith('.tgz'));
  tarball = join(folder, name ?? 'no tarball');
}, BUILD_MS);

afterAll(async () => {
  await app.close();
  await rm(folder, { recursive: true, force: true });
});

async function emptyFolder(name: string): Promise<string> {
  const made = join(folder, name);
  await mkdir(made);
  return made;
}

describe('the npm package', () => {
  test(
    'shares an app from an empty folder by npx',
    async () => {
      const cwd = await emptyFolder('by-npx');
      // npx takes a file for a package only by a relative path.
      const args = [
        '--yes',
        relative(cwd, tarball),
        String(app.port),
        '--ingress',
        'open',
        '--json',
      ];
      const program = new Program('npx', args, { cwd, env, group: true });
      const ready = await program.find('ready event', ([line]) => line);
      const { inspector, url, p2p } = JSON.parse(ready) as {
        inspector: string;
        url: string;
        p2p: { enabled: boolean };
      };
      expect(p2p.enabled).toBe(false);
      expect((await (await fetch(inspector)).text()).toLowerCase()).toContain('<!doctype html>');
      const { origin } = new URL(url);
      expect((await get(origin, '/headers')).body).toContain('x-forwarded-host');
      expect((await get(origin, '/__wingman/sw.js')).status).toBe(200);
      await program.stop();
    },
    BUILD_MS,
  );

  test(
    'is a library with types and the example of its README',
    async () => {
      const cwd = await emptyFolder('by-install');
      await run('npm', ['install', '--no-save', tarball], { cwd, env });
      const installed = join(cwd, 'node_modules', 'wingman-tunnel');
      const readme = await readFile(join(installed, 'README.md'), 'utf8');
      const [, example = ''] = /```ts\n([^]*?)```/.exec(readme) ?? [];
      expect(example).toContain("from 'wingman-tunnel'");
      await writeFile(join(cwd, 'example.mts'), example);
      const wrong = `import { share } from 'wingman-tunnel';\nawait share({ port: 1, expires: 30 });\n`;
      await writeFile(join(cwd, 'wrong.mts'), wrong);
      const plugin = `import { wingman } from 'wingman-tunnel/vite';\nwingman({ name: 'shop' }).closeBundle();\n`;
      await writeFile(join(cwd, 'plugin.mts'), plugin);
      await writeFile(join(cwd, 'main.mjs'), PROGRAM);
      const [output, found] = await Promise.all([
        run(process.execPath, ['main.mjs', String(app.port)], { cwd, env }),
        typeErrors(cwd, ['example.mts', 'plugin.mts', 'wrong.mts']),
      ]);
      expect(found).toEqual([
        "wrong.mts(2,24): error TS2322: Type 'number' is not assignable to type 'string'.",
      ]);
      expect(JSON.parse(output.stdout)).toEqual({
        status: 200,
        wrong: 'CONFIG_INVALID',
        stopped: ['closed'],
        after: 'refused',
      });
    },
    BUILD_MS,
  );

  test(
    'is what the example workflow shares a pull request with, step by step',
    async () => {
      const cwd = await emptyFolder('by-workflow');
      const example = join(ROOT, 'examples/github-preview');
      await cp(join(example, 'share-preview.sh'), join(cwd, 'share-preview.sh'));
      for (const [file, text] of Object.entries(CHECKED_OUT))
        await writeFile(join(cwd, file), text);
      const summary = join(cwd, 'summary.md');
      const runner = {
        ...{ cwd, values: { 'vars.WINGMAN_PACKAGE': tarball } },
        env: { ...env, GITHUB_STEP_SUMMARY: summary, TUNNEL_PORT: '0', CI: 'true' },
      };
      const steps = stepsOf(join(example, 'preview.yml'), 'preview');
      expect(steps.flatMap(({ uses }) => uses?.replace(/@v\d+$/, '') ?? [])).toEqual([
        ...['actions/checkout', 'actions/setup-node'],
      ]);
      const typed = steps.filter(({ run }) => run !== undefined);
      const keepsOpen = typed.pop() ?? {};
      for (const step of typed)
        expect([step.name, await runStep(step, runner)]).toEqual([step.name, 0]);
      const pid = Number(await readFile(join(cwd, 'wingman.pid'), 'utf8'));
      const kept = runStep(keepsOpen, runner);
      try {
        const url = /<(http\S+#k=[\w-]+)>/.exec(await readFile(summary, 'utf8'))?.[1] ?? '';
        const viewer = await RelayViewer.join({ ready: { url, session: '', server: '' } });
        expect((await viewer.get('/')).text).toBe('a pull request');
        viewer.close();
      } finally {
        process.kill(pid);
      }
      // The job ends with the session.
      expect(await kept).toBe(0);
    },
    BUILD_MS,
  );

  test('has no package of the workspace in it, and the licences of the others', async () => {
    const made = join(folder, 'package');
    const manifest = await readFile(join(made, 'package.json'), 'utf8');
    expect(JSON.parse(manifest)).not.toHaveProperty('dependencies');
    const types = ['share', 'shared-app', 'vite'].map((name) => `types/${name}.d.ts`);
    const files = ['package.json', ...types];
    for (const file of files)
      expect(await readFile(join(made, file), 'utf8')).not.toContain('@wingman/');
    const licences = await readFile(join(made, 'THIRD-PARTY-LICENSES.txt'), 'utf8');
    for (const name of ['express', 'preact', 'undici', 'ws']) {
      expect(licences).toMatch(new RegExp(`^${name} \\d`, 'm'));
    }
  });
});

/** What the workflow's first steps leave: an app with its lock file. */
const CHECKED_OUT = {
  'package.json': JSON.stringify({ name: 'app', scripts: { dev: 'node server.js' } }),
  'package-lock.json': JSON.stringify({ name: 'app', lockfileVersion: 3, packages: { '': {} } }),
  'server.js': `require('http').createServer((q, r) => r.end('a pull request')).listen(0, '127.0.0.1');`,
};

/** Shares the port that it is given, looks at it, and prints what it has seen. */
const PROGRAM = `
import { share } from 'wingman-tunnel';
const wrong = await share({ port: process.argv[2], expires: 'soon' }).catch(({ code }) => code);
const app = await share({ port: Number(process.argv[2]) });
const stopped = [];
app.on('stopped', ({ reason }) => stopped.push(reason));
const { port } = new URL(app.server);
const url = 'http://127.0.0.1:' + port + '/headers';
const headers = { authorization: 'Bearer ' + app.ingressToken };
const { status } = await fetch(url, { headers });
await app.close();
const after = await fetch(url).then(() => 'answered', () => 'refused');
console.log(JSON.stringify({ status, wrong, stopped, after }));
process.exit();
`;

/** What the compiler says of programs that use the package, a line each. */
async function typeErrors(cwd: string, files: readonly string[]): Promise<string[]> {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022'];
  const libraries = ['--lib', 'es2022,dom'];
  const args = [tsc, ...options, ...libraries, ...files];
  const said = await run(process.execPath, args, { cwd }).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  );
  return said.split('\n').filter((line) => line.includes('error'));
}
