import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { caddyfile, REDIS } from '../cluster/nodes.js';
import { ADDRESS, SERVER_PORT, type Lab } from '../lab/network.js';
import { eventually, Program } from '../support/program.js';
import { CLI } from '../support/share.js';
import type { TunnelServer } from './parts.js';

// The place of the server has ports of its own.
const REDIS_PORT = 6379;
const FIRST_NODE_PORT = 8801;
const ADMIN_TOKEN = 'an-admin-token-of-this-campaign';
const CLUSTER_SECRET = 'a-secret-of-all-nodes-of-this-campaign';

/** One of the nodes, which may end and be started again. */
class Node {
  #program: Program | undefined;

  constructor(
    private readonly lab: Lab,
    private readonly port: number,
  ) {}

  get pid(): number {
    return this.#program?.pid ?? 0;
  }

  async start(): Promise<void> {
    const [command, args] = this.lab.inside('server', [
      ...[process.execPath, CLI, 'server', '--host', '0.0.0.0', '--port', String(this.port)],
      ...['--domain', 'localhost', '--open-registration', '--trust-proxy'],
    ]);
    const env = {
      ...{ LOG_LEVEL: 'error', ADMIN_TOKEN, CLUSTER_SECRET, STUN_EMBEDDED: 'false' },
      TUNNEL_PUBLIC_URL: `http://localhost:${SERVER_PORT}`,
      REDIS_URL: `redis://127.0.0.1:${REDIS_PORT}`,
      NODE_URL: `http://127.0.0.1:${this.port}`,
    };
    const program = new Program(command, args, { env, group: true });
    this.#program = program;
    await program.find('a node', (lines) =>
      lines.some((line) => line.includes('Tunnel server:')) ? true : undefined,
    );
  }

  /** How many sessions it has whose host is connected; 0 when it doesn't answer. */
  async sessions(): Promise<number> {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    const url = `http://${ADDRESS.server}:${this.port}/admin/sessions`;
    try {
      const { sessions } = (await (await fetch(url, { headers })).json()) as {
        sessions: { online: boolean }[];
      };
      return sessions.filter(({ online }) => online).length;
    } catch {
      return 0;
    }
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#program?.signal(signal);
    await this.#program?.exited;
  }

  async stop(): Promise<number | null> {
    return (await this.#program?.stop()) ?? null;
  }
}

/** Several nodes behind Caddy, with their Redis, in place of one tunnel server. */
export class ServerNodes implements Pick<TunnelServer, 'pid' | 'start' | 'kill' | 'stop'> {
  readonly #nodes: readonly Node[];
  readonly #around: Program[] = [];

  constructor(
    private readonly lab: Lab,
    private readonly folder: string,
    count: number,
  ) {
    this.#nodes = Array.from({ length: count }, (_, at) => new Node(lab, FIRST_NODE_PORT + at));
  }

  get pid(): number {
    return this.#nodes[0]?.pid ?? 0;
  }

  async start(): Promise<void> {
    if (this.#around.length === 0) this.#startAround();
    await Promise.all(this.#nodes.map((node) => node.start()));
    const url = `http://${ADDRESS.server}:${SERVER_PORT}/healthz`;
    await eventually('Caddy answers', async () => (await fetch(url)).ok);
  }

  /** Ends the node that has the session, and resolves with how many it had; `again` starts the node again. */
  async endOwner(signal: 'SIGKILL' | 'SIGTERM'): Promise<{ hits: number; again: Node }> {
    const { hits, node } = await eventually('a node with the session', async () => {
      const counts = await Promise.all(this.#nodes.map((each) => each.sessions()));
      const most = Math.max(...counts);
      const owner = this.#nodes[counts.indexOf(most)];
      return most > 0 && owner !== undefined && { hits: most, node: owner };
    });
    await node.end(signal);
    return { hits, again: node };
  }

  async kill(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.end('SIGKILL')));
  }

  async stop(): Promise<number | null> {
    const codes = await Promise.all(this.#nodes.map((node) => node.stop()));
    await Promise.all(this.#around.map((program) => program.stop()));
    return codes.includes(null) ? null : 0;
  }

  #startAround(): void {
    const home = join(this.folder, 'caddy');
    mkdirSync(home);
    const config = join(this.folder, 'Caddyfile');
    const upstreams = this.#nodes.map((_, at) => ({ port: FIRST_NODE_PORT + at }));
    writeFileSync(config, caddyfile(SERVER_PORT, upstreams));
    const commands = [
      ['redis-server', ...REDIS, String(REDIS_PORT)],
      ['caddy', 'run', '--config', config, '--adapter', 'caddyfile'],
    ];
    const env = { XDG_DATA_HOME: home, XDG_CONFIG_HOME: home };
    for (const command of commands) {
      const [program, args] = this.lab.inside('server', command);
      this.#around.push(new Program(program, args, { env, group: true }));
    }
  }
}
