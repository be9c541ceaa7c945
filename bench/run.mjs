// `npm run bench`: measures, prints Markdown, and writes it and all samples beside it into a folder. See README.md.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Comparison } from './lib/comparison.mjs';
import { PEERS } from './lib/peers.mjs';
import { ROOT } from './lib/programs.mjs';
import { Results } from './lib/results.mjs';
import { settingsOf } from './lib/settings.mjs';
import { downloads } from './measures/downloads.mjs';
import { eventLateness } from './measures/event-lateness.mjs';
import { firstByte } from './measures/first-byte.mjs';
import { heads } from './measures/heads.mjs';
import { hostileClients } from './measures/hostile-clients.mjs';
import { idleDirect } from './measures/idle-direct.mjs';
import { idleLinks } from './measures/idle-links.mjs';
import { inspector } from './measures/inspector.mjs';
import { memory } from './measures/memory.mjs';
import { deep, modules } from './measures/modules.mjs';
import { p2pSetup } from './measures/p2p-setup.mjs';
import { paint } from './measures/paint.mjs';
import { raw } from './measures/raw.mjs';
import { requests } from './measures/requests.mjs';
import { shimHooks } from './measures/shim-hooks.mjs';
import { uploads } from './measures/uploads.mjs';

/** Comparisons of peers in settings, and functions with a scene of their own that resolve with rows of targets. */
const MEASURES = {
  ...{ modules, deep, downloads, uploads, requests, raw, paint, memory },
  ...{ 'first-byte': firstByte, p2p: p2pSetup, events: eventLateness },
  ...{
    idle: idleLinks,
    'idle-direct': idleDirect,
    heads,
    hostile: hostileClients,
    hooks: shimHooks,
    inspector,
  },
};

const SIZES = {
  modules: 1_000,
  deepModules: 201,
  transfers: 10,
  transferMib: 16,
  requests: 200,
  rawMib: 32,
  memoryMib: 1_024,
};
/** Enough to see that everything works; no figures of them mean anything. */
const SMALL = {
  modules: 100,
  deepModules: 41,
  transfers: 2,
  transferMib: 1,
  requests: 10,
  rawMib: 1,
  memoryMib: 8,
};

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

/** The names that an option lists, each a key of a table; undefined without the option. */
function chosen(option, table) {
  const names = given[option]?.split(',').map((name) => name.trim());
  const unknown = names?.filter((name) => !Object.hasOwn(table, name)) ?? [];
  if (unknown.length > 0) throw new Error(`--${option}: no ${unknown.join(', ')}\n${HELP}`);
  return names;
}

/** A number that an option gives, from 1 on. */
function count(option) {
  const value = Number(given[option]);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`--${option}: ${given[option]} is no number from 1 on`);
}

/** What the options say, all of it held against what there is before anything starts. */
function wishes() {
  return {
    names: chosen('only', MEASURES) ?? Object.keys(MEASURES),
    settings: given.settings === undefined ? undefined : settingsOf(given.settings),
    peers: chosen('peers', PEERS),
    runs: count('runs'),
    minutes: count('minutes'),
    sizes: given.small ? SMALL : SIZES,
    signal: interruption.signal,
  };
}

async function measure(name, wished, results) {
  const measured = MEASURES[name];
  if (!(measured instanceof Comparison)) {
    return results.add(await measured(wished.runs, wished.minutes));
  }
  const settings = wished.settings ?? settingsOf(measured.settings);
  return measured.run({ ...wished, settings }, (result) =>
    results.compared(name, measured, result),
  );
}

async function main() {
  const wished = wishes();
  const results = new Results(given);
  for (const name of wished.names) {
    if (interruption.signal.aborted) break;
    console.error(`▸ ${name}`);
    try {
      await measure(name, wished, results);
    } catch (error) {
      const detail = String(error);
      results.add([{ figure: name, value: 'not measured', target: '', met: false, detail }]);
    }
  }
  console.log(results.markdown);
  return interruption.signal.aborted ? 130 : 0;
}

function complain({ message }) {
  console.error(message);
  return 2;
}

if (given.help) console.log(HELP);
// A session of sshd that outlives it would hold this process by its output.
else process.exit(await main().catch(complain));
