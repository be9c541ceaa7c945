import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { Program, ROOT } from '../support/program.js';

const run = promisify(execFile);

export type Place = 'viewer' | 'nat' | 'core' | 'server' | 'host';

const PLACES: readonly Place[] = ['viewer', 'nat', 'core', 'server', 'host'];
export const SERVER_PORT = 8787;
export const ADDRESS = {
  viewer: '10.98.1.2',
  /** Where the viewer is after a change of address. */
  viewerElsewhere: '10.98.1.3',
  viewerGateway: '10.98.1.1',
  /** What the viewer's NAT shows of it to the world. */
  viewerOutside: '203.0.113.1',
  core: '203.0.113.2',
  server: '203.0.113.10',
  serverGateway: '203.0.113.9',
  host: '203.0.113.18',
  hostGateway: '203.0.113.17',
  /** Where the host is after a change of address. */
  hostElsewhere: '203.0.113.22',
  hostGatewayElsewhere: '203.0.113.21',
} as const;

/** Addresses and gateways of the places that move: at first, and elsewhere. */
const HOMES = {
  viewer: [
    [`${ADDRESS.viewer}/24`, ADDRESS.viewerGateway],
    [`${ADDRESS.viewerElsewhere}/24`, ADDRESS.viewerGateway],
  ],
  host: [
    [`${ADDRESS.host}/30`, ADDRESS.hostGateway],
    [`${ADDRESS.hostElsewhere}/30`, ADDRESS.hostGatewayElsewhere],
  ],
} as const;

const RATE_MBIT = 100;
const QUEUE_MS = 100;
/** Ports the NAT gives out; a rebinding moves on to the next range. */
const PORT_RANGES = ['20000-29999', '30000-39999', '40000-49999'] as const;

/**
 * A viewer behind a NAT, a tunnel server and a host, each in a network namespace of its own:
 *
 *     viewer ── nat ══ delay, 100 Mbit/s ══ core ── server
 *                                             └─── host
 *
 * In the viewer's namespace the loopback's server port leads to the server, so that a session's
 * `*.localhost` origin is reached and is a secure context. Faults are packet filter rules in the
 * core, whose counters tell how many packets each has hit. Needs root.
 */
export class Lab {
  #delay: Program | undefined;
  #range = 0;
  /** Places that are where they were not at first. */
  readonly #elsewhere = new Set<'viewer' | 'host'>();

  private constructor(private readonly prefix: string) {}

  /** Names for the processes of a lab that another process has made. */
  static existing(prefix: string): Lab {
    return new Lab(prefix);
  }

  static async create(delayMs: number): Promise<Lab> {
    const lab = new Lab(`wingman-${process.pid}`);
    try {
      await lab.#build(delayMs);
    } catch (error) {
      await lab.remove();
      throw error;
    }
    return lab;
  }

  get name(): string {
    return this.prefix;
  }

