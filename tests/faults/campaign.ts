import { eventually } from '../support/program.js';
import { kindOf, type Kind } from './kinds.js';
import type { PlannedFault } from './plan.js';
import { belowBytes, pageProcessBytes, residentOf } from './resources.js';
import type { Snapshot, World } from './world.js';

/** How one fault went. */
export interface Outcome extends PlannedFault {
  hits: number;
  /** How long the path that the fault wants took to come. */
  pathMs: number;
  /** No other path could have taken over at once. */
  isAlone: boolean;
  /** The link had left the path that the fault wants by the time it came. */
  isElsewhere: boolean;
  /** How often the link has changed its path from the fault until all went on. */
  switches: number;
  /** Longest time without a useful byte at the page, and at the app. */
  downMs: number;
  upMs: number;
  /** The longer of both. */
  stallMs: number;
  hostBytes: number;
  /** Of the processes that the host has started: an engine's. */
  engineBytes: number;
  pageBytes: number;
  /** What the app noticed; nothing, if all is well. */
  problems: string[];
}

/** The link's grace time and then some. */
const RECOVERY_MS = 75_000;
/** The longest back-off of the direct path and one attempt. */
const PATH_MS = 75_000;
/** Asking again ends the rest between two attempts at a direct path. */
const ASK_MS = 3_000;
/** A workload is slower than the network at times: this long it gets to be in full swing. */
const WARM_UP_MS = 60_000;

async function snapshot(world: World): Promise<Snapshot> {
  world.latest = { page: await world.viewer.report(), app: await world.app.report() };
  return world.latest;
}

/** Workloads by name, each with a number that grows as it goes on. */
const PROGRESS: Readonly<Record<string, (now: Snapshot) => number>> = {
  download: ({ page }) => page.download.bytes,
  upload: ({ app }) => app.upload.bytes,
  'small requests': ({ page }) => page.small.done,
  counter: ({ page }) => page.counter.done,
  WebSocket: ({ page }) => page.socket.echoed,
  events: ({ page }) => page.events.received,
};

/** What must not happen, by name: numbers that must not grow, and what they count. */
export const HARM: Readonly<Record<string, (now: Snapshot) => number>> = {
  'bytes lost': ({ page, app }) => page.download.lost + app.upload.lost,
  'bytes repeated': ({ page, app }) => page.download.repeated + app.upload.repeated,
  'bytes wrong': ({ page, app }) => page.download.wrong + app.upload.wrong + page.small.wrong,
  'POSTs executed twice': ({ app }) => app.twice,
  'POSTs lost': ({ page, app }) => Math.max(0, page.counter.done - app.executed),
  'WebSockets closed': ({ page }) => page.socket.closed,
  'WebSocket messages lost or repeated': ({ page }) => page.socket.lost + page.socket.repeated,
  'event streams cut': ({ page }) => page.events.cut,
  'events lost or repeated': ({ page }) => page.events.lost + page.events.repeated,
  'requests failed': ({ page }) => page.failures.length,
  'page reloads': ({ page }) => page.loads - 1,
  'HMR reconnects': ({ app }) => app.hotSockets - 1,
};

/** Waits until everything runs. */
export async function warmUp(world: World): Promise<void> {
  await eventually('all workloads run', () => isMoving(world, undefined), WARM_UP_MS);
  await eventually('hot updates can come', () => isHot(world), WARM_UP_MS);
}

async function isHot(world: World): Promise<boolean> {
  const { page, app } = await snapshot(world);
  return page.version >= 0 && app.hotSockets > 0;
}

