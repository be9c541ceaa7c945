// Runs Jest in groups and prints one closing line with the counts.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Browser tests that measure memory, or break the network by the clock: nothing else runs beside them. */
const ALONE = '(large-bodies|interruptions|grace-time|service-worker-killed)';
const GROUPS = [
  {
    projects: [
      'protocol',
      'web-policy',
      'node-kit',
      'tunnel-server',
      'app-worker',
      'browser-client',
    ],
    workers: 2,
  },
  // Real engines and servers want the machine to themselves. An engine's own threads may hold a process that is
  // done, as they may the host's, which exits by force too; what the tests leave, the leak guard has found by then.
  { projects: ['relay-server'], workers: 1, isHeld: true },
  { projects: ['integration'], workers: 1 },
  // They wait more than they work.
  { projects: ['browsers'], workers: 3, files: `/browsers/(?!${ALONE}\\.)[^/]+$` },
  { projects: ['browsers'], workers: 1, files: `/browsers/${ALONE}\\.` },
  { projects: ['faults'], workers: 1 },
];

/** Twice what the slowest group takes on two busy cores; a group that hangs ends then. */
const GROUP_DEADLINE_MS = 25 * 60_000;
const KILL_AFTER_MS = 5_000;
const SLOWEST_SHOWN = 5;

const scratch = mkdtempSync(join(tmpdir(), 'wingman-test-'));
const total = { passed: 0, failed: 0 };
for (const [index, { projects, workers, files, isHeld }] of GROUPS.entries()) {
  const report = join(scratch, `${index}.json`);
  const jest = [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    join(root, 'node_modules/jest/bin/jest.js'),
    '--selectProjects',
    ...projects,
    `--maxWorkers=${workers}`,
    ...(files === undefined ? [] : [`--testPathPatterns=${files}`]),
    ...(isHeld ? ['--forceExit'] : []),
    '--json',
    `--outputFile=${report}`,
    ...process.argv.slice(2),
  ];
  const began = performance.now();
  const status = await run(jest);
  count(report, status, (performance.now() - began) / 1000);
}
rmSync(scratch, { recursive: true, force: true });
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;

/** Resolves to the exit code; past the deadline everything that the group has started is stopped. */
function run(jest) {
  const child = spawn(process.execPath, jest, {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
  });
  // SIGTERM first: with it the browsers, which have process groups of their own, are closed too.
  const stop = () => {
    signalGroup(child.pid, 'SIGTERM');
    setTimeout(() => signalGroup(child.pid, 'SIGKILL'), KILL_AFTER_MS).unref();
  };
  const interrupted = () => {
    stop();
    child.once('exit', () => process.exit(130));
  };
  process.once('SIGINT', interrupted);
  const timer = setTimeout(() => {
    console.error(`not done within ${GROUP_DEADLINE_MS / 60_000} minutes: stopped`);
    stop();
  }, GROUP_DEADLINE_MS);
  return new Promise((resolve) => {
    child.once('exit', (status) => {
      clearTimeout(timer);
      process.off('SIGINT', interrupted);
      resolve(status ?? 1);
    });
  });
}

/** A suite that could not run, or a crashed runner, counts as a failure. */
function count(report, status, seconds) {
  try {
    const result = JSON.parse(readFileSync(report, 'utf8'));
    printSlowest(result.testResults, seconds);
    total.passed += result.numPassedTests;
    total.failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
    if (status !== 0 && result.numFailedTests + result.numRuntimeErrorTestSuites === 0)
      total.failed += 1;
  } catch {
    total.failed += 1;
  }
}

/** What a group took, and its slowest files: where to look first when the suite has become slow. */
function printSlowest(files, seconds) {
  const slowest = files
    .map(({ name, startTime, endTime }) => ({ name: basename(name), ms: endTime - startTime }))
    .sort((left, right) => right.ms - left.ms)
    .slice(0, SLOWEST_SHOWN)
    .map(({ name, ms }) => `${name} ${(ms / 1000).toFixed(0)} s`);
  console.log(`${seconds.toFixed(0)} s for ${files.length} files; slowest: ${slowest.join(', ')}`);
}

/** Signals a process and all that it has started and that still run. */
function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}
