// What direct paths cost a host that have nothing to say: its engine's own signs of life, and the links'.
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { newLinkId } from '@wingman/protocol';
import { ROOT } from '../lib/programs.mjs';
import { median } from '../lib/stats.mjs';
import { cpuSeconds } from '../lib/usage.mjs';

const LINKS = 1_000;
const AT_ONCE = 8;
/** As in idle-links.mjs: after this time links ask as rarely as they ever do. */
const CALM_MS = 100_000;
const SECONDS = 60;
const TARGET = 0.01;
const OPEN_DEADLINE_MS = 20_000;

/** Resolves with the first message of a process for which `look` is true. */
function told(child, look) {
  return new Promise((resolve, reject) => {
    const settle = (done, value) => {
      clearTimeout(deadline);
      child.off('message', hear);
      done(value);
    };
    const hear = (message) => look(message) && settle(resolve, message);
    const late = () => settle(reject, new Error('a process has not answered in time'));
    const deadline = setTimeout(late, OPEN_DEADLINE_MS);
    child.on('message', hear);
  });
}

async function shareOf(child) {
  const before = cpuSeconds(child.pid);
  await wait(SECONDS * 1000);
  return (cpuSeconds(child.pid) - before) / SECONDS;
}

/** The two ends, each of which is passed what the other says. */
async function bothEnds() {
  const start = (role) => fork(join(ROOT, 'bench/lib/idle-peers.mjs'), [role]);
  const [host, viewers] = [start('host'), start('viewers')];
  const [{ started }] = await Promise.all(
    [host, viewers].map((end) => told(end, (said) => said.started)),
  );
  host.on('message', (message) => viewers.send(message));
  viewers.on('message', (message) => host.send(message));
  host.setMaxListeners(2 * AT_ONCE);
  return { host, viewers, engine: started };
}

/** Opens direct paths until there are enough, or none of a batch opens in time: this machine carries no more. Resolves with how many were asked for. */
async function openAll({ host, viewers }) {
  let [asked, opened] = [0, 0];
  while (opened < LINKS && asked < 2 * LINKS) {
    const ids = Array.from({ length: Math.min(AT_ONCE, LINKS - opened) }, () => newLinkId());
    const open = ids.map((id) => told(host, ({ ready }) => ready === id));
    for (const id of ids) viewers.send({ open: id });
    const settled = await Promise.allSettled(open);
    const came = settled.filter(({ status }) => status === 'fulfilled').length;
    asked += ids.length;
    opened += came;
    if (came === 0) return asked;
  }
  return asked;
}

async function countOpen(host) {
  const counted = told(host, (said) => said.counted !== undefined);
  host.send({ count: true });
  return (await counted).counted;
}

async function run() {
  const { host, viewers, engine } = await bothEnds();
  try {
    const alone = await shareOf(host);
    const asked = await openAll({ host, viewers });
    await wait(CALM_MS);
    const share = (await shareOf(host)) - alone;
    return { share, asked, links: await countOpen(host), engine };
  } finally {
    for (const end of [host, viewers]) end.kill();
  }
}

export async function idleDirect(runs) {
  const results = [];
  for (let each = 0; each < runs; each += 1) results.push(await run());
  const share = median(results.map((result) => result.share));
  const links = median(results.map((result) => result.links));
  const asked = Math.max(...results.map((result) => result.asked));
  const dropped = links < asked ? ` (${asked} were asked for)` : '';
  return [
    {
      figure: `CPU of a host for ${LINKS} idle direct paths`,
      value: `${(100 * share).toFixed(2)} % of a core for ${links}${dropped}`,
      target: `${100 * TARGET} %`,
      met: share <= TARGET && links === LINKS,
      detail: `beyond what its engine (${results[0].engine}) takes alone; median of ${runs} runs of ${SECONDS} s, on loopback`,
    },
  ];
}
