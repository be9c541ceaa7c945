// What 1,000 hostile clients of a tunnel server cost a session that runs there, and the server's memory.
import { readFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { app, crowd, server, share } from '../lib/programs.mjs';
import { median, quantile, round } from '../lib/stats.mjs';
import { cpuSeconds } from '../lib/usage.mjs';

const CLIENTS = 1_000;
const SECONDS = 20;
const CALM_SECONDS = 8;
const PAUSE_MS = 20;
const MIB = 1024 * 1024;
/** What may wait for slow readers (MAX_HELD_MIB), and beside it the process with its sessions and sockets. */
const HELD_MIB = 64;
const OTHER_MIB = 256;
const SLOWER = 1.5;

function residentMib(pid) {
  const [, kib] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (Number(kib) * 1024) / MIB;
}

/** Requests of an honest client, one after another; resolves with how long each took, in milliseconds. */
async function visit(url, headers, seconds) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const { host, port } = new URL(url);
  const where = { host: '127.0.0.1', port, headers: { host, ...headers }, agent };
  const times = [];
  const end = performance.now() + seconds * 1_000;
  while (performance.now() < end) {
    const started = performance.now();
    const status = await new Promise((resolve, reject) => {
      get(where, (response) =>
        response.resume().once('end', () => resolve(response.statusCode)),
      ).once('error', reject);
    });
    if (status !== 200) throw new Error(`the honest client got ${status}`);
    times.push(performance.now() - started);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  agent.destroy();
  return times;
}

/** Visits while the crowd attacks; the highest memory of the server meanwhile is measured too. */
async function underAttack(tunnel, honest) {
  const { pid } = tunnel.child;
  let most = 0;
  const before = cpuSeconds(pid);
  const watch = setInterval(() => (most = Math.max(most, residentMib(pid))), 100);
  const { url, ingress } = honest.value;
  const { host } = new URL(url);
  const attackers = crowd([new URL(tunnel.value.server).port, host, CLIENTS, SECONDS]);
  const headers = { authorization: `Bearer ${ingress.token}` };
  try {
    const during = await visit(url, headers, SECONDS);
    const busy = (cpuSeconds(pid) - before) / SECONDS;
    return { during, most, busy, outcomes: (await attackers).value };
  } finally {
    clearInterval(watch);
    await attackers.then(({ stop }) => stop());
  }
}

async function scene(use) {
  const local = await app();
  const limits = ['--max-held', String(HELD_MIB), '--open-registration'];
  const tunnel = await server(limits);
  const honest = await share(local.value, ['--server', tunnel.value.server, '--no-p2p']);
  try {
    return await use(tunnel, honest);
  } finally {
    await honest.stop();
    await tunnel.stop();
    await local.stop();
  }
}

export function hostileClients() {
  return scene(async (tunnel, honest) => {
    const { url, ingress } = honest.value;
    const headers = { authorization: `Bearer ${ingress.token}` };
    await visit(url, headers, 2);
    const calm = await visit(url, headers, CALM_SECONDS);
    const { during, most, busy, outcomes } = await underAttack(tunnel, honest);
    for (const [what, times] of Object.entries(outcomes)) console.error(`  ${what} (${times})`);
    const ratios = [0.5, 0.95].map((share) => quantile(during, share) / quantile(calm, share));
    const budget = HELD_MIB + OTHER_MIB;
    return [
      {
        figure: `a session’s requests during ${CLIENTS} hostile clients, against before`,
        value: `${ratios.map((ratio) => round(ratio)).join(' ×, p95 ')} ×`,
        target: `median ${SLOWER} ×`,
        met: ratios[0] <= SLOWER,
        detail: `median ${round(median(calm))} → ${round(median(during))} ms, ${during.length} requests in ${SECONDS} s, all answered; the server took ${Math.round(100 * busy)} % of a core`,
      },
      {
        figure: 'the server’s memory meanwhile',
        value: `${Math.round(most)} MiB`,
        target: `${budget} MiB`,
        met: most <= budget,
        detail: `${HELD_MIB} MiB by --max-held, and ${OTHER_MIB} MiB for the process with its sessions and sockets`,
      },
    ];
  });
}
