import { execSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Program, within } from '../support/program.js';
import type { Framework, Step } from './framework.js';
import { QUIET } from './quiet.js';

const STEP_DEADLINE_MS = 280_000;

/** Where a row's app is made. */
export interface Place {
  readonly folder: string;
  /** An app made there earlier is not used again. */
  readonly isFresh: boolean;
}

/** An app made from the registry, in a folder of its own. */
export class Scaffold {
  readonly framework: Framework;
  readonly #parent: string;

  private constructor(framework: Framework, parent: string) {
    this.framework = framework;
    this.#parent = parent;
  }

  /** Makes the app, or takes the one that the same steps have made in that place. */
  static async create(framework: Framework, { folder, isFresh }: Place): Promise<Scaffold> {
    const scaffold = new Scaffold(framework, folder);
    if (existsSync(scaffold.#done) && !isFresh) {
      // A run that was killed may have left an edit in them.
      for (const step of framework.scaffold) if (typeof step !== 'string') scaffold.#write(step);
      return scaffold;
    }
    scaffold.#clear();
    for (const step of framework.scaffold) await scaffold.#take(step);
    writeFileSync(scaffold.#done, '');
    return scaffold;
  }

  get folder(): string {
    return join(this.#parent, this.framework.name);
  }

  /** Name and installed version of each package that the row names. */
  versions(): string {
    const versionOf = (name: string): string => {
      const text = readFileSync(join(this.folder, 'node_modules', name, 'package.json'), 'utf8');
      return (JSON.parse(text) as { version: string }).version;
    };
    const { packages, version } = this.framework;
    if (version !== undefined)
      return execSync(version, { cwd: this.folder, encoding: 'utf8' }).trim();
    return packages.map((name) => `${name} ${versionOf(name)}`).join(', ');
  }

  /** Is there when the app is complete; another name once its steps have changed. */
  get #done(): string {
    const { name, scaffold } = this.framework;
    const steps = createHash('sha256').update(JSON.stringify(scaffold)).digest('hex').slice(0, 12);
    return join(this.#parent, `.${name}-${steps}.done`);
  }

  #clear(): void {
    rmSync(this.#done, { force: true });
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
    mkdirSync(this.#parent, { recursive: true });
  }

  async #take(step: Step): Promise<void> {
    if (typeof step !== 'string') return this.#write(step);
    const program = new Program('sh', ['-c', step], { cwd: this.#parent, env: QUIET, group: true });
    try {
      const code = await within(STEP_DEADLINE_MS, step, program.exited);
      if (code !== 0) throw new Error(`“${step}” ended with ${code}\n${program.output()}`);
    } finally {
      await program.stop();
    }
  }

  #write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      const path = join(this.folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  }
}
