import { ADDRESS } from '../lab/network.js';
import { eventually } from '../support/program.js';
import { descendants } from './resources.js';
import type { World } from './world.js';

/** Bulk opens a second lane after some seconds, on a direct path that holds. */
const LANES_MS = 70_000;
const COUNT_MS = 500;
/** Heartbeats alone are fewer packets than these, and a lane that carries bulk has hundreds. */
const BULK_PACKETS = 50;

/** What passes a port of the viewer's NAT, in both directions. */
const flowOf = (port: number): string[] => [
  `ip saddr ${ADDRESS.viewerOutside} udp sport ${port} counter`,
  `ip daddr ${ADDRESS.viewerOutside} udp dport ${port} counter`,
];

/** Which ports bulk passes now. */
async function lanesWithBulk({ lab, sleep }: World): Promise<number[]> {
  const ports = await lab.viewerPorts();
  await lab.addRules(ports.flatMap(flowOf));
  await sleep(COUNT_MS);
  const hits = await lab.hitsByRule();
  await lab.clearRules();
  return ports.filter(
    (_, index) => (hits[2 * index] ?? 0) + (hits[2 * index + 1] ?? 0) >= BULK_PACKETS,
  );
}

/**
 * Kills the process of an engine that has one while bulk passes several lanes, as its library does when it fails: all lanes
 * that end there are gone at once. Resolves with how many processes were killed.
 */
export async function killEngine(world: World): Promise<number> {
  const { host, viewer } = world;
  await viewer.prefer('p2p');
  try {
    const processes = await eventually(
      'bulk passes lanes that end in an engine’s process',
      async () => {
        const found = descendants(host.pid);
        if (found.length === 0) return undefined;
        return (await lanesWithBulk(world)).length < 2 ? undefined : found;
      },
      LANES_MS,
    );
    for (const pid of processes) process.kill(pid, 'SIGKILL');
    return processes.length;
  } finally {
    await viewer.prefer('auto');
  }
}

/**
 * Kills one lane of several while bulk is under way: no packet of its flow gets through any more, in either direction,
 * while the other lanes carry on. Resolves with how many packets were dropped.
 */
export async function killLane(world: World, lastsMs: number): Promise<number> {
  const { lab, sleep, viewer } = world;
  // On a busy machine the judge of paths may try the relay, which has one lane.
  await viewer.prefer('p2p');
  try {
    await eventually('one of two lanes with bulk is cut', () => cutOne(world, lastsMs), LANES_MS);
    await sleep(lastsMs - COUNT_MS);
    return await lab.hits();
  } finally {
    await lab.clearRules();
    await viewer.prefer('auto');
  }
}

/** Cuts one lane of several, if there are several and the cut hits; the plan's random time chooses which. */
async function cutOne(world: World, choice: number): Promise<boolean> {
  const { lab, sleep } = world;
  const lanes = await lanesWithBulk(world);
  if (lanes.length < 2) return false;
  const rules = flowOf(lanes[choice % lanes.length] ?? 0);
  await lab.addRules(rules.map((rule) => `${rule} drop`));
  await sleep(COUNT_MS);
  // The direct path as a whole may have been given up meanwhile.
  if ((await lab.hits()) > 0) return true;
  await lab.clearRules();
  return false;
}
