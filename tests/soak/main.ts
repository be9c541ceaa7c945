// `npm run soak`: hours of traffic while hosts and a node come and go; what stays must not grow.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestCluster, type ClusterNode } from '../cluster/nodes.js';
import { eventually, running, within } from '../support/program.js';
import { HELP, parseOptions, type Options } from './options.js';
import { pause } from './pause.js';
import { report, trafficTold } from './report.js';
import { probeEnv, Watched } from './samples.js';
import { Traffic } from './traffic.js';

const HOUR_MS = 3_600_000;
const KILL_EVERY_MS = 40_000;
const RESTART_EVERY_MS = 15_000;
const TELL_EVERY_MS = 30_000;
const OWNED_MS = 60_000;
const END_MS = 240_000;
const STOP_MS = 60_000;
const INTERRUPTED = 130;

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => interrupted.abort());
}
process.on('exit', () => {
  for (const program of running) program.signal('SIGKILL');
});

const tell = (text: string): void => void process.stderr.write(`${text}\n`);

/** Does something again and again until the signal. */
async function repeat(
  everyMs: number,
  signal: AbortSignal,
  work: () => Promise<void> | void,
): Promise<void> {
  while (!signal.aborted) {
    await work();
    await pause(everyMs, signal);
  }
}

/** A run: what stays and is sampled, what ends, and what was done. */
class Soak {
  kills = 0;
  readonly #start = performance.now();
  readonly #watched: readonly Watched[];

  constructor(
    private readonly options: Options,
    private readonly cluster: TestCluster,
    private readonly traffic: Traffic,
    folder: string,
  ) {
    const node = new Watched('node', nodeOf(cluster, 0).pid, folder);
    const hosts = traffic.steady.map(({ name, share }) => new Watched(name, share.pid, folder));
    this.#watched = [node, ...hosts];
  }

  /** Resolves with what must not be, when its time is over; with nothing as soon as it is interrupted. */
  async run(): Promise<string[]> {
    const { lastsMs, warmUpMs } = this.options;
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, interrupted.signal]);
    const parts = this.#parts(signal).map((part) =>
      part.catch((error: unknown) => {
        this.traffic.problems.push(String(error));
        over.abort();
      }),
    );
    await pause(lastsMs, signal);
    over.abort();
    if (interrupted.signal.aborted) return [];
    await within(END_MS, 'what was begun', Promise.all(parts));
    await this.traffic.conclude();
    console.log(trafficTold(this.traffic, this.kills));
    return report(this.#watched, this.traffic, warmUpMs);
  }

  #parts(signal: AbortSignal): Promise<void>[] {
    return [
      this.traffic.receive(signal),
      repeat(KILL_EVERY_MS, signal, () => this.#kill()),
      repeat(RESTART_EVERY_MS, signal, () => this.traffic.restartOne()),
      repeat(this.options.sampleMs, signal, () => this.#sample()),
      repeat(TELL_EVERY_MS, signal, () => this.#tell()),
    ];
  }

  /** The node dies and comes back; meanwhile all its sessions come to the other or wait for it. */
  async #kill(): Promise<void> {
    const node = nodeOf(this.cluster, 1);
    await this.traffic.excusing(async () => {
      await node.end('SIGKILL');
      this.kills += 1;
      await node.start();
      const owned = this.traffic.sessions.map((name) =>
        eventually('an owner', () => this.cluster.ownerOf(name), OWNED_MS),
      );
      await Promise.all(owned);
    });
  }

  async #sample(): Promise<void> {
    const hours = (performance.now() - this.#start) / HOUR_MS;
    for (const watched of this.#watched) await watched.sample(hours);
  }

  #tell(): void {
    const { problems } = this.traffic;
    const minutes = ((performance.now() - this.#start) / 60_000).toFixed(1);
    const stall = (this.traffic.takeStall() / 1000).toFixed(1);
    tell(
      `${minutes} min: ${trafficTold(this.traffic, this.kills)}; longest stall ${stall} s; ${problems.length} problems`,
    );
  }
}

function nodeOf({ nodes }: TestCluster, index: number): ClusterNode {
  const node = nodes[index];
  if (node === undefined) throw new Error(`there is no node ${index + 1}`);
  return node;
}

async function soak(options: Options): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'wingman-soak-'));
  try {
    return await onCluster(options, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function onCluster(options: Options, folder: string): Promise<string[]> {
  const env = { ...probeEnv(folder, 'node'), LOG_LEVEL: 'warn' };
  const cluster = await TestCluster.start(2, env);
  try {
    const traffic = await Traffic.start(cluster, nodeOf(cluster, 1).url, folder);
    return await new Soak(options, cluster, traffic, folder)
      .run()
      .finally(() => within(STOP_MS, 'the end of the hosts', traffic.stop()));
  } finally {
    await within(STOP_MS, 'the end of the nodes', cluster.stop());
  }
}

const options = parseOptions(process.argv.slice(2));
if (options === undefined) {
  console.log(HELP);
  process.exit(0);
}
tell(`${options.lastsMs / 60_000} minutes, a sample each ${options.sampleMs / 1000} s`);
const failures = await soak(options).catch((error: unknown) => [String(error)]);
if (interrupted.signal.aborted) {
  tell('interrupted: everything is stopped, and nothing is said');
  process.exit(INTERRUPTED);
}
console.log(failures.length === 0 ? 'all held' : `failed: ${failures.join('; ')}`);
process.exit(failures.length === 0 ? 0 : 1);
