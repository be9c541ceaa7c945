import { spawn, spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import type { BrowserName } from '../support/browser.js';
import { running } from '../support/program.js';
import {
  expectedWay,
  MAPPING_KINDS,
  matrix,
  TURN_KINDS,
  type Cell,
  type MappingKind,
  type TurnKind,
} from './cell.js';
import { NAT_KINDS, NatNetwork } from './nat-network.js';
import { Stage } from './stage.js';
import { visit, type Reached } from './visit.js';

const HELP = `npm run lab -- [options]
  --browser chromium|firefox|both   which browsers (both)
  --engine auto|node-datachannel|wrtc   the host's WebRTC engine (auto)
  --only VIEWERxHOST,…              these pairs of ${NAT_KINDS.join(', ')}, e.g. fullxsymmetric
  --turn none|udp|tcp               a TURN server beside the tunnel server (none; needs coturn)
  --mapping none|pcp|upnp           what the host's gateway maps ports by (none; needs miniupnpd)
  --moves                           in each direct cell the viewer's address changes as well
`;
/** Set in the process that runs in the viewer's namespace: the network's name. */
const NETWORK = 'WINGMAN_LAB_NETWORK';

interface Wanted {
  readonly cells: readonly Cell[];
  readonly moves: boolean;
}

function parseOptions(): Wanted | undefined {
  const { values } = parseArgs({
    options: {
      browser: { type: 'string', default: 'both' },
      engine: { type: 'string', default: 'auto' },
      only: { type: 'string' },
      turn: { type: 'string', default: 'none' },
      mapping: { type: 'string', default: 'none' },
      moves: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const browsers: BrowserName[] =
    values.browser === 'both' ? ['chromium', 'firefox'] : [values.browser as BrowserName];
  const turn = TURN_KINDS.find((kind): kind is TurnKind => kind === values.turn);
  if (turn === undefined) throw new Error(`--turn is one of ${TURN_KINDS.join(', ')}`);
  const mapping = MAPPING_KINDS.find((kind): kind is MappingKind => kind === values.mapping);
  if (mapping === undefined) throw new Error(`--mapping is one of ${MAPPING_KINDS.join(', ')}`);
  const only = values.only?.split(',');
  const all = matrix(browsers, values.engine).map((cell) => ({ ...cell, mapping, turn }));
  const cells = all.filter(({ viewer, host }) => only?.includes(`${viewer}x${host}`) ?? true);
  if (cells.length === 0) throw new Error('no cell has such a name');
  return { cells, moves: values.moves };
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const ms = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : `${Math.round(value)}`;

const HEAD = [
  ...['viewer', 'host', 'browser', 'expected', 'reached', 'app ms', 'channel ms'],
  'failed attempts',
  ...['direct KiB', 'TURN KiB', 'relayed KiB'],
  ...['stall ms', 'direct again ms', 'changes'],
];

function row(cell: Cell, reached: Reached): string {
  const { appMs, carried, directMs, failures, move, way } = reached;
  const kib = [carried.p2p, carried.turn, carried.relay].map((n) => (n / 1024).toFixed(1));
  const values = [
    ...[cell.viewer, cell.host, cell.browser, expectedWay(cell), way, ms(appMs), ms(directMs)],
    ...[
      `${failures.length}`,
      ...kib,
      ms(move?.stallMs),
      ms(move?.directMs),
      move === null ? '–' : `${move.switches}`,
    ],
  ];
  return `| ${values.join(' | ')} |`;
}

/** Runs every cell and prints its row; the number of cells that have reached something else than theory says. */
async function runCells({ cells, moves }: Wanted, network: NatNetwork): Promise<number> {
  say(`| ${HEAD.join(' | ')} |\n|${' --- |'.repeat(HEAD.length)}`);
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
      }
      if (!(await runCell(cell, running, network, moves))) wrong += 1;
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

async function startStage(cell: Cell, network: NatNetwork): Promise<RunningStage> {
  await network.setNat('host', cell.host);
  const stage = new Stage(network, cell);
  return { stage, url: await stage.start() };
}

/** Prints a cell's row; false when it has reached something else than theory says. */
async function runCell(
  cell: Cell,
  { stage, url }: RunningStage,
  network: NatNetwork,
  moves: boolean,
): Promise<boolean> {
  await network.setNat('viewer', cell.viewer);
  try {
    const reached = await visit(cell, url, { network, stage }, moves);
    say(row(cell, reached));
    if (expectedWay(cell) !== 'none') for (const failure of reached.failures) say(failure);
    return reached.way === expectedWay(cell);
  } catch (error) {
    say(`${cell.viewer} × ${cell.host}, ${cell.browser}: ${String(error)}\n${stage.output()}`);
    return false;
  }
}

/** Why there can be no lab here; undefined when there can. */
function obstacle(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'it needs Linux and root';
  const probe = spawnSync('unshare', ['--net', 'nft', 'list', 'ruleset']);
  return probe.status === 0 ? undefined : 'network namespaces or nftables are not allowed here';
}

/** Makes the network and runs this program again in the viewer's place. */
async function around(): Promise<number> {
  const network = new NatNetwork(`wm-lab-${process.pid}`);
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
  if (name === undefined) return around();
  process.on('exit', () => {
    for (const program of running) program.signal('SIGKILL');
  });
  return (await runCells(wanted, new NatNetwork(name))) === 0 ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`error: ${String(error)}\n`);
    process.exit(2);
  },
);