/** Injects one fault and waits until everything goes on. */
export async function strike(world: World, fault: PlannedFault, version: number): Promise<Outcome> {
  const kind = kindOf(fault.kind);
  const problems: string[] = [];
  const start = performance.now();
  await takePath(world, kind.path).catch((error) => problems.push(String(error)));
  const before = await snapshot(world);
  const pathMs = performance.now() - start;
  const { mode, switches, relayConnected, directConnected } = await world.viewer.status();
  await world.viewer.mark();
  world.app.mark();
  world.app.edit(version);
  const hits = await kind.inject(world, fault.lastsMs).catch((error: unknown) => {
    problems.push(String(error));
    return -1;
  });
  if (hits === 0) problems.push('the fault hit nothing');
  problems.push(...(await recover(world, version)));
  const after = await snapshot(world);
  for (const [harm, count] of Object.entries(HARM)) {
    const more = count(after) - count(before);
    if (more > 0) problems.push(`${harm}: ${more}`);
  }
  problems.push(...after.page.failures.slice(before.page.failures.length).slice(0, 3));
  return {
    ...fault,
    hits,
    pathMs,
    isAlone: !(relayConnected && directConnected),
    isElsewhere: kind.path !== 'any' && mode !== kind.path,
    switches: (await world.viewer.switches()) - switches,
    downMs: after.page.gapMs,
    upMs: after.app.gapMs,
    stallMs: Math.max(after.page.gapMs, after.app.gapMs),
    hostBytes: residentOf(world.host.pid),
    engineBytes: belowBytes(world.host.pid),
    pageBytes: pageProcessBytes(world.viewer.pid),
    problems,
  };
}

/** Asks for a path, again and again, until it carries the link with the relay warm beside it. */
async function takePath({ viewer }: World, path: Kind['path']): Promise<void> {
  let askedAt = -Infinity;
  await eventually(
    `the path ${path} with a warm relay`,
    async () => {
      if (performance.now() - askedAt > ASK_MS) {
        await viewer.prefer(path === 'any' ? 'auto' : path);
        askedAt = performance.now();
      }
      const { mode, relayConnected } = await viewer.status();
      return relayConnected && (path === 'any' ? mode !== 'offline' : mode === path);
    },
    PATH_MS,
  );
  if (path === 'p2p') await leaveToItself(viewer);
}

/** Whoever has asked for the direct path keeps one that becomes slow: the fault is for the usual preference, where that holds. */
async function leaveToItself(viewer: World['viewer']): Promise<void> {
  await viewer.prefer('auto');
  if ((await viewer.status()).mode === 'p2p') return;
  await viewer.prefer('p2p');
  await eventually('the direct path again', async () => (await viewer.status()).mode === 'p2p');
}

/** Resolves with the names of the workloads that did not go on in time. */
async function recover(world: World, version: number): Promise<string[]> {
  const healedAt = performance.now();
  // A page that has just been reloaded, which is a violation of its own, needs a moment.
  const healed = await eventually('the page', () => snapshot(world), RECOVERY_MS);
  try {
    await eventually('all workloads go on', () => isMoving(world, healed), RECOVERY_MS);
    await eventually(
      'the hot update arrives',
      async () => (await world.viewer.report()).version === version,
      RECOVERY_MS,
    );
    await eventually(
      'requests of before are answered',
      async () => {
        const { oldest } = await world.viewer.report();
        return oldest.ageMs < performance.now() - healedAt;
      },
      RECOVERY_MS,
    );
    return [];
  } catch (error) {
    return [`${String(error)}; ${await diagnosis(world, healed)}`];
  }
}

async function diagnosis(world: World, since: Snapshot): Promise<string> {
  const stuck = await stillStuck(world, since);
  const { oldest, version } = await world.viewer.report();
  const age = `${oldest.what} for ${Math.round(oldest.ageMs)} ms`;
  const { mode, link, relayConnected } = await world.viewer.status();
  const path = `${mode}, link ${link.state}, relay ${relayConnected ? 'warm' : 'away'}`;
  return `stuck: ${stuck.join(', ') || 'nothing'}; oldest: ${age}; version ${version}; ${path}`;
}

async function isMoving(world: World, since: Snapshot | undefined): Promise<boolean> {
  return (await stillStuck(world, since)).length === 0;
}

async function stillStuck(world: World, since: Snapshot | undefined): Promise<string[]> {
  const now = await snapshot(world);
  return Object.entries(PROGRESS)
    .filter(([, count]) => count(now) <= (since === undefined ? 0 : count(since)))
    .map(([name]) => name);
}

/** What was seen in all; the latest that is known when page or app can't be asked any more. */
export async function totals(world: World): Promise<Snapshot> {
  return snapshot(world).catch((error) => {
    if (world.latest === undefined) throw error;
    return world.latest;
  });
}
