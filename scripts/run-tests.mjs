// Runs Jest in groups and prints one closing line with the counts.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const GROUPS = [
  { projects: ['protocol', 'tunnel-server', 'browser-client'], workers: 2 },
  // Real engines, servers and browsers want the machine to themselves.
  { projects: ['relay-server'], workers: 1 },
  { projects: ['integration'], workers: 1 },
  { projects: ['browsers'], workers: 1 },
  { projects: ['faults'], workers: 1 },
];

const scratch = mkdtempSync(join(tmpdir(), 'wingman-test-'));
const total = { passed: 0, failed: 0 };
for (const { projects, workers } of GROUPS) {
  const report = join(scratch, `${projects[0]}.json`);
  const jest = [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    join(root, 'node_modules/jest/bin/jest.js'),
    '--selectProjects',
    ...projects,
    `--maxWorkers=${workers}`,
    '--json',
    `--outputFile=${report}`,
    ...process.argv.slice(2),
  ];
  const { status } = spawnSync(process.execPath, jest, {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  count(report, status);
}
rmSync(scratch, { recursive: true, force: true });
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;

/** A suite that could not run, or a crashed runner, counts as a failure. */
function count(report, status) {
  try {
    const result = JSON.parse(readFileSync(report, 'utf8'));
    total.passed += result.numPassedTests;
    total.failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
    if (status !== 0 && result.numFailedTests + result.numRuntimeErrorTestSuites === 0)
      total.failed += 1;
  } catch {
    total.failed += 1;
  }
}
