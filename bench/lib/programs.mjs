import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const CLI = join(ROOT, 'packages/relay-server/bin/wingman.js');
const START_DEADLINE_MS = 30_000;
const CROWD_DEADLINE_MS = 120_000;

const running = new Set();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

const hasEnded = ({ exitCode, signalCode }) => exitCode !== null || signalCode !== null;

/** Starts a program and resolves with the first line for which `look` finds something. */
export function start(command, args, look, env = {}, deadlineMs = START_DEADLINE_MS) {
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
    // A Ctrl-C is the bench's: it ends them in their order.
    detached: true,
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const lines = createInterface({ input: child.stdout });
  const found = new Promise((resolve, reject) => {
    let last = '';
    const fail = (what) => reject(new Error(`${args.at(-1)} ${what}; at last it said: ${last}`));
    const deadline = setTimeout(() => fail(`was not ready in ${deadlineMs} ms`), deadlineMs);
    child.once('error', reject);
    child.once('exit', (code) => fail(`ended with ${code}`));
    lines.on('line', (line) => {
      last = line;
      const value = look(line);
      if (value === undefined) return;
      clearTimeout(deadline);
      resolve(value);
    });
  });
  return found.then(
    (value) => ({ value, child, nextLine: () => nextLine(child, lines), stop: () => stop(child) }),
    (error) => {
      child.kill('SIGKILL');
      throw error;
    },
  );
}

/** The same for a program that says on its standard error that it is ready; nothing of what it says is shown. */
export function startQuiet(command, look) {
  return start('sh', ['-c', 'exec "$@" 2>&1', 'sh', ...command], look);
}

function nextLine(child, lines) {
  if (hasEnded(child)) return Promise.reject(new Error('a program has ended'));
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error('a program ended before it answered'));
    child.once('exit', ended);
    lines.once('line', (line) => {
      child.off('exit', ended);
      resolve(line);
    });
  });
}

function stop(child) {
  if (hasEnded(child)) return Promise.resolve();
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGINT');
  const kill = setTimeout(() => child.kill('SIGKILL'), 5_000);
  return exited.finally(() => clearTimeout(kill));
}

const readyEvent = (line) => (line.startsWith('{"event":"ready"') ? JSON.parse(line) : undefined);

/** `wingman share PORT --json`; its value is the ready event. */
export function share(port, args = [], wrap = []) {
  const command = [...wrap, process.execPath, CLI, 'share', String(port), '--json', ...args];
  return start(command[0], command.slice(1), readyEvent, { LOG_LEVEL: 'error' });
}

/** `wingman server --json`, on a free port when no other is named; its value is the ready event. */
export function server(args = [], wrap = [], env = {}) {
  const command = [...wrap, process.execPath, CLI, 'server', '--port', '0', '--json', ...args];
  return start(command[0], command.slice(1), readyEvent, { LOG_LEVEL: 'error', ...env });
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

/** Viewers of a session that ask for nothing; the value is how many links are open, and so is each next line. */
export function idleViewers(url, count) {
  const program = join(ROOT, 'bench/lib/idle-viewers.mjs');
  const said = (line) => (line.startsWith('{') ? JSON.parse(line) : undefined);
  return start(process.execPath, [program, url, String(count)], said, {}, CROWD_DEADLINE_MS);
}

/** The bench's own app, on loopback or on every address; its value is the port. */
export function app(wrap = [], address = '127.0.0.1') {
  const command = [...wrap, process.execPath, join(ROOT, 'bench/lib/app.mjs'), address];
  return start(command[0], command.slice(1), (line) => Number(line) || undefined);
}
