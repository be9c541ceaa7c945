import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { cleanups } from './cleanups.js';
import { tellOnFailure } from '../../../node-kit/test/support/tell-on-failure.js';
import { until } from './until.js';

const BINARY = fileURLToPath(new URL('../../bin/wingman.js', import.meta.url));

/** A process starts within a second, and on a busy machine within many. */
const EVENT_MS = 30_000;

/** A running `wingman`; what it says is collected. */
export interface Cli {
  readonly process: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** The JSON lines so far. */
  events(): { event: string; [field: string]: unknown }[];
  /** Waits for an event of `--json`. */
  event(name: string): Promise<{ event: string; [field: string]: unknown }>;
  /** The exit code; null when a signal ended it. */
  readonly exited: Promise<number | null>;
}

/** Starts the real binary in an empty directory, so that no `.env` is found; `through` is a command that runs it. */
export function runCli(
  args: string[],
  env: Record<string, string> = {},
  cwd = '/',
  through: readonly string[] = [],
): Cli {
  const [program = '', ...rest] = [...through, process.execPath, BINARY, ...args];
  const child = spawn(program, rest, {
    cwd,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  cleanups.push(tellOnFailure(() => `wingman ${args.join(' ')}:\n${out}${err}`));
  const events = (): { event: string }[] =>
    out
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { event: string });
  return {
    process: child,
    stdout: () => out,
    stderr: () => err,
    events,
    event: async (name) => {
      const find = () => events().find(({ event }) => event === name);
      await until(() => find() !== undefined, `the event ${name}`, EVENT_MS);
      return find()!;
    },
    exited,
  };
}
