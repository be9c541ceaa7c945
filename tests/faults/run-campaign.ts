import { join } from 'node:path';
import type { Lab } from '../lab/network.js';
import { eventually } from '../support/program.js';
import { HARM, strike, totals, warmUp, type Outcome } from './campaign.js';
import type { Interruption } from './interruption.js';
import type { Options } from './options.js';
import { Host, LocalApp, TunnelServer } from './parts.js';
import { isControl, planFaults } from './plan.js';
import { memoryLine, stallTable } from './report.js';
import { beyond, holdings, pageProcessBytes, residentOf, type Holdings } from './resources.js';
import { ServerNodes } from './server-nodes.js';
import { Viewer } from './viewer.js';
import type { World } from './world.js';

const MIB = 1024 * 1024;
const CONCURRENT = 50;
/** One fault with its way back, on an idle machine; for the estimate only. */
const USUAL_FAULT_S = 5;
/** What a link may hold at the host (its queue, its window, a data channel's buffers), and a heap that breathes. */
const HOST_GROWTH_BYTES = 128 * MIB;
/** A process of an engine's in all: Node (50 MiB), the library (26), and up to 16 arenas that glibc keeps for its threads. */
const ENGINE_BYTES = 192 * MIB;
/** The page's own arrays, Blobs and garbage come on top of the link. */
const PAGE_GROWTH_BYTES = 384 * MIB;
/** After the tab is gone: its link's timers, its peer connection, the server's sockets. */
const RELEASE_MS = 90_000;
/** The same when somebody waits for the end. */
const HURRIED_RELEASE_MS = 20_000;
/** The way to an engine's process, which lives for a minute without peers. */
const PROCESS_SLACK: Holdings = { 'fd:socket': 1, 'fd:anon_inode': 1 };
const SLACK: Readonly<Record<Options['engine'], Holdings>> = {
  auto: PROCESS_SLACK,
  'node-datachannel': {},
  wrtc: PROCESS_SLACK,
};

