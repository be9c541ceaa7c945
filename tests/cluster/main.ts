// `npm run test:cluster`: nodes that die, drain and lose their Redis, while sessions are in use.
import { eventually, running } from '../support/program.js';
import { Share } from '../support/share.js';
import { Load, statusOf, type Probed } from './load.js';
import { TestCluster, type ClusterNode } from './nodes.js';

const SESSIONS = 4;
const CALM_MS = 2_000;
/** Longer than a lease. */
const REDIS_AWAY_MS = 10_000;
const REGISTERED_MS = 5_000;
/** The two ends of a link see its first relay end at different times. Without a successor it would be a new connection: 0.4 s and more. */
const UNCARRIED_MS = 250;
const TRIAL_MS = 30_000;

const failures: string[] = [];

function demand(isMet: boolean, what: string): void {
  if (isMet) return;
  failures.push(what);
  console.log(`  FAILED: ${what}`);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

function told({ answered, failures: failed, longestMs }: Probed): string {
  const kinds = [...new Set(failed)].map(
    (kind) => `${failed.filter((each) => each === kind).length} × ${kind}`,
  );
  const rest = kinds.length === 0 ? 'none failed' : `failed: ${kinds.join(', ')}`;
  return `plain HTTP: ${answered} answered, ${rest}, longest ${seconds(longestMs)}`;
}

/** A node with sessions is killed: its hosts are elsewhere within five seconds, and links go on. */
async function kill(cluster: TestCluster, load: Load): Promise<void> {
  const counts = await Promise.all(cluster.nodes.map((node) => node.sessions()));
  const names = counts.reduce((most, each) => (each.length > most.length ? each : most));
  const node = cluster.nodes[counts.indexOf(names)];
  if (node === undefined || names.length === 0) throw new Error('no node has a session');
  await settle(load);
  const start = performance.now();
  await node.end('SIGKILL');
  const times = await Promise.all(
    names.map(async (name) => {
      await eventually('a new owner', () => cluster.ownerOf(name), TRIAL_MS);
      return performance.now() - start;
    }),
  );
  await pause(CALM_MS);
  const [slowest, stall] = [Math.max(...times), load.takeStall()];
  console.log(
    `SIGKILL of a node with ${names.length} of ${load.sessions.length} sessions: elsewhere after ${seconds(slowest)} at the latest, longest stall of a link ${seconds(stall)}; ${told(await load.probed())}`,
  );
  demand(slowest <= REGISTERED_MS, `hosts were elsewhere after ${seconds(slowest)} only`);
  await node.start();
}

/** Each node is stopped and started again, one after another: no request fails, and no link is cut off. */
async function roll(cluster: TestCluster, load: Load): Promise<void> {
  await settle(load);
  for (const [index, node] of cluster.nodes.entries()) {
    const names = await node.sessions();
    const movesBefore = load.moves();
    load.takeUncarried();
    const start = performance.now();
    await node.end('SIGTERM');
    const ended = performance.now() - start;
    await node.start();
    await pause(CALM_MS);
    const probed = await load.probed();
    const [moves, uncarried] = [load.moves() - movesBefore, load.takeUncarried()];
    console.log(
      `SIGTERM of node ${index + 1} with ${names.length} sessions: ended after ${seconds(ended)}, links were asked to move ${moves} times, nothing carried one for ${seconds(uncarried)} at most, longest stall ${seconds(load.takeStall())}; ${told(probed)}`,
    );
    demand(uncarried <= UNCARRIED_MS, `nothing carried a link for ${seconds(uncarried)}`);
    demand(probed.failures.length === 0, 'requests failed during a rolling restart');
  }
}

/** Redis is away for longer than a lease: what runs goes on, and what is new waits, says why, and comes. */
async function loseRedis(cluster: TestCluster, load: Load): Promise<void> {
  await settle(load);
  const owners = await Promise.all(
    load.sessions.map(({ share }) => cluster.ownerOf(share.ready.session)),
  );
  await cluster.killRedis();
  const late = Share.start(load.port, ['--server', cluster.url, '--no-inspector', '--no-p2p']);
  late.catch(() => undefined);
  const own = await ownStatuses(load, owners);
  const status = await elsewhere(cluster, load, owners);
  await pause(REDIS_AWAY_MS);
  const after = await ownStatuses(load, owners);
  const stall = load.takeStall();
  cluster.startRedis();
  const back = performance.now();
  const share = await late;
  const registered = performance.now() - back;
  await share.stop();
  const codes = share.errors.filter((line) => line.includes('directory')).length;
  console.log(
    `Redis away for ${seconds(REDIS_AWAY_MS)}: at their own nodes sessions answered ${own} and then ${after}, at others ${status}; longest stall of a link ${seconds(stall)}; a new host was told why (${codes} lines) and was there ${seconds(registered)} after Redis was back`,
  );
  demand(own === '200' && after === '200', 'what ran did not go on');
  demand(status === '503 DIRECTORY_AWAY', `elsewhere: ${status}`);
  await pause(CALM_MS);
  await load.probed();
}

/** What sessions answer at the nodes that have them. */
async function ownStatuses(
  load: Load,
  owners: readonly (ClusterNode | undefined)[],
): Promise<string> {
  const all = await Promise.all(
    load.sessions.map(({ share }, index) => statusAt(owners[index], share)),
  );
  return [...new Set(all)].join(', ');
}

/** What a session answers at a node that doesn't have it. */
async function elsewhere(
  { nodes }: TestCluster,
  load: Load,
  owners: readonly (ClusterNode | undefined)[],
): Promise<string> {
  const [busy] = load.sessions;
  if (busy === undefined) throw new Error('there is no session');
  return statusAt(
    nodes.find((node) => node !== owners[0]),
    busy.share,
  );
}

function statusAt(node: ClusterNode | undefined, share: Share): Promise<string> {
  if (node === undefined) return Promise.resolve('no node');
  const { hostname } = new URL(share.origin);
  return statusOf(`http://${hostname}:${node.port}`);
}

/** What went before is over, and is not counted again. */
async function settle(load: Load): Promise<void> {
  await pause(CALM_MS);
  await load.probed();
  load.takeStall();
}

/** What the nodes have logged of all this. */
function searchLogs({ nodes }: TestCluster, load: Load): void {
  const lines = nodes.flatMap(({ log }) => log);
  const found = load.secrets().filter((secret) => lines.some((line) => line.includes(secret)));
  console.log(`logs: ${lines.length} lines, with ${found.length} names, keys and passes in them`);
  demand(lines.length > 0 && found.length === 0, `the logs have ${found.join(', ')}`);
}

const TRIALS = { kill, roll, redis: loseRedis } as const;

async function run(count: number, trials: readonly (keyof typeof TRIALS)[]): Promise<void> {
  console.log(`${count} nodes behind Caddy, ${SESSIONS} sessions, each with a link and with curl:`);
  const cluster = await TestCluster.start(count);
  const load = await Load.start(cluster.url, SESSIONS);
  try {
    await settle(load);
    for (const trial of trials) await TRIALS[trial](cluster, load);
    const problems = load.problems();
    const [numbers, posts] = load.counts();
    console.log(`links: ${numbers} numbers and ${posts} POSTs, each once and in order`);
    for (const problem of new Set(problems)) demand(false, problem);
    searchLogs(cluster, load);
  } finally {
    await load.stop();
    await cluster.stop();
  }
}

const [, , ...asked] = process.argv;
const trials = (['kill', 'roll', 'redis'] as const).filter(
  (trial) => asked.length === 0 || asked.includes(trial),
);
for (const count of [2, 3]) await run(count, trials);
for (const program of running) program.signal('SIGKILL');
console.log(failures.length === 0 ? 'all held' : `${failures.length} failed`);
process.exit(failures.length === 0 ? 0 : 1);
