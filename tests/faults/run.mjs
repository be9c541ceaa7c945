// `npm run test:faults`: bundles the campaign's programs and runs it.
import { build } from 'esbuild';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
// Two folders below the root, as the sources' own paths expect.
const out = join(here, '../../node_modules/.wingman-faults');
const node = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
};

const needsApp = !process.argv.some((option) => /^--(help|seam)\b/.test(option));
if (needsApp && !existsSync(join(here, '../../examples/vite-react/node_modules/vite'))) {
  console.error(
    'The app under the faults is not installed: npm install --no-save --prefix examples/vite-react',
  );
  process.exit(1);
}

const page = await build({
  entryPoints: [join(here, 'app/page.ts')],
  ...{ bundle: true, format: 'iife', target: 'es2022', write: false, charset: 'ascii' },
});
await build({
  entryPoints: { main: join(here, 'main.ts'), app: join(here, 'app/server.ts') },
  outdir: out,
  outExtension: { '.js': '.mjs' },
  ...node,
});
const child = spawn(process.execPath, [join(out, 'main.mjs'), ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, WINGMAN_PAGE_SCRIPT: page.outputFiles[0].text },
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.once('exit', (code) => (process.exitCode = code ?? 1));
