import { spawn, spawnSync } from 'node:child_process';
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import type { BrowserName } from '../support/browser.js';
import { running } from '../support/program.js';
import { APP_KINDS } from './apps.js';
import {
  ALL_PAIRS,
  BASE_PAIRS,
  CHANGE_KINDS,
  expectedWay,
  MAPPING_KINDS,
  nameOf,
  TURN_KINDS,
  type Cell,
  type Pair,
} from './cell.js';
import type { Arms } from './emulated-link.js';
import { visitAsGroup, type Spread } from './group.js';
import { NatNetwork } from './nat-network.js';
import { Stage } from './stage.js';
import { BASE_KINDS, KINDS } from './surroundings.js';
import { columnsFor, headOf, rowOf, type Column } from './table.js';
import { faultsOf, visit } from './visit.js';

const OTHERS = KINDS.filter((kind) => !BASE_KINDS.includes(kind)).join(', ');
const HELP = `npm run lab -- [options]
  --browser chromium|firefox|both   which browsers (both)
  --engine auto|node-datachannel|wrtc|both   the host's WebRTC engine (auto)
  --only VIEWERxHOST,…              these pairs, e.g. fullxsymmetric; else every pair of
                                    ${BASE_KINDS.join(', ')}
  --all                             every pair of all kinds, which are beside those
                                    ${OTHERS}
  --turn none|udp|tcp               a TURN server beside the tunnel server (none; needs coturn)
  --mapping none|pcp|upnp           what the host's gateway maps ports by (none; needs miniupnpd)
  --change ${CHANGE_KINDS.join('|')}
                                    what changes in each direct cell while the app is in use (none)
  --app lab|vite                    what is shared: a small app, or Vite's dev server with the example (lab)
  --group N                         so many viewers at once in Chromium, in the first of the cells
  --rtt MS                          between any two of viewer, server and host (40); 0: as fast as the machine can
  --rate MBIT                       of each of the three in each direction (100); 0: no limit
  --queue MS                        packets that wait there (100)
  --loss PERCENT                    packets lost between any two (0)
`;
/** Set in the process that runs in the viewer's namespace: the network's name. */
const NETWORK = 'WINGMAN_LAB_NETWORK';
/** Thirty handshakes at once take a machine of two cores some seconds each. */
const GROUP_ATTEMPT_MS = 30_000;
const ENGINES = ['node-datachannel', 'wrtc'];

interface Wanted {
  readonly cells: readonly Cell[];
  /** So many viewers come to the first cell together; 0: one viewer to each cell. */
  readonly group: number;
  /** Undefined where nothing is emulated. */
  readonly arms: Arms | undefined;
}

