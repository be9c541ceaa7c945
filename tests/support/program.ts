import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

// Free of Jest: the fault campaign uses it too.

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const START_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 10_000;

/** Rejects, naming what was waited for, when a promise takes too long. */
export async function within<T>(
  milliseconds: number,
  what: string,
  promise: Promise<T>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${what}: not within ${milliseconds} ms`)),
      milliseconds,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A question asked just before the deadline gets this long. */
const LAST_ANSWER_MS = 1_000;

/** Asks again and again until the answer is neither undefined, false nor an error. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  milliseconds = 30_000,
): Promise<T> {
  const end = Date.now() + milliseconds;
  let last: unknown;
  for (let left = milliseconds; left > 0; left = end - Date.now()) {
    try {
      // A question that is never answered would outlast the deadline, and nothing would say what was asked.
      const answer = await within(Math.max(left, LAST_ANSWER_MS), 'asked', Promise.resolve(ask()));
      if (answer !== undefined && answer !== false) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`${what}: not within ${milliseconds} ms (last: ${String(last)})`);
}

/** Programs still running. */
export const running = new Set<Program>();

/** A child process whose output is kept for the moment something goes wrong. */
export class Program {
  readonly lines: string[] = [];
  readonly errors: string[] = [];
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #leadsGroup: boolean;

  /** With `group`, signals reach what the program has started, too; with `hasInput` it reads what is typed. */
  constructor(
    command: string,
    args: readonly string[],
    options: { cwd?: string; env?: NodeJS.ProcessEnv; group?: boolean; hasInput?: boolean } = {},
  ) {
    this.#leadsGroup = options.group === true;
    this.#child = spawn(command, args, {
      cwd: options.cwd ?? ROOT,
      env: { ...process.env, ...options.env },
      detached: this.#leadsGroup,
      stdio: [options.hasInput === true ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    });
    this.exited = new Promise((resolve) => this.#child.once('close', resolve));
    running.add(this);
    void this.exited.then(() => running.delete(this));
    keepLines(this.#child.stdout, this.lines);
    keepLines(this.#child.stderr, this.errors);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The first thing found in the program's output; rejects with that output when it ends or is late. */
  async find<T>(what: string, look: (lines: readonly string[]) => T | undefined): Promise<T> {
    const ended = this.exited.then((code) => {
      throw new Error(`${what}: the program ended with ${code}\n${this.output()}`);
    });
    ended.catch(() => undefined);
    return Promise.race([ended, eventually(what, () => look(this.lines), START_DEADLINE_MS)]);
  }

  /** Writes a line to the program's standard input. */
  type(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  output(lines = 60): string {
    return [...this.lines, ...this.errors].slice(-lines).join('\n');
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.#leadsGroup || this.#child.pid === undefined) return void this.#child.kill(signal);
    try {
      process.kill(-this.#child.pid, signal);
    } catch {
      // The whole group has ended.
    }
  }

  /** Ctrl-C, and SIGKILL for one that does not listen. */
  async stop(): Promise<number | null> {
    if (this.#child.exitCode === null) this.signal('SIGINT');
    const kill = setTimeout(() => this.signal('SIGKILL'), STOP_DEADLINE_MS);
    const code = await this.exited;
    clearTimeout(kill);
    return code;
  }
}

function keepLines(stream: NodeJS.ReadableStream | null, into: string[]): void {
  if (stream === null) return;
  createInterface({ input: stream }).on('line', (line) => {
    into.push(line);
    if (into.length > 5_000) into.shift();
  });
}
