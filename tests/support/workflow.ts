import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** A step of a job, of what GitHub's syntax has for one. */
export interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly steps: readonly Step[] }>>;
}

/** The steps of a job in a workflow file. */
export function stepsOf(file: string, job: string): readonly Step[] {
  const { jobs } = parse(readFileSync(file, 'utf8')) as Workflow;
  return jobs[job]?.steps ?? [];
}

/** Where a step runs, and what its expressions (`${{ vars.NAME }}`, `${{ secrets.NAME }}`) stand for. */
export interface Runner {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly values: Readonly<Record<string, string>>;
}

/** Runs a step's commands as GitHub's runner does: by `bash -e`, and not waiting for what they leave behind. Returns the exit code. */
export async function runStep({ run = '', env = {} }: Step, runner: Runner): Promise<unknown> {
  const filled = (text: string): string =>
    text.replaceAll(/\$\{\{ *(\w+\.\w+) *\}\}/g, (_, name: string) => runner.values[name] ?? '');
  const own = Object.entries(env).map(([name, value]): [string, string] => [name, filled(value)]);
  const child = spawn('bash', ['-e', '-c', filled(run)], {
    cwd: runner.cwd,
    env: { ...runner.env, ...Object.fromEntries(own) },
    stdio: 'ignore',
  });
  const [code] = (await once(child, 'exit')) as [unknown];
  return code;
}
