import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Coverage } from './coverage.js';
import { mutate } from './mutate.js';
import type { Target } from './target.js';
import { TARGETS } from './targets.js';

const FOLDER = process.env['WINGMAN_FUZZ_FOLDER'] ?? '.';
/** A look at V8's counters costs about as much as a hundred runs. */
const RUNS_A_LOOK = 100;
/** Inputs that a target keeps in the repository; what is found beyond serves until the end of the run. */
const KEPT = 64;

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '1' }, target: { type: 'string' } },
});
const targets = TARGETS.filter(({ name }) => values.target === undefined || name === values.target);
const each = (Number(values.minutes) * 60_000) / targets.length;
if (!(each > 0)) throw new Error('--minutes takes a number above 0, --target one of the targets');
const found = targets.map((target) => fuzz(target, performance.now() + each));
process.exitCode = found.some((findings) => findings > 0) ? 1 : 0;

/** Runs a target until a moment; returns how many inputs have broken it. */
function fuzz(target: Target, end: number): number {
  const corpus = readCorpus(target);
  const kept = corpus.length;
  const words = target.words.map((word) => Buffer.from(word, 'latin1'));
  const known = new Set<string>();
  const findings = new Set<string>();
  const coverage = new Coverage();
  coverage.start();
  for (const input of corpus) tryOut(target, input, findings);
  learn(coverage, known);
  let runs = 0;
  while (performance.now() < end) {
    const inputs = Array.from({ length: RUNS_A_LOOK }, () => mutate(corpus, words));
    for (const input of inputs) tryOut(target, input, findings);
    runs += inputs.length;
    if (!isNews(coverage.take(), known)) continue;
    // One of them was news: each alone.
    for (const input of inputs) {
      tryOut(target, input, findings);
      if (learn(coverage, known)) corpus.push(input);
    }
  }
  coverage.stop();
  keep(target, corpus.slice(kept), kept);
  console.log(
    `${target.name}: ${runs} runs, ${known.size} blocks, corpus of ${corpus.length}, ${findings.size} findings`,
  );
  return findings.size;
}

/** A finding is saved once for each message of its error. */
function tryOut(target: Target, input: Buffer, findings: Set<string>): void {
  try {
    target.run(Uint8Array.from(input));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const kind = message.replace(/[:"].*/s, '');
    if (findings.has(kind)) return;
    findings.add(kind);
    const path = join(FOLDER, 'findings', target.name, nameOf(input));
    mkdirSync(join(FOLDER, 'findings', target.name), { recursive: true });
    writeFileSync(path, input);
    console.error(`${target.name}: ${message}\n  saved as ${path}`);
  }
}

function isNews(seen: ReadonlySet<string>, known: ReadonlySet<string>): boolean {
  return [...seen].some((block) => !known.has(block));
}

/** Whether something has run that never ran before. */
function learn(coverage: Coverage, known: Set<string>): boolean {
  const before = known.size;
  for (const block of coverage.take()) known.add(block);
  return known.size > before;
}

function readCorpus({ name }: Target): Buffer[] {
  const folder = join(FOLDER, 'corpus', name);
  mkdirSync(folder, { recursive: true });
  return readdirSync(folder).map((file) => readFileSync(join(folder, file)));
}

function keep({ name }: Target, news: readonly Buffer[], kept: number): void {
  for (const input of news.slice(0, Math.max(0, KEPT - kept))) {
    writeFileSync(join(FOLDER, 'corpus', name, nameOf(input)), input);
  }
}

/** Content has one name, so that nothing is kept twice. */
function nameOf(input: Buffer): string {
  return createHash('sha256').update(input).digest('hex').slice(0, 16);
}
