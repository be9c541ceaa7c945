import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
// It is a CommonJS module, whose names Node doesn't see.
import xterm from '@xterm/headless';
import { cleanups } from './cleanups.js';
import { tellOnFailure } from '../../../node-kit/test/support/tell-on-failure.js';
import { until } from './until.js';

const BINARY = fileURLToPath(new URL('../../bin/wingman.js', import.meta.url));
const PSEUDO_TERMINAL = fileURLToPath(new URL('./pseudo-terminal.py', import.meta.url));

/** A `wingman` in a terminal of its own. */
export interface TerminalSession {
  /** The rows that are on the screen now, without blanks at their ends. */
  readonly rows: () => string[];
  /** Everything that was ever shown, wrapped lines put together. */
  readonly lines: () => string[];
  /** Every byte that was written, with the sequences in it. */
  readonly raw: () => string;
  readonly type: (keys: string) => void;
  /** Waits until a text is somewhere in the lines; those of a failed test are told. */
  readonly shows: (text: string) => Promise<void>;
  /** With all that it has said in the lines. */
  readonly exited: Promise<number | null>;
}

export interface TerminalOptions {
  readonly columns: number;
  readonly rows: number;
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  /** What runs the command in its place, as `env` does. */
  readonly through?: readonly string[];
}

/** A command that runs another one in a network of its own, where nothing listens but a server with that page. */
export function alone(page: string, port: number): string[] {
  const script = `require('http').createServer((q, r) => r.end(${JSON.stringify(page)})).listen(${port}, () => {
    const [program, ...args] = process.argv.slice(1);
    const child = require('child_process').spawn(program, args, { stdio: 'inherit' });
    child.once('exit', (code) => process.exit(code));
  });`;
  const withLoopback = ['sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];
  return ['unshare', ...networkOfItsOwn(), ...withLoopback, process.execPath, '-e', script];
}

/** Arguments of `unshare`: root may have one, and others where they may be root in it. */
function networkOfItsOwn(): string[] {
  const { status } = spawnSync('unshare', ['--net', 'true']);
  return status === 0 ? ['--net'] : ['--net', '--map-root-user'];
}

/** Starts the real binary in a pseudo-terminal of that size. */
export function inTerminal(args: readonly string[], options: TerminalOptions): TerminalSession {
  const { columns, rows, env = {}, cwd = '/', through = [] } = options;
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  const size = [String(columns), String(rows)];
  const command = [...through, process.execPath, BINARY, ...args];
  const child = spawn('python3', [PSEUDO_TERMINAL, ...size, ...command], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TERM: 'xterm-256color', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let raw = '';
  child.stdout.on('data', (chunk: Buffer) => {
    raw += chunk.toString();
    terminal.write(chunk);
  });
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  // What was written last is read in a later turn.
  const drawn = (): Promise<void> => new Promise((resolve) => terminal.write('', resolve));
  const exited = closed.then((code) => drawn().then(() => code));
  cleanups.push(async () => {
    // The command in the terminal gets SIGHUP when its terminal goes.
    child.kill('SIGKILL');
    await exited;
    terminal.dispose();
  });
  cleanups.push(tellOnFailure(() => `wingman ${args.join(' ')}:\n${lines().join('\n')}`));
  const { active } = terminal.buffer;
  const rowsFrom = (first: number): string[] => {
    const all = Array.from({ length: active.length - first }, (_, row) =>
      active.getLine(first + row),
    );
    return all.map((line) => line?.translateToString(true) ?? '');
  };
  const lines = (): string[] => {
    const whole: string[] = [];
    rowsFrom(0).forEach((text, row) => {
      if (active.getLine(row)?.isWrapped === true) whole.push((whole.pop() ?? '') + text);
      else whole.push(text);
    });
    return whole;
  };
  return {
    rows: () => rowsFrom(active.baseY),
    lines,
    raw: () => raw,
    type: (keys) => void child.stdin.write(keys),
    shows: (text) => until(() => lines().some((line) => line.includes(text)), text),
    exited,
  };
}
