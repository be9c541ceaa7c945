/**
 * Mutation testing of protocol's link, mux and seal: every file is changed in hundreds of places, one at a time, and
 * its own unit tests have to notice. Prints each file's survivors, then the scores; fails below the least score.
 *
 *     npm run test:mutation                          all files
 *     npm run test:mutation -- lane handshake        those of these names
 */
import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { Stryker } from '@stryker-mutator/core';
import jest from '../jest.config.mjs';

const LAYERS = ['link', 'mux', 'seal'];
const LEAST_SCORE = 85;

/** The tests of a file that doesn't share its name with them. */
const TESTS = {
  handshake: ['handshake', 'handshake-viewer', 'seal'],
  'key-schedule': ['handshake', 'handshake-viewer', 'prekey-ring'],
  lane: ['lane', 'lane-patience'],
  'lane-monitor': ['lane-monitor', 'idle-link'],
  link: ['link', 'link-frames', 'link-end'],
  'link-key': ['admission', 'seal'],
  mux: ['mux', 'mux-frames'],
  'path-machine': ['path-machine', 'path-of-lanes', 'path-silence'],
  'proven-carrier': ['sealed-carrier'],
  transcript: ['handshake', 'handshake-viewer'],
};

/** Nothing but types. */
const TYPES = ['lane-evidence', 'link-types', 'steered-link'];

const [project] = jest.projects.filter(({ displayName }) => displayName === 'protocol');

function optionsFor(file) {
  const name = basename(file, '.ts');
  const tests = TESTS[name] ?? [name];
  return {
    mutate: [file],
    testRunner: 'jest',
    jest: {
      config: {
        ...project,
        // The sandbox that holds the mutants.
        rootDir: '.',
        testMatch: tests.map((test) => `<rootDir>/test/${test}.test.ts`),
        // The guard against leaks would wait for what a mutant leaves behind.
        testEnvironment: 'node',
        // A mutant that makes a test wait for ever is found out soon.
        testTimeout: 10_000,
      },
    },
    testRunnerNodeArgs: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
    coverageAnalysis: 'perTest',
    concurrency: 1,
    // A busy machine must not pass for a mutant that waits for ever.
    timeoutMS: 20_000,
    reporters: ['clear-text'],
    clearTextReporter: { allowColor: false, reportTests: false, reportScoreTable: false },
    tempDirName: 'dist/stryker',
    logLevel: 'warn',
  };
}

/** How many mutants a file's tests have noticed, of how many; and how many of them by not coming to an end. */
async function measure(file) {
  const results = await new Stryker(optionsFor(file)).runMutationTest();
  const count = (...states) => results.filter(({ status }) => states.includes(status)).length;
  const late = count('Timeout');
  const noticed = count('Killed') + late;
  return { noticed, late, all: noticed + count('Survived', 'NoCoverage') };
}

function print(name, { noticed, late, all }) {
  const score = all === 0 ? 100 : (100 * noticed) / all;
  console.log(
    `${name.padEnd(32)} ${score.toFixed(1).padStart(5)} %  ${noticed} of ${all}, ${late} by a timeout`,
  );
  return score;
}

function filesOf(layer, names) {
  return readdirSync(`src/${layer}`)
    .map((file) => basename(file, '.ts'))
    .filter((name) => !TYPES.includes(name) && (names.length === 0 || names.includes(name)))
    .map((name) => `src/${layer}/${name}.ts`);
}

// A property that is tried thousands of times takes a second, which is long for each of hundreds of mutants.
process.env.WINGMAN_PROPERTY_RUNS ??= '100';
process.chdir(new URL('../packages/protocol', import.meta.url).pathname);
const names = process.argv.slice(2);
const scores = [];
for (const layer of LAYERS) {
  const sum = { noticed: 0, late: 0, all: 0 };
  for (const file of filesOf(layer, names)) {
    const result = await measure(file);
    print(file, result);
    for (const key of Object.keys(sum)) sum[key] += result[key];
  }
  if (sum.all > 0) scores.push([layer, sum]);
}
const totals = scores.map(([layer, sum]) => print(layer, sum));
if (totals.some((score) => score < LEAST_SCORE)) process.exitCode = 1;