export interface Setting {
  lab: Lab;
  options: Options;
  /** Folder of the bundled programs. */
  bundles: string;
  scratch: string;
  interruption: Interruption;
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Runs the whole campaign and prints its report; false when anything was violated. */
export async function runCampaign(setting: Setting): Promise<boolean> {
  const { lab, options, bundles, scratch, interruption } = setting;
  announce(options);
  const workload = {
    transferBytes: options.transferBytes,
    rate: options.rate,
    concurrent: CONCURRENT,
  };
  const app = await LocalApp.start(lab, bundles, workload);
  const nodes = options.nodes > 1 ? new ServerNodes(lab, scratch, options.nodes) : undefined;
  const server = nodes ?? new TunnelServer(lab, join(scratch, 'server.json'));
  await server.start();
  const host = await Host.start(lab, app.port, options.engine, join(scratch, 'host.json'));
  const held = (): Promise<Holdings[]> =>
    Promise.all([
      holdings(host.pid, join(scratch, 'host.json')),
      // Connections between nodes and with Caddy come and go; `npm run soak` looks at what nodes hold.
      nodes === undefined ? holdings(server.pid, join(scratch, 'server.json')) : {},
    ]);
  let viewer: Viewer | undefined;
  try {
    const baseline = await afterOneVisit(options, host, held);
    app.forget();
    viewer = await Viewer.open(options.browser, host.url);
    const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
    const world: World = { lab, app, server, nodes, host, viewer, sleep };
    const violations = await campaign(world, options, interruption);
    await viewer.close();
    const releaseMs = interruption.isRequested ? HURRIED_RELEASE_MS : RELEASE_MS;
    violations.push(...(await leftBehind(held, baseline, SLACK[options.engine], releaseMs)));
    violations.push(...(await stopped(host, server)));
    for (const violation of violations) say(`VIOLATED  ${violation}`);
    say(violations.length === 0 ? 'nothing was lost' : `${violations.length} violations`);
    return violations.length === 0;
  } finally {
    await viewer?.close();
    await Promise.allSettled([host.stop(), server.stop(), app.stop()]);
  }
}

function announce({ faults, seed, browser, engine, kinds, nodes }: Options): void {
  const ways = kinds.filter((kind) => !isControl({ kind })).length;
  say(
    `${faults} faults of ${ways} kinds, seed ${seed}, ${browser}, ${engine}, ${nodes} ${nodes === 1 ? 'node' : 'nodes'}`,
  );
  say(`takes about ${Math.ceil((faults * USUAL_FAULT_S) / 60 + 1)} minutes`);
}

/** What is held when a viewer has come and gone: whatever is loaded once is loaded then. */
async function afterOneVisit(
  options: Options,
  host: Host,
  held: () => Promise<Holdings[]>,
): Promise<Holdings[]> {
  const viewer = await Viewer.open(options.browser, host.url);
  await eventually('the first direct path', async () => (await viewer.status()).mode === 'p2p');
  const before = await held();
  await viewer.close();
  await eventually(
    'the first viewer is forgotten',
    async () => {
      const sockets = (of: Holdings[]): number => sum(of, 'fd:socket');
      return sockets(await held()) < sockets(before);
    },
    RELEASE_MS,
  );
  return held();
}

const sum = (of: readonly Holdings[], kind: string): number =>
  of.reduce((total, holding) => total + (holding[kind] ?? 0), 0);

async function campaign(
  world: World,
  options: Options,
  interruption: Interruption,
): Promise<string[]> {
  await warmUp(world);
  const start = { host: residentOf(world.host.pid), page: pageProcessBytes(world.viewer.pid) };
  const outcomes: Outcome[] = [];
  const plan = planFaults(options.kinds, options.faults, options.seed);
  for (const [index, fault] of plan.entries()) {
    const outcome = await interruption.before(strike(world, fault, index + 1));
    if (outcome === undefined) {
      say(`interrupted within fault ${index + 1}, ${fault.kind}; what follows is of those before`);
      break;
    }
    outcomes.push(outcome);
    say(line(index, outcome));
    if (outcome.problems.length > 0) say(await surroundings(world));
  }
  if (interruption.isRequested) await heal(world);
  await world.viewer
    .stopWorkload()
    .catch((error) => say(`the page did not stop: ${String(error)}`));
  return [...(await printed(world, outcomes)), ...memory(outcomes, start)];
}

/** Ends a fault that was interrupted. */
async function heal({ host, lab }: World): Promise<void> {
  await lab.clearRules();
  host.signal('SIGCONT');
}

/** What page and host have said lately, and what has broken off at the host. */
async function surroundings({ viewer, host }: World): Promise<string> {
  const events = host
    .output()
    .split('\n')
    .filter((text) => !text.includes('"event":"transfer"'));
  const brokenOff = await host.brokenOff();
  const said = [...viewer.messages.slice(-6), ...events.slice(-6), ...brokenOff];
  return said.map((text) => `       | ${text.slice(0, 200)}`).join('\n');
}

function line(index: number, outcome: Outcome): string {
  const { kind, lastsMs, pathMs, switches, downMs, upMs, hits, problems } = outcome;
  const stall = `stall ${Math.round(downMs)} ms down, ${Math.round(upMs)} ms up`;
  const fault = `${String(index + 1).padStart(4)} ${kind} ${lastsMs} ms`;
  const trouble = problems.length === 0 ? '' : `  PROBLEM ${problems.join('; ')}`;
  return `${fault.padEnd(44)} ${String(hits).padStart(5)} hits, ${stall}, ${switches} switches, path after ${Math.round(pathMs)} ms${trouble}`;
}

async function printed(world: World, outcomes: readonly Outcome[]): Promise<string[]> {
  const { page, app } = await totals(world);
  say(`\n${stallTable(outcomes)}\n`);
  const faults = outcomes.filter((outcome) => !isControl(outcome));
  say(`faults fired: ${faults.filter(({ hits }) => hits > 0).length} of ${faults.length}`);
  say(`downloads ${page.download.done}, uploads ${page.upload.done} (and those under way):`);
  say(`${mib(page.download.bytes)} MiB down, ${mib(app.upload.bytes)} MiB up;`);
  say(`${page.small.done} small requests, ${page.counter.done} counted POSTs;`);
  say(`${page.socket.echoed} echoes, ${page.events.received} events, ${page.version} hot updates`);
  const violations = outcomes.flatMap(({ kind, problems }, index) =>
    problems.map((problem) => `${problem} (fault ${index + 1}, ${kind})`),
  );
  for (const [harm, count] of Object.entries(HARM)) {
    const times = count({ page, app });
    say(`${harm}: ${times}`);
    if (times > 0) violations.push(`${harm}: ${times}`);
  }
  return violations;
}

function memory(outcomes: readonly Outcome[], start: { host: number; page: number }): string[] {
  if (outcomes.length === 0) return [];
  const host = outcomes.map(({ hostBytes }) => hostBytes);
  const page = outcomes.map(({ pageBytes }) => pageBytes);
  say(memoryLine('host', host, start.host));
  say(memoryLine('page', page, start.page));
  const engine = Math.max(...outcomes.map(({ engineBytes }) => engineBytes));
  say(`engine’s process: at most ${mib(engine)} MiB`);
  const violations: string[] = [];
  if (Math.max(...host) - start.host > HOST_GROWTH_BYTES) violations.push('the host grew too much');
  if (engine > ENGINE_BYTES) violations.push('the engine’s process grew too much');
  if (Math.max(...page) - start.page > PAGE_GROWTH_BYTES) violations.push('the page grew too much');
  return violations;
}

/** What host and server still hold, a while after the viewer has left, that they did not before. */
async function leftBehind(
  held: () => Promise<Holdings[]>,
  baseline: Holdings[],
  slack: Holdings,
  releaseMs: number,
): Promise<string[]> {
  const seen: { left?: string[] } = {};
  const look = async (): Promise<boolean> => {
    const now = await held();
    seen.left = ['host', 'server'].flatMap((name, index) =>
      beyond(now[index] ?? {}, baseline[index] ?? {}, slack).map(
        (what) => `left at the ${name}: ${what}`,
      ),
    );
    return seen.left.length === 0;
  };
  await eventually('everything is released', look, releaseMs).catch(() => undefined);
  const { left } = seen;
  if (left === undefined) return ['what host and server still hold could not be seen'];
  say(left.length === 0 ? 'nothing is left at host and server' : left.join('\n'));
  return left;
}

async function stopped(host: Host, server: Pick<TunnelServer, 'stop'>): Promise<string[]> {
  const codes = { host: await host.stop(), server: await server.stop() };
  return Object.entries(codes)
    .filter(([, code]) => code === null)
    .map(([name]) => `the ${name} did not end on Ctrl-C`);
}

const mib = (bytes: number): number => Math.round(bytes / MIB);
