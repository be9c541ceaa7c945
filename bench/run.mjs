// `npm run bench`: measures, prints Markdown, and writes it and all samples beside it into a folder. See README.md.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Comparison } from './lib/comparison.mjs';
import { PEERS } from './lib/peers.mjs';
import { ROOT } from './lib/programs.mjs';
import { section, targetsTable } from './lib/report.mjs';
import { settingsOf } from './lib/settings.mjs';
import { targetRows } from './lib/targets.mjs';
import { downloads } from './measures/downloads.mjs';
import { eventLateness } from './measures/event-lateness.mjs';
import { firstByte } from './measures/first-byte.mjs';
import { hostileClients } from './measures/hostile-clients.mjs';
import { idleLinks } from './measures/idle-links.mjs';
import { memory } from './measures/memory.mjs';
import { modules } from './measures/modules.mjs';
import { p2pSetup } from './measures/p2p-setup.mjs';
import { paint } from './measures/paint.mjs';
import { raw } from './measures/raw.mjs';
import { requests } from './measures/requests.mjs';
import { uploads } from './measures/uploads.mjs';

/** Comparisons of peers in settings, and functions with a scene of their own that resolve with rows of targets. */
const MEASURES = {
  ...{ modules, downloads, uploads, requests, raw, paint, memory },
  ...{ 'first-byte': firstByte, p2p: p2pSetup, events: eventLateness },
  ...{ idle: idleLinks, hostile: hostileClients },
};

const SIZES = {
  modules: 1_000,
  transfers: 10,
  transferMib: 16,
  requests: 200,
  rawMib: 32,
  memoryMib: 1_024,
};
/** Enough to see that everything works; no figures of them mean anything. */
const SMALL = { modules: 100, transfers: 2, transferMib: 1, requests: 10, rawMib: 1, memoryMib: 8 };

const HELP = `npm run bench -- [options]
  --only NAMES      measures, of ${Object.keys(MEASURES).join(', ')}
  --settings NAMES  instead of each measure's own: loopback, S, round-trips, rates, losses, grid, or like 50ms-10mbit-0.1%
  --peers NAMES     instead of all: ${Object.keys(PEERS).join(', ')}
  --runs N          how often each is measured (5)
  --minutes N       how long events are listened to (1)
  --small           small sizes, to see that it works
  --out FOLDER      where results go (bench/results)`;

const { values: given } = parseArgs({
  options: {
    only: { type: 'string' },
    settings: { type: 'string' },
    peers: { type: 'string' },
    runs: { type: 'string', default: '5' },
    minutes: { type: 'string', default: '1' },
    small: { type: 'boolean', default: false },
    out: { type: 'string', default: join(ROOT, 'bench/results') },
    help: { type: 'boolean', default: false },
  },
});

/** Aborted by the first Ctrl-C: what is being measured ends, and all is taken down. The second one ends the bench at once. */
const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    if (interruption.signal.aborted) process.exit(130);
    interruption.abort();
  });
}

const QUIETLY = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };

/** What the figures were taken on. */
function machine() {
  const read = (path) => readFileSync(path, 'utf8').trim();
  const [{ model }] = cpus();
  return {
    cores: `${cpus().length} × ${model}`,
    kernel: release(),
    node: process.version,
    chromium: execFileSync('/usr/bin/chromium', ['--version'], QUIETLY).trim(),
    tcp: read('/proc/sys/net/ipv4/tcp_congestion_control'),
  };
}

/** All that a run has brought, written anew after each part: an interrupted run keeps what it has. */
class Results {
  #startedAt = new Date().toISOString();
  #machine = machine();
  #sections = [];
  #comparisons = [];
  #rows = [];

  compared(name, measure, result) {
    this.#sections.push(section(name, measure, result));
    this.#comparisons.push({ measure: name, ...result });
    const rows = targetRows(measure, result.setting, result.samples);
    this.add(rows.map((row) => ({ ...row, figure: `${name}, ${row.figure}` })));
  }

  add(rows) {
    this.#rows.push(...rows);
    this.#write();
  }

  get markdown() {
    const about = Object.entries(this.#machine).map(([name, value]) => `${name}: ${value}`);
    const head = [`## Bench, ${this.#startedAt}`, `${about.join('; ')}. Median (least–most).`];
    return [...head, ...this.#sections, targetsTable(this.#rows), ''].join('\n\n');
  }

  #write() {
    mkdirSync(given.out, { recursive: true });
    const file = join(given.out, this.#startedAt.replaceAll(':', '-').slice(0, 19));
    const data = { startedAt: this.#startedAt, machine: this.#machine, options: given };
    writeFileSync(`${file}.md`, this.markdown);
    writeFileSync(
      `${file}.json`,
      JSON.stringify({ ...data, comparisons: this.#comparisons, targets: this.#rows }, null, 1),
    );
  }
}

const listed = (text) => text?.split(',').map((name) => name.trim());

/** The names that an option lists, each a key of a table; undefined without the option. */
function chosen(option, table) {
  const names = listed(given[option]);
  const unknown = names?.filter((name) => !Object.hasOwn(table, name)) ?? [];
  if (unknown.length > 0) throw new Error(`--${option}: no ${unknown.join(', ')}\n${HELP}`);
  return names;
}

async function measure(name, results) {
  const measured = MEASURES[name];
  const runs = Number(given.runs);
  if (!(measured instanceof Comparison)) {
    return results.add(await measured(runs, Number(given.minutes)));
  }
  const options = {
    settings: settingsOf(given.settings ?? measured.settings),
    peers: chosen('peers', PEERS),
    runs,
    sizes: given.small ? SMALL : SIZES,
    signal: interruption.signal,
  };
  return measured.run(options, (result) => results.compared(name, measured, result));
}

async function main() {
  const results = new Results();
  for (const name of chosen('only', MEASURES) ?? Object.keys(MEASURES)) {
    if (interruption.signal.aborted) break;
    console.error(`▸ ${name}`);
    try {
      await measure(name, results);
    } catch (error) {
      const detail = String(error);
      results.add([{ figure: name, value: 'not measured', target: '', met: false, detail }]);
    }
  }
  console.log(results.markdown);
}

if (given.help) console.log(HELP);
else await main();
// A session of sshd that outlives it would hold this process by its output.
process.exit(interruption.signal.aborted ? 130 : 0);
