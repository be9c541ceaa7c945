// `npm run lab`: bundles the lab and runs it.
import { build } from 'esbuild';
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
// Two folders below the root, as the sources' own paths expect.
const out = join(here, '../../node_modules/.wingman-lab/main.mjs');
await build({
  ...{ entryPoints: [join(here, 'main.ts')], outfile: out, bundle: true, format: 'esm' },
  ...{ platform: 'node', target: 'node20', packages: 'external' },
});
const child = spawn(process.execPath, [out, ...process.argv.slice(2)], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.once('exit', (code) => (process.exitCode = code ?? 1));
