// What links cost that have nothing to say: most links of a server are idle most of the time.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { app, idleViewers, ROOT, server, share } from '../lib/programs.mjs';
import { median } from '../lib/stats.mjs';
import { cpuSeconds } from '../lib/usage.mjs';

const LINKS = 1_000;
/** After this time without anything to do, links ask as rarely as they ever do. */
const CALM_SECONDS = 100;
const SECONDS = 60;
const TARGET = 0.01;

const wait = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Has each process that starts meanwhile count its timers; their counts are read from the file. */
async function countingTimers(file, use) {
  const before = { ...process.env };
  process.env.TIMERS_FILE = file;
  process.env.NODE_OPTIONS = `--import=${join(ROOT, 'bench/lib/count-timers.mjs')}`;
  try {
    return await use();
  } finally {
    process.env.NODE_OPTIONS = before.NODE_OPTIONS ?? '';
  }
}

/** Timers of a process since it was last asked. */
async function timersOf({ pid }, file) {
  process.kill(pid, 'SIGUSR2');
  await wait(1);
  return JSON.parse(readFileSync(`${file}.${pid}`, 'utf8'));
}

/** CPU of each process in seconds a second, and the timers that fired in it, while nothing is asked of it. */
async function rest(programs, file) {
  for (const { child } of programs) await timersOf(child, file);
  const before = programs.map(({ child }) => cpuSeconds(child.pid));
  await wait(SECONDS);
  const shares = programs.map(
    ({ child }, index) => (cpuSeconds(child.pid) - before[index]) / SECONDS,
  );
  const timers = [];
  for (const { child } of programs) timers.push(await timersOf(child, file));
  return { shares, timers };
}

/** One server and one host, at first alone, and then with the links. */
async function run(file) {
  const local = await app();
  const most = ['--max-viewers', String(LINKS)];
  const started = await countingTimers(file, async () => {
    const tunnel = await server(['--open-registration']);
    const to = ['--server', tunnel.value.server, '--no-p2p', '--no-inspector', ...most];
    return [tunnel, await share(local.value, to)];
  });
  const [tunnel, host] = started;
  const viewers = [];
  try {
    const alone = await rest(started, file);
    viewers.push(await idleViewers(host.value.url, LINKS));
    await wait(CALM_SECONDS);
    const linked = await rest(started, file);
    const shares = linked.shares.map((share, index) => share - alone.shares[index]);
    viewers[0].child.stdin.write('\n');
    const { open } = JSON.parse(await viewers[0].nextLine());
    if (open !== LINKS) throw new Error(`only ${open} of ${LINKS} links are still open`);
    return { shares, timers: linked.timers };
  } finally {
    for (const program of [...viewers, host, tunnel, local]) await program.stop();
  }
}

/** Every timer that fired at least once in ten seconds, with how often a second. */
function shown(timers) {
  const rates = Object.entries(timers).map(([what, times]) => [what, times / SECONDS]);
  return rates
    .filter(([, rate]) => rate >= 0.1)
    .sort(([, a], [, b]) => b - a)
    .map(([what, rate]) => `\`${what}\` ${rate.toFixed(1)}/s`)
    .join(', ');
}

export async function idleLinks(runs) {
  const folder = mkdtempSync(join(tmpdir(), 'wingman-idle-'));
  const results = [];
  try {
    for (let each = 0; each < runs; each += 1) results.push(await run(join(folder, 'timers')));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return ['server', 'host'].map((name, index) => {
    const share = median(results.map(({ shares }) => shares[index]));
    return {
      figure: `CPU of the ${name} for ${LINKS} idle links`,
      value: `${(100 * share).toFixed(2)} % of a core`,
      target: `${100 * TARGET} %`,
      met: share <= TARGET,
      detail: `beyond what it takes alone; median of ${runs} runs of ${SECONDS} s, sealed, by the relay; timers that fired: ${shown(results.at(-1).timers[index])}`,
    };
  });
}