function parseOptions(): Wanted | undefined {
  const { values } = parseArgs({
    options: {
      browser: { type: 'string', default: 'both' },
      engine: { type: 'string', default: 'auto' },
      only: { type: 'string' },
      all: { type: 'boolean', default: false },
      turn: { type: 'string', default: 'none' },
      mapping: { type: 'string', default: 'none' },
      change: { type: 'string', default: 'none' },
      app: { type: 'string', default: 'lab' },
      group: { type: 'string', default: '0' },
      rtt: { type: 'string', default: '40' },
      rate: { type: 'string', default: '100' },
      queue: { type: 'string', default: '100' },
      loss: { type: 'string', default: '0' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const browsers = oneOf('browser', ['both', 'chromium', 'firefox'], values.browser);
  const rest = {
    turn: oneOf('turn', TURN_KINDS, values.turn),
    mapping: oneOf('mapping', MAPPING_KINDS, values.mapping),
    change: oneOf('change', CHANGE_KINDS, values.change),
    app: oneOf('app', APP_KINDS, values.app),
  };
  if (rest.app !== 'lab' && rest.change !== 'none') throw new Error('--change needs --app lab');
  const chosenPairs = values.only?.split(',').map(pairOf) ?? (values.all ? ALL_PAIRS : BASE_PAIRS);
  const chosen: readonly BrowserName[] = browsers === 'both' ? ['chromium', 'firefox'] : [browsers];
  const engines = values.engine === 'both' ? ENGINES : [values.engine];
  const arms = armsOf(values);
  const cells = chosen.flatMap((browser) =>
    engines.flatMap((engine) => chosenPairs.map((pair) => ({ ...pair, browser, engine, ...rest }))),
  );
  return { cells, arms, group: Number(values.group) };
}

function armsOf(
  given: Readonly<Record<'rtt' | 'rate' | 'queue' | 'loss', string>>,
): Arms | undefined {
  const number = (name: keyof typeof given): number => {
    const value = Number(given[name]);
    if (Number.isFinite(value) && value >= 0) return value;
    throw new Error(`--${name} is a number, zero or more`);
  };
  const [rttMs, rateMbit] = [number('rtt'), number('rate')];
  const arms = { rttMs, rateMbit, queueMs: number('queue'), lossPercent: number('loss') };
  return rttMs === 0 ? undefined : arms;
}

function oneOf<Kind extends string>(name: string, kinds: readonly Kind[], given: string): Kind {
  const kind = kinds.find((each) => each === given);
  if (kind === undefined) throw new Error(`--${name} is one of ${kinds.join(', ')}`);
  return kind;
}

function pairOf(name: string): Pair {
  const pair = ALL_PAIRS.find((each) => nameOf(each) === name);
  if (pair === undefined) throw new Error(`${name} is no pair of ${KINDS.join(', ')}`);
  return pair;
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);
/** Runs every cell and prints its row; the number of cells that have reached something else than theory says. */
async function runCells(cells: readonly Cell[], network: NatNetwork): Promise<number> {
  const columns = columnsFor(cells);
  say(headOf(columns));
  let wrong = 0;
  let running: RunningStage | undefined;
  const end = async (): Promise<void> => {
    const left = (await running?.stage.stop()) ?? 0;
    if (left > 0) say(`the host has left ${left} ports mapped`);
    wrong += left;
    running = undefined;
  };
  try {
    for (const cell of cells) {
      if (running?.stage.suits(cell) !== true) {
        await end();
        running = await startStage(cell, network);
      } else await network.surround('viewer', cell.viewer);
      if (!(await runCell(cell, running, { network, columns }))) wrong += 1;
    }
  } finally {
    await end();
  }
  say(`${cells.length - wrong} of ${cells.length} cells as expected`);
  return wrong;
}

interface RunningStage {
  readonly stage: Stage;
  readonly url: string;
}

async function startStage(
  cell: Cell,
  network: NatNetwork,
  ...manner: readonly [options?: readonly string[], attemptMs?: number]
): Promise<RunningStage> {
  await network.surround('viewer', cell.viewer);
  await network.surround('host', cell.host);
  const stage = new Stage(network, cell, ...manner);
  return { stage, url: await stage.start() };
}

/** Prints a cell's row; false when it has reached something else than theory says. */
async function runCell(
  cell: Cell,
  { stage, url }: RunningStage,
  { columns, network }: { readonly columns: readonly Column[]; readonly network: NatNetwork },
): Promise<boolean> {
  try {
    const reached = await visit(cell, url, { network, stage });
    say(rowOf(columns, cell, reached));
    if (expectedWay(cell) !== 'none') for (const failure of reached.failures) say(failure);
    const faults = faultsOf(cell, reached);
    for (const fault of faults) say(fault);
    return faults.length === 0;
  } catch (error) {
    say(`${cell.viewer} × ${cell.host}, ${cell.browser}: ${String(error)}\n${stage.output()}`);
    return false;
  }
}

/** A machine that runs browsers for all of them is slower than each of theirs: it is told what it had to do. */
async function runGroup({ cells, group }: Wanted, network: NatNetwork): Promise<number> {
  const [cell] = cells;
  if (cell === undefined) return 1;
  const { stage, url } = await startStage(
    cell,
    network,
    ['--spare-relay', '--max-viewers', String(2 * group)],
    GROUP_ATTEMPT_MS,
  );
  try {
    const report = await visitAsGroup(url, group);
    const { changed, direct, lost, shares, sharesBesideStopped } = report;
    const range = ([from, to]: Spread): string => `${Math.round(from)} to ${Math.round(to)} ms`;
    say(`${direct} of ${group} viewers are direct, ${cell.viewer} × ${cell.host}`);
    say(
      `to the app: one alone ${Math.round(report.aloneMs)} ms, the median of all at once ${Math.round(report.medianMs)} ms`,
    );
    say(
      `256 KiB each, all but one at once: ${range(shares)}; beside one that is stopped: ${range(sharesBesideStopped)}`,
    );
    say(`of the others ${changed} changed their path, and ${lost.length} did not get their bytes`);
    for (const said of lost) say(`in place of them: ${said}`);
    for (const failure of new Set(stage.failures)) {
      const times = stage.failures.filter((each) => each === failure).length;
      say(`${times} times at the host: ${failure}`);
    }
    const [load = 0] = loadavg();
    say(
      `all of it on this machine: ${availableParallelism()} cores, load ${load.toFixed(1)}; it is the limit`,
    );
    return direct === group && lost.length === 0 ? 0 : 1;
  } finally {
    await stage.stop();
  }
}

/** Why there can be no lab here; undefined when there can. */
function obstacle(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'it needs Linux and root';
  const probe = spawnSync('unshare', ['--net', 'nft', 'list', 'ruleset']);
  return probe.status === 0 ? undefined : 'network namespaces or nftables are not allowed here';
}

/** Makes the network and runs this program again in the viewer's place. */
async function around(arms: Arms | undefined): Promise<number> {
  const network = new NatNetwork(`wm-lab-${process.pid}`, arms);
  try {
    await network.build();
    const [command, args] = network.inside('viewer', [process.execPath, ...process.argv.slice(1)]);
    const env = { ...process.env, [NETWORK]: network.name };
    const child = spawn(command, args, { stdio: 'inherit', env });
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => child.kill(signal));
    return await new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
  } finally {
    await network.remove();
  }
}

async function main(): Promise<number> {
  const wanted = parseOptions();
  if (wanted === undefined) {
    process.stdout.write(HELP);
    return 0;
  }
  const hindrance = obstacle();
  if (hindrance !== undefined) {
    say(`lab skipped: ${hindrance}`);
    return 0;
  }
  const name = process.env[NETWORK];
  if (name === undefined) return around(wanted.arms);
  process.on('exit', () => {
    for (const program of running) program.signal('SIGKILL');
  });
  const network = new NatNetwork(name);
  if (wanted.group > 0) return runGroup(wanted, network);
  return (await runCells(wanted.cells, network)) === 0 ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`error: ${String(error)}\n`);
    process.exit(2);
  },
);
