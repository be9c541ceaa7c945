// Runs every test and the linters, some at a time, and prints one closing line with the counts.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import jestConfig from '../jest.config.mjs';
import { startBrowsers, usedProfile } from './lib/test-browsers.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Browser files go to Jest in so many shares: few enough that its own start is cheap, many enough to end together. */
const BROWSER_SHARES = 12;
/**
 * Makes Jest run files in a process of their own, which it starts anew when it has grown to this. In Jest's own process
 * the guard against leaks would count Jest's timers too.
 */
const OWN_PROCESS = '--workerIdleMemoryLimit=2GB';
/** Most jobs wait for browsers, servers and networks about as long as they work. */
const AT_A_TIME = availableParallelism() + 1;

/** In the order in which they begin: those that wait most, and so leave room for others, come first. */
const JOBS = [
  { name: 'faults', jest: ['faults'] },
  { name: 'integration', jest: ['integration'] },
  { name: 'lint', command: ['npm', 'run', '--silent', 'lint'] },
  // A native engine's own threads may hold a process that is done, and so the host's tests end by force; what they
  // have left running, the leak guard has found by then.
  { name: 'relay-server', jest: ['relay-server'], flags: ['--forceExit'] },
  ...Array.from({ length: BROWSER_SHARES }, (_, index) => ({
    name: `browsers ${index + 1}`,
    jest: ['browsers'],
    drivesBrowsers: true,
    flags: [OWN_PROCESS, `--shard=${index + 1}/${BROWSER_SHARES}`],
  })),
  // About as long as each other, so that they end together.
  {
    name: 'units of the browser',
    jest: ['app-worker', 'browser-client', 'inspector'],
    flags: [OWN_PROCESS],
  },
  { name: 'units of the protocol', jest: ['protocol', 'web-policy'], flags: [OWN_PROCESS] },
  { name: 'units of the server', jest: ['tunnel-server', 'node-kit'], flags: [OWN_PROCESS] },
];

/** Several times what the slowest job takes on two busy cores; a job that hangs ends then. */
const JOB_DEADLINE_MS = 15 * 60_000;
const KILL_AFTER_MS = 5_000;
const SLOWEST_SHOWN = 3;

demandAllProjects();
const scratch = mkdtempSync(join(tmpdir(), 'wingman-test-'));
process.env.WINGMAN_TEST_FIREFOX_PROFILE = await usedProfile(join(scratch, 'firefox'));
const total = { passed: 0, failed: 0 };
const running = new Set();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, interrupt);
await Promise.all(Array.from({ length: AT_A_TIME }, work));
rmSync(scratch, { recursive: true, force: true });
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode ??= total.failed === 0 && total.passed > 0 ? 0 : 1;

/** A Jest project that is in no job would be skipped without a word. */
function demandAllProjects() {
  const run = new Set(JOBS.flatMap(({ jest = [] }) => jest));
  const missing = jestConfig.projects.filter(({ displayName }) => !run.has(displayName));
  if (missing.length === 0) return;
  console.error(
    `in no job of ${basename(import.meta.url)}: ${missing.map((one) => one.displayName).join(', ')}`,
  );
  process.exit(1);
}

/** Takes one job after the other until none is left; the browsers that it has started serve all of its jobs. */
async function work() {
  let browsers;
  for (let job = JOBS.shift(); job !== undefined; job = JOBS.shift()) {
    const report = join(scratch, `${job.name}.json`);
    const began = performance.now();
    if (job.drivesBrowsers) browsers ??= await startBrowsers().catch(withoutBrowsers);
    const command = job.command ?? jestCommand(job, report);
    const status = await run(command, job.command && 'pipe', browsers?.env);
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    const slowest = job.command ? countCommand(status) : countTests(report, status);
    console.log(`${job.name}: ${seconds} s${slowest}`);
    if (browsers?.isWhole() !== false) continue;
    console.error(`${job.name} has ended a browser that others were to use: starting new ones`);
    await browsers.stop();
    browsers = undefined;
  }
  await browsers?.stop();
}

/** Each file starts browsers of its own then, and says what is wrong with them. */
function withoutBrowsers(error) {
  console.error(`no browsers to share: ${error}`);
  return { env: {}, isWhole: () => true, stop: () => undefined };
}

function jestCommand({ jest, flags = [] }, report) {
  return [
    ...[process.execPath, '--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
    ...[join(root, 'node_modules/jest/bin/jest.js'), '--selectProjects', ...jest],
    ...['--maxWorkers=1', '--passWithNoTests', '--json', `--outputFile=${report}`],
    ...flags,
    ...process.argv.slice(2),
  ];
}

/** Resolves to the exit code; past the deadline everything that the job has started is stopped. */
function run([program, ...args], stdout = 'ignore', env = {}) {
  // Piped, so that none of the jobs draws on a terminal that it shares with others.
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', stdout, 'pipe'],
    detached: true,
  });
  for (const output of [child.stdout, child.stderr]) output?.pipe(process.stderr, { end: false });
  running.add(child);
  const timer = setTimeout(() => {
    console.error(`not done within ${JOB_DEADLINE_MS / 60_000} minutes: stopped`);
    stop(child);
  }, JOB_DEADLINE_MS);
  return new Promise((resolve) => {
    child.once('exit', (status) => {
      clearTimeout(timer);
      running.delete(child);
      resolve(status ?? 1);
    });
  });
}

/** SIGTERM first: with it the browsers, which have process groups of their own, are closed too. */
function stop(child) {
  signalGroup(child.pid, 'SIGTERM');
  setTimeout(() => signalGroup(child.pid, 'SIGKILL'), KILL_AFTER_MS).unref();
}

function interrupt() {
  JOBS.length = 0;
  process.exitCode = 130;
  for (const child of running) stop(child);
}

function countCommand(status) {
  if (status !== 0) total.failed += 1;
  return status === 0 ? '' : ', failed';
}

/** Adds up a report and tells its slowest files; a file that could not run, or a crashed runner, is a failure. */
function countTests(report, status) {
  try {
    const result = JSON.parse(readFileSync(report, 'utf8'));
    const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
    total.passed += result.numPassedTests;
    total.failed += status !== 0 && failed === 0 ? 1 : failed;
    return slowestOf(result.testResults);
  } catch {
    total.failed += 1;
    return ', without a report';
  }
}

/** Where to look first when the suite has become slow. */
function slowestOf(files) {
  const slowest = files
    .map(({ name, startTime, endTime }) => ({ name: basename(name), ms: endTime - startTime }))
    .sort((left, right) => right.ms - left.ms)
    .slice(0, SLOWEST_SHOWN)
    .map(({ name, ms }) => `${name} ${(ms / 1000).toFixed(0)} s`);
  return ` for ${files.length} files; slowest: ${slowest.join(', ')}`;
}

/** Signals a process and all that it has started and that still run. */
function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}
