// Bundles a program of the tests and runs it with this process's arguments.
import { build } from 'esbuild';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** `name` is the folder's below `tests`; the bundle lies two folders below the root, as the sources' own paths expect. */
export async function runBundled(name) {
  const at = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
  const outfile = at(`node_modules/.wingman-${name}/main.mjs`);
  await build({
    entryPoints: [at(`tests/${name}/main.ts`)],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
  });
  const child = spawn(process.execPath, [outfile, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.once('exit', (code) => (process.exitCode = code ?? 1));
}
