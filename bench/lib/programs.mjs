import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const CLI = join(ROOT, 'packages/relay-server/bin/wingman.js');
const START_DEADLINE_MS = 30_000;
const CROWD_DEADLINE_MS = 120_000;

/** Starts a program and resolves with the first line for which `look` finds something. */
export function start(command, args, look, env = {}, deadlineMs = START_DEADLINE_MS) {
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const found = new Promise((resolve, reject) => {
    const late = () => reject(new Error(`${command} said nothing useful in ${deadlineMs} ms`));
    const deadline = setTimeout(late, deadlineMs);
    child.once('exit', (code) => reject(new Error(`${command} ended with ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const value = look(line);
      if (value === undefined) return;
      clearTimeout(deadline);
      resolve(value);
    });
  });
  return found.then(
    (value) => ({ value, child, stop: () => stop(child) }),
    (error) => {
      child.kill('SIGKILL');
      throw error;
    },
  );
}

function stop(child) {
  if (child.exitCode !== null) return Promise.resolve();
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGINT');
  const kill = setTimeout(() => child.kill('SIGKILL'), 5_000);
  return exited.finally(() => clearTimeout(kill));
}

/** `wingman share PORT --json`; its value is the ready event. */
export function share(port, args = [], wrap = []) {
  const command = [...wrap, process.execPath, CLI, 'share', String(port), '--json', ...args];
  const ready = (line) => (line.startsWith('{"event":"ready"') ? JSON.parse(line) : undefined);
  return start(command[0], command.slice(1), ready, { LOG_LEVEL: 'error' });
}

/** `wingman server --json` on a free port; its value is the ready event. */
export function server(args = []) {
  const ready = (line) => (line.startsWith('{"event":"ready"') ? JSON.parse(line) : undefined);
  const command = [CLI, 'server', '--port', '0', '--json', ...args];
  return start(process.execPath, command, ready, { LOG_LEVEL: 'error' });
}

/** Hostile clients, at a lower priority than who is measured; the value is how often each outcome has come. */
export function crowd(args) {
  const command = [
    '-n',
    '5',
    process.execPath,
    join(ROOT, 'bench/lib/crowd.mjs'),
    ...args.map(String),
  ];
  const said = (line) => (line.startsWith('{') ? JSON.parse(line) : undefined);
  return start('nice', command, said, {}, CROWD_DEADLINE_MS);
}

/** The bench's own app; its value is the port. */
export function app(wrap = []) {
  const command = [...wrap, process.execPath, join(ROOT, 'bench/lib/app.mjs')];
  return start(command[0], command.slice(1), (line) => Number(line) || undefined);
}
