import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT, server, start } from '../lib/programs.mjs';
import { cpuSeconds } from '../lib/usage.mjs';
import { wait } from './wait.mjs';

const SECRET = 'a-secret-of-all-nodes-of-this-server';
const REDIS = ['--save', '', '--appendonly', 'no', '--bind', '127.0.0.1', '--port'];
/** What a node holds; the other one is for what it copies. */
const HOLDINGS = 'tests/soak/resources-probe.mjs';
const [PROBED_MS, POLL_MS] = [30_000, 50];

async function freePort() {
  const listener = createServer();
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address();
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

const statusOf = (pid) => readFileSync(`/proc/${pid}/status`, 'utf8');
const kibOf = (pid, field) => Number(new RegExp(`${field}:\\s+(\\d+)`).exec(statusOf(pid))[1]);

/** One tunnel server, which can be killed and started again at the same address. */
class Node {
  #program;

  constructor(name, port, { args, env, folder, probe = HOLDINGS }) {
    this.url = `http://127.0.0.1:${port}`;
    this.args = ['--port', String(port), ...args];
    this.probed = join(folder, `${name}.json`);
    this.env = {
      ...env,
      ...(env.REDIS_URL === undefined ? {} : { NODE_URL: this.url }),
      NODE_OPTIONS: `--import=${pathToFileURL(join(ROOT, probe)).href}`,
      WINGMAN_PROBE_FILE: this.probed,
    };
  }

  async start() {
    this.#program = await server(this.args, [], this.env);
  }

  get pid() {
    return this.#program.child.pid;
  }

  async kill() {
    const { child } = this.#program;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  stop() {
    return this.#program.stop();
  }

  get cpu() {
    return cpuSeconds(this.pid);
  }

  get peakKib() {
    return kibOf(this.pid, 'VmHWM');
  }

  /** What it holds after its garbage has been collected. */
  async held() {
    const descriptors = readdirSync(`/proc/${this.pid}/fd`).length;
    const { heapBytes, timers } = await this.ask();
    return { heapBytes, timers, descriptors, residentKib: kibOf(this.pid, 'VmRSS') };
  }

  /** What its probe says. */
  async ask() {
    rmSync(this.probed, { force: true });
    process.kill(this.pid, 'SIGUSR2');
    const end = performance.now() + PROBED_MS;
    while (performance.now() < end) {
      await wait(POLL_MS);
      try {
        return JSON.parse(readFileSync(this.probed, 'utf8'));
      } catch {
        // It is still being written.
      }
    }
    throw new Error('the probe of a node did not answer');
  }
}

/** Tunnel servers, with a Redis if there are several, for as long as they are used. */
export async function withNodes(count, { args, env = {}, probe }, use) {
  const folder = mkdtempSync(join(tmpdir(), 'wingman-capacity-'));
  const port = await freePort();
  const redis =
    count === 1
      ? undefined
      : await start('redis-server', [...REDIS, String(port)], (line) =>
          line.includes('Ready to accept') ? line : undefined,
        );
  const shared = {
    REDIS_URL: `redis://127.0.0.1:${port}`,
    CLUSTER_SECRET: SECRET,
    TRUST_PROXY: 'true',
  };
  const given = { args, folder, probe, env: { ...env, ...(count === 1 ? {} : shared) } };
  const nodes = [];
  try {
    while (nodes.length < count) {
      const node = new Node(`node-${nodes.length}`, await freePort(), given);
      await node.start();
      nodes.push(node);
    }
    return await use(nodes, redis?.child.pid);
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    await redis?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
