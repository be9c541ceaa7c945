// `npm run bench:rivals`: fetches what is compared with, bundles the program and runs it.
import { build } from 'esbuild';
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installLocaltunnel } from '../lab/localtunnel.mjs';

const here = dirname(fileURLToPath(import.meta.url));
// Two folders below the root, as the sources' own paths expect.
const out = join(here, '../../node_modules/.wingman-rivals');

await installLocaltunnel(out);
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
