import { closeBrowsers } from '../support/browser.js';
import { running } from '../support/program.js';
import { restoreFiles } from './dev-server.js';
import { MATRIX } from './matrix.js';
import { help, parseOptions } from './options.js';
import { runRow, type Outcome } from './run-row.js';
import { formatTable } from './table.js';

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2), MATRIX);
  if (options === undefined) {
    process.stdout.write(help(MATRIX));
    return 0;
  }
  const place = { folder: options.cache, isFresh: options.isFresh };
  const outcomes: Outcome[] = [];
  for (const [n, framework] of options.rows.entries()) {
    const say = (text: string): void => {
      process.stderr.write(`[${n + 1}/${options.rows.length}] ${framework.title}: ${text}\n`);
    };
    say('making the app');
    const results = await runRow(framework, options.browsers, place, say);
    for (const fault of results.flatMap(({ faults }) => faults)) say(`FAILED: ${fault}`);
    outcomes.push(...results);
  }
  return report(outcomes);
}

function report(outcomes: readonly Outcome[]): number {
  const failures = outcomes.filter(({ faults }) => faults.length > 0);
  const table = formatTable(outcomes.map(({ line }) => line));
  const rows = `${outcomes.length - failures.length} passed, ${failures.length} failed`;
  process.stdout.write(`\nNode ${process.versions.node}\n\n${table}\n\n${rows}\n`);
  return failures.length === 0 ? 0 : 1;
}

/** Dev servers lead groups of their own, so Ctrl-C doesn't reach them by itself. */
async function stop(): Promise<void> {
  for (const program of running) program.signal('SIGKILL');
  restoreFiles();
  await closeBrowsers();
  process.exit(130);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(2);
  },
);
