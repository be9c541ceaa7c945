// The three machines of a session as network namespaces, joined pairwise by emulated links; or all as one, on loopback. Needs root.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { ROOT, start } from './programs.mjs';

const PLACES = ['viewer', 'server', 'host'];

/** Each link with its ends and their addresses, all on networks of their own. */
const LINKS = {
  viewerServer: { ends: { viewer: '10.77.1.1', server: '10.77.1.2' }, device: 'to-server' },
  serverHost: { ends: { server: '10.77.2.1', host: '10.77.2.2' }, device: 'to-host' },
  viewerHost: { ends: { viewer: '10.77.3.1', host: '10.77.3.2' }, device: 'direct' },
};

const run = (command, ...args) =>
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });

export class Lab {
  #links = [];

  constructor(setting) {
    this.setting = setting;
    this.isLoopback = setting.links === undefined;
    /** What session names end with; on loopback a domain that browsers resolve by themselves. */
    this.domain = this.isLoopback ? 'localhost' : 'bench.localhost';
  }

  static async create(setting) {
    const lab = new Lab(setting);
    if (lab.isLoopback) return lab;
    if (process.getuid() !== 0) throw new Error('network namespaces need root');
    try {
      for (const place of PLACES) lab.#makeNamespace(place);
      for (const [name, shape] of Object.entries(setting.links)) await lab.#join(name, shape);
      lab.#routeViewer();
    } catch (error) {
      await lab.remove();
      throw error;
    }
    return lab;
  }

  /** The words before a command that is to run in a place. */
  inside(place) {
    return this.isLoopback ? [] : ['ip', 'netns', 'exec', this.#namespace(place)];
  }

  /** The address of a place, as another one reaches it; each reaches itself on its loopback. */
  address(place, from = place) {
    if (this.isLoopback || place === from) return '127.0.0.1';
    const { ends } = Object.values(LINKS).find((link) => place in link.ends && from in link.ends);
    return ends[place];
  }

  /** The programs that move the packets. */
  get emulators() {
    return this.#links;
  }

  /** What the links have done since the last call: packets given, given late, lost, dropped at a full queue. */
  async packets() {
    const sum = { given: 0, late: 0, lost: 0, overflowed: 0 };
    for (const link of this.#links) {
      const counts = link.nextLine().then(JSON.parse);
      link.child.kill('SIGUSR1');
      for (const [name, count] of Object.entries(await counts)) sum[name] += count;
    }
    return sum;
  }

  async remove() {
    await Promise.all(this.#links.map((link) => link.stop()));
    if (this.isLoopback) return;
    for (const place of PLACES) {
      this.#endAll(place);
      rmSync(namesFolder(this.#namespace(place)), { recursive: true, force: true });
      try {
        run('ip', 'netns', 'del', this.#namespace(place));
      } catch {
        // It was never made.
      }
    }
  }

  #namespace(place) {
    return `wingman-bench-${process.pid}-${place}`;
  }

  /** What the programs there have started may have outlived them, as sessions of sshd do. */
  #endAll(place) {
    const list = ['netns', 'pids', this.#namespace(place)];
    const { stdout } = spawnSync('ip', list, { encoding: 'utf8' });
    for (const pid of stdout.split('\n').filter(Boolean)) {
      try {
        process.kill(Number(pid), 'SIGKILL');
      } catch {
        // It has just ended.
      }
    }
  }

  #makeNamespace(place) {
    const name = this.#namespace(place);
    run('ip', 'netns', 'add', name);
    run('ip', '-n', name, 'link', 'set', 'lo', 'up');
    run(...this.inside(place), 'sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1');
    // What `ip netns exec` puts in place of /etc/hosts: programs there find the server by its name.
    mkdirSync(namesFolder(name), { recursive: true });
    const names = `127.0.0.1 localhost\n${this.address('server', place)} ${this.domain}\n`;
    writeFileSync(join(namesFolder(name), 'hosts'), names);
  }

  async #join(name, { rttMs, rateMbit, queueMs, lossPercent }) {
    const { ends, device } = LINKS[name];
    const args = Object.entries(ends).flatMap(([place, address]) => [
      this.#namespace(place),
      address,
    ]);
    args.push(...[rttMs / 2, rateMbit, queueMs, lossPercent].map(String), '--device', device);
    const isReady = (line) => line === 'ready' || undefined;
    this.#links.push(
      await start('python3', [join(ROOT, 'tests/lab/delay-link.py'), ...args], isReady),
    );
  }

  /** A browser that may not see all interfaces offers the address of its default route as a candidate. */
  #routeViewer() {
    const gateway = LINKS.viewerHost.ends.host;
    run('ip', '-n', this.#namespace('viewer'), 'route', 'add', 'default', 'via', gateway);
  }
}

const namesFolder = (namespace) => join('/etc/netns', namespace);

/** A TCP port that nothing has on this machine; a namespace has all free. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
