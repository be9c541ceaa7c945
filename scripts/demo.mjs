// Starts the example app unless a port is given, then shares it; stops both on Ctrl-C.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const START_DEADLINE_MS = 60_000;
const [first, ...rest] = process.argv.slice(2);
const givenPort = /^\d+$/.test(first ?? '') ? first : undefined;
const options = givenPort === undefined ? process.argv.slice(2) : rest;

/** Starts Vite as its own docs say and resolves with the port it prints. */
function startExample() {
  const example = join(root, 'examples/vite-react');
  const vite = spawn(process.execPath, ['node_modules/vite/bin/vite.js', '--no-clear-screen'], {
    cwd: example,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
  });
  const port = new Promise((resolve, reject) => {
    const late = () =>
      reject(new Error(`the example did not start within ${START_DEADLINE_MS} ms`));
    const deadline = setTimeout(late, START_DEADLINE_MS);
    vite.once('exit', (code) => reject(new Error(`the example ended with code ${code}`)));
    createInterface({ input: vite.stdout }).on('line', (line) => {
      const match = /localhost:(\d+)/.exec(line);
      if (match === null) return;
      clearTimeout(deadline);
      resolve(match[1]);
    });
  });
  return { vite, port };
}

async function main() {
  const example = givenPort === undefined ? startExample() : undefined;
  const port = givenPort ?? (await example.port);
  const cli = join(root, 'packages/relay-server/bin/wingman.js');
  const wingman = spawn(process.execPath, [cli, 'share', port, ...options], { stdio: 'inherit' });
  // A terminal sends Ctrl-C to all three; a plain kill reaches only this one.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => wingman.kill(signal));
  wingman.once('exit', (code) => {
    example?.vite.kill();
    process.exitCode = code ?? 1;
  });
}

main().catch((error) => {
  console.error(`error: ${error.message}`);
  process.exit(1);
});
