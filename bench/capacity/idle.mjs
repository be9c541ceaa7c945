// Sessions that nobody looks at, then with viewers that have nothing to say.
import { cpuSeconds } from '../lib/usage.mjs';
import { startChild } from './children.mjs';
import { settledMs, share } from './idle-share.mjs';
import { onMachine } from './machine.mjs';
import { drop, figure, fixed, progress } from './report.mjs';
import { wait } from './wait.mjs';

const JOIN_MS = 180_000;
const TARGET = { kilobytes: 60, percent: 2 };

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/** Of a core, of all nodes together, and of Redis. */
function shares({ nodes, redisPid }, seconds) {
  const ofNodes = () => sum(nodes.map(({ cpu }) => cpu));
  const ofRedis = () => (redisPid === undefined ? 0 : cpuSeconds(redisPid));
  return Promise.all([ofNodes, ofRedis].map((taken) => share(taken, seconds)));
}

async function growth({ nodes, empty }) {
  const held = await Promise.all(nodes.map((node) => node.held()));
  const of = (field) => sum(held.map((each, index) => each[field] - empty[index][field]));
  return {
    kilobytes: of('residentKib') * 1.024,
    heapKilobytes: of('heapBytes') / 1_000,
    timers: of('timers'),
    descriptors: of('descriptors'),
  };
}

function told(what, { kilobytes, heapKilobytes, timers, descriptors }, count) {
  const each = (value) => fixed(value / count);
  progress(
    `${what}: each ${each(heapKilobytes)} KB of heap, ${each(timers)} timers, ${each(descriptors)} descriptors`,
  );
  return Number(each(kilobytes));
}

export async function idle(crowd, { seconds, viewers }) {
  const { nodes, registered } = crowd;
  const where = `${nodes.length} node${nodes.length === 1 ? '' : 's'}`;
  await wait(settledMs(seconds));
  const grown = await growth(crowd);
  const each = told('a session', grown, registered);
  const { kilobytes, percent } = TARGET;
  const target = `${kilobytes} KB`;
  figure(`memory of an idle session, ${where}`, `${fixed(each)} KB`, target, each <= kilobytes);
  const [all, redis] = await onMachine('idle sessions', () => shares(crowd, seconds));
  const cpu = `CPU of ${registered} idle sessions, ${where}`;
  const value = `${fixed(all, 2)} % of a core${redis > 0 ? `, and Redis ${fixed(redis, 2)} %` : ''}`;
  figure(cpu, value, `${percent} %`, all <= percent);
  await withViewers(crowd, { grown, before: all, seconds, viewers, where });
}

async function withViewers(crowd, { grown, before, seconds, viewers, where }) {
  const { fleet, nodes } = crowd;
  const names = (await fleet.names()).slice(0, viewers);
  const child = await startChild('viewers');
  try {
    const server = nodes.map(({ url }) => url);
    const { joined } = await child.ask('join', { server, names, count: viewers }, JOIN_MS);
    if (joined < viewers) drop(`${viewers - joined} of ${viewers} viewers did not get in`);
    await wait(settledMs(seconds));
    const more = await growth(crowd);
    const rest = Object.fromEntries(Object.keys(more).map((key) => [key, more[key] - grown[key]]));
    const each = told('a viewer', rest, joined);
    const [both] = await onMachine('idle viewers', () => shares(crowd, seconds));
    const left = joined - (await child.ask('there'));
    if (left > 0) drop(`${left} viewers were cut off`);
    figure(
      `${joined} idle viewers beside them, ${where}`,
      `${fixed(each)} KB each, ${fixed(both - before, 2)} % of a core more`,
    );
  } finally {
    await child.stop();
  }
}