  /** The command, as it runs in a place. */
  inside(place: Place, command: readonly string[]): [string, string[]] {
    return ['ip', ['netns', 'exec', this.#ns(place), ...command]];
  }

  async remove(): Promise<void> {
    await this.#delay?.stop();
    for (const place of PLACES) {
      await run('ip', ['netns', 'del', this.#ns(place)]).catch(() => undefined);
    }
  }

  /** Adds rules that drop or reject what passes the core; each is counted. */
  async addRules(rules: readonly string[]): Promise<void> {
    await this.#nft('core', rules.map((rule) => `add rule inet faults forward ${rule}`).join('\n'));
  }

  /** How many packets the rules have hit so far. */
  async hits(): Promise<number> {
    return (await this.hitsByRule()).reduce((sum, packets) => sum + packets, 0);
  }

  /** The same for each rule, in the order in which they were added. */
  async hitsByRule(): Promise<number[]> {
    const list = ['nft', '-j', 'list', 'chain', 'inet', 'faults', 'forward'];
    const { stdout } = await this.#exec('core', list);
    const counters = stdout.matchAll(/"counter": \{"packets": (\d+)/g);
    return [...counters].map((match) => Number(match[1]));
  }

  async clearRules(): Promise<void> {
    await this.#nft('core', 'flush chain inet faults forward');
  }

  /** Ports of the viewer's NAT for UDP that went both ways to the host: of peer connections that live, or did lately. */
  async viewerPorts(): Promise<number[]> {
    const { stdout } = await this.#exec('nat', ['conntrack', '-L', '-p', 'udp']);
    const hosts: readonly string[] = [ADDRESS.host, ADDRESS.hostElsewhere];
    const flows = stdout.split('\n').filter((line) => line.includes('[ASSURED]'));
    return flows.flatMap((line) => {
      // The second half of a line is what an answer looks like: from the host to a port of the NAT.
      const [, host = '', port] = /src=\S+ dst=(\S+) .* dport=(\d+) \[ASSURED\]/.exec(line) ?? [];
      return hosts.includes(host) ? [Number(port)] : [];
    });
  }

  /** The viewer's NAT forgets all its mappings and gives out other ports; tells how many it forgot. */
  async rebind(): Promise<number> {
    const { stdout } = await this.#exec('nat', ['conntrack', '-C']);
    this.#range = (this.#range + 1) % PORT_RANGES.length;
    await this.#nft('nat', `flush chain ip nat post\nadd rule ip nat post ${this.#masquerade()}`);
    await this.#exec('nat', ['conntrack', '-F']);
    return Number(stdout.trim());
  }

  /** A place loses its address and gets another, as when a machine joins another network. Nobody is told. */
  async move(place: 'viewer' | 'host'): Promise<void> {
    const isBack = this.#elsewhere.delete(place);
    if (!isBack) this.#elsewhere.add(place);
    const [address, gateway] = HOMES[place][isBack ? 0 : 1];
    await this.#exec(place, ['ip', 'addr', 'flush', 'dev', 'wan']);
    await this.#exec(place, ['ip', 'addr', 'add', address, 'dev', 'wan']);
    await this.#exec(place, ['ip', 'route', 'add', 'default', 'via', gateway]);
  }

  async #build(delayMs: number): Promise<void> {
    for (const place of PLACES) {
      ip('netns', 'add', this.#ns(place));
      ip('-n', this.#ns(place), 'link', 'set', 'lo', 'up');
      await this.#exec(place, ['sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1']);
    }
    this.#join('viewer', `${ADDRESS.viewer}/24`, 'nat', `${ADDRESS.viewerGateway}/24`);
    this.#join('server', `${ADDRESS.server}/30`, 'core', `${ADDRESS.serverGateway}/30`);
    this.#join('host', `${ADDRESS.host}/30`, 'core', `${ADDRESS.hostGateway}/30`);
    ip(
      '-n',
      this.#ns('core'),
      'addr',
      'add',
      `${ADDRESS.hostGatewayElsewhere}/30`,
      'dev',
      'to-host',
    );
    await this.#startDelay(delayMs);
    ip('-n', this.#ns('nat'), 'route', 'add', 'default', 'via', ADDRESS.core);
    for (const [place, gateway] of [
      ['viewer', ADDRESS.viewerGateway],
      ['server', ADDRESS.serverGateway],
      ['host', ADDRESS.hostGateway],
    ] as const) {
      ip('-n', this.#ns(place), 'route', 'add', 'default', 'via', gateway);
    }
    for (const place of ['nat', 'core'] as const) {
      await this.#exec(place, ['sysctl', '-qw', 'net.ipv4.ip_forward=1']);
    }
    await this.#filter();
  }

  async #filter(): Promise<void> {
    await this.#nft(
      'core',
      `table inet faults {
         chain forward {
           type filter hook forward priority 0; policy accept;
         }
       }`,
    );
    // What nobody behind the NAT has asked for is dropped early, or it would take a mapping's port.
    await this.#nft(
      'nat',
      `table ip nat {
         chain post {
           type nat hook postrouting priority 100;
           ${this.#masquerade()}
         }
         chain in {
           type filter hook input priority 0;
           iifname "lab" ct state new drop
         }
       }`,
    );
    await this.#exec('viewer', ['sysctl', '-qw', 'net.ipv4.conf.all.route_localnet=1']);
    // A connection from an address that is gone goes on into nothing, as it does where nobody translates addresses.
    await this.#exec('viewer', ['sysctl', '-qw', 'net.netfilter.nf_conntrack_tcp_loose=0']);
    await this.#nft(
      'viewer',
      `table ip nat {
         chain out {
           type nat hook output priority -100;
           ip daddr 127.0.0.1 tcp dport ${SERVER_PORT} dnat to ${ADDRESS.server}:${SERVER_PORT}
         }
         chain post {
           type nat hook postrouting priority 100;
           oifname "wan" masquerade
         }
         chain strays {
           type filter hook output priority 0;
           ct state invalid drop
         }
       }`,
    );
  }

  async #startDelay(delayMs: number): Promise<void> {
    const ends = [...[this.#ns('nat'), ADDRESS.viewerOutside], ...[this.#ns('core'), ADDRESS.core]];
    const args = [
      `${ROOT}tests/lab/delay-link.py`,
      ...ends,
      String(delayMs),
      ...[String(RATE_MBIT), String(QUEUE_MS)],
    ];
    // A Ctrl-C in the terminal must not take the network from those who are still to end.
    const link = new Program('python3', args, { group: true });
    this.#delay = link;
    await link.find('the delayed link', (lines) => lines.includes('ready') || undefined);
  }

  #masquerade(): string {
    const range = PORT_RANGES[this.#range] ?? PORT_RANGES[0];
    return `oifname "lab" meta l4proto { tcp, udp } masquerade to :${range}`;
  }

  #join(outer: Place, outerAddress: string, inner: Place, innerAddress: string): void {
    const [near, far] = [this.#ns(outer), this.#ns(inner)];
    const name = `to-${outer}`;
    ip('-n', near, 'link', 'add', 'wan', 'type', 'veth', 'peer', 'name', name, 'netns', far);
    ip('-n', near, 'addr', 'add', outerAddress, 'dev', 'wan');
    ip('-n', far, 'addr', 'add', innerAddress, 'dev', name);
    ip('-n', near, 'link', 'set', 'wan', 'up');
    ip('-n', far, 'link', 'set', name, 'up');
  }

  #ns(place: Place): string {
    return `${this.prefix}-${place}`;
  }

  #exec(place: Place, command: readonly string[]): Promise<{ stdout: string }> {
    const [program, args] = this.inside(place, command);
    return run(program, args);
  }

  async #nft(place: Place, script: string): Promise<void> {
    await this.#exec(place, ['nft', script]);
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
