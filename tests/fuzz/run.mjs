// `npm run fuzz -- --minutes N [--target NAME]`: bundles the fuzzer and runs it.
import { build } from 'esbuild';
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, '../../node_modules/.wingman-fuzz/main.mjs');
await build({
  entryPoints: [join(here, 'main.ts')],
  outfile: out,
  ...{ bundle: true, format: 'esm', platform: 'node', target: 'node20', packages: 'external' },
});
const child = spawn(process.execPath, [out, ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, WINGMAN_FUZZ_FOLDER: here },
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.once('exit', (code) => (process.exitCode = code ?? 1));
