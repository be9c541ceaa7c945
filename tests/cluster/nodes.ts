import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../support/free-port.js';
import { eventually, Program } from '../support/program.js';
import { startServer } from '../support/share.js';

const SECRET = 'a-secret-of-all-nodes-of-this-server';
const ADMIN_TOKEN = 'an-admin-token-of-this-campaign';
export const REDIS = ['--save', '', '--appendonly', 'no', '--bind', '127.0.0.1', '--port'];

/** One tunnel server among several, which can be ended and started again at the same address. */
export class ClusterNode {
  #program: Program | undefined;
  /** Of those that have ended. */
  #log: string[] = [];

  constructor(
    readonly port: number,
    private readonly args: readonly string[],
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Of the process that it has now; 0 while it has none. */
  get pid(): number {
    return this.#program?.pid ?? 0;
  }

  async start(): Promise<void> {
    const port = String(this.port);
    const started = await startServer(['--port', port, ...this.args], {
      ...{ ...this.env, NODE_URL: this.url },
    });
    this.#program = started.program;
  }

  /** Names of the sessions that it has. */
  async sessions(): Promise<string[]> {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    const answer = await fetch(`${this.url}/admin/sessions`, { headers });
    const { sessions } = (await answer.json()) as { sessions: { name: string; online: boolean }[] };
    return sessions.filter(({ online }) => online).map(({ name }) => name);
  }

  /** Resolves when it has ended. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#program?.signal(signal);
    await this.#program?.exited;
    this.#log.push(...(this.#program?.errors ?? []));
    this.#program = undefined;
  }

  /** All that it has logged, in whatever process. */
  get log(): readonly string[] {
    return [...this.#log, ...(this.#program?.errors ?? [])];
  }
}

/** Several nodes behind Caddy, with their Redis. Caddy takes them in turn, so that most requests reach another node than the session's. */
export class TestCluster {
  #redis: Program | undefined;

  private constructor(
    readonly nodes: readonly ClusterNode[],
    readonly url: string,
    private readonly redisPort: number,
    private readonly folder: string,
    private readonly caddy: Program,
  ) {}

  static async start(count: number, more: NodeJS.ProcessEnv = {}): Promise<TestCluster> {
    const [port, redisPort] = [await freePort(), await freePort()];
    const url = `http://localhost:${port}`;
    const nodes: ClusterNode[] = [];
    const args = ['--public-url', url, '--trust-proxy', '--domain', 'localhost'];
    const env = {
      ...{ REDIS_URL: `redis://127.0.0.1:${redisPort}`, CLUSTER_SECRET: SECRET },
      ...{ ADMIN_TOKEN, STUN_EMBEDDED: 'false', LOG_LEVEL: 'info', ...more },
    };
    while (nodes.length < count) nodes.push(new ClusterNode(await freePort(), args, env));
    const folder = mkdtempSync(join(tmpdir(), 'wingman-cluster-'));
    const config = join(folder, 'Caddyfile');
    writeFileSync(config, caddyfile(port, nodes));
    const caddy = new Program('caddy', ['run', '--config', config, '--adapter', 'caddyfile'], {
      env: { XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    });
    const cluster = new TestCluster(nodes, url, redisPort, folder, caddy);
    cluster.startRedis();
    await Promise.all(nodes.map((node) => node.start()));
    await eventually('Caddy answers', async () => (await fetch(`${url}/healthz`)).ok);
    return cluster;
  }

  startRedis(): void {
    this.#redis = new Program('redis-server', [...REDIS, String(this.redisPort)]);
  }

  async killRedis(): Promise<void> {
    this.#redis?.signal('SIGKILL');
    await this.#redis?.exited;
  }

  /** The node that has a session now; undefined while none has. */
  async ownerOf(name: string): Promise<ClusterNode | undefined> {
    const all = await Promise.all(
      this.nodes.map(async (node) => {
        const names = await node.sessions().catch((): string[] => []);
        return names.includes(name) ? node : undefined;
      }),
    );
    return all.find((node) => node !== undefined);
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.end('SIGKILL')));
    await this.caddy.stop();
    await this.killRedis();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A proxy that takes the nodes in turn. */
export function caddyfile(port: number, nodes: readonly Pick<ClusterNode, 'port'>[]): string {
  const upstreams = nodes.map(({ port: upstream }) => `127.0.0.1:${upstream}`).join(' ');
  return `{
	admin off
	auto_https off
}
http://:${port} {
	reverse_proxy ${upstreams} {
		lb_policy round_robin
		lb_try_duration 5s
		lb_try_interval 100ms
		fail_duration 1s
		flush_interval -1
	}
}
`;
}
