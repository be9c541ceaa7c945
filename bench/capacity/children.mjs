import { join } from 'node:path';
import { ROOT, start } from '../lib/programs.mjs';

const parsed = (line) => (line.startsWith('{') ? JSON.parse(line) : undefined);

/** One question at a time to a child, with a deadline. */
class Child {
  constructor(program) {
    this.program = program;
  }

  async ask(ask, given = {}, withinMs = 60_000) {
    this.program.child.stdin.write(`${JSON.stringify({ ask, ...given })}\n`);
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${ask}: no answer in ${withinMs} ms`)), withinMs);
    });
    const answer = this.program.nextLine().then(JSON.parse);
    const { error, value } = await Promise.race([answer, late]).finally(() => clearTimeout(timer));
    if (error !== undefined) throw new Error(`${ask}: ${error}`);
    return value;
  }

  get pid() {
    return this.program.child.pid;
  }

  stop() {
    return this.program.stop();
  }
}

/** Starts one of the programs beside this file. */
export async function startChild(name, settings = {}) {
  const path = join(ROOT, `bench/capacity/${name}.mjs`);
  return new Child(await start(process.execPath, [path, JSON.stringify(settings)], parsed));
}

/** The bare splice; its value is where it listens. */
export async function startRawSplice() {
  const program = await startChild('raw-splice');
  return { server: `ws://127.0.0.1:${program.program.value.port}`, program };
}
