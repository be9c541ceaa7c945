import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { eventually, Program, ROOT } from '../support/program.js';
import { APPS } from './apps.js';
import type { Cell, MappingKind } from './cell.js';
import {
  HOST_GATEWAY,
  MAPPING_TABLE,
  PROXY_PORT,
  PUBLIC_PORT,
  SERVER_ADDRESS,
  SERVER_ADDRESS_6,
  SERVER_PORT,
  type NatNetwork,
  type Place,
  type Side,
} from './nat-network.js';
import { has } from './surroundings.js';
import { startTurn, TURN_SECRET, TURN_URLS } from './turn.js';

/** The host's own deadline for an attempt is set to this, so that a cell without a way ends soon. */
const ATTEMPT_MS = 5_000;
const DAEMON_MS = 20_000;
const STUN = [SERVER_ADDRESS, `[${SERVER_ADDRESS_6}]`].map((at) => `stun:${at}:${SERVER_PORT}`);
/** How a line of the host's begins that tells of an attempt that has failed. */
const PROBLEM = '{"event":"error","code":"TIMEOUT"';

/** The processes beside the viewer, for one cell and others like it. */
export class Stage {
  readonly #programs: Program[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'wingman-lab-'));
  #host: Program | undefined;

  constructor(
    private readonly network: NatNetwork,
    private readonly cell: Cell,
    /** Of the host's, beside those of the cell. */
    private readonly options: readonly string[] = [],
    private readonly attemptMs = ATTEMPT_MS,
  ) {}

  /** Whether another cell differs in the viewer's network alone. */
  suits(other: Cell): boolean {
    return (['engine', 'host', 'turn', 'mapping', 'change', 'app'] as const).every(
      (name) => other[name] === this.cell[name],
    );
  }

  /** What the host has said of attempts at a channel that have failed. */
  get failures(): readonly string[] {
    const events = this.#host?.lines.filter((line) => line.startsWith(PROBLEM)) ?? [];
    return events.map((line) => (JSON.parse(line) as { message: string }).message);
  }

  /** Starts server, TURN and host, and resolves with the session's URL. */
  async start(): Promise<string> {
    const { engine, mapping, turn } = this.cell;
    const cli = [process.execPath, `${ROOT}packages/relay-server/bin/wingman.js`];
    if (turn !== 'none') this.#programs.push(startTurn(this.network, this.#folder));
    if (mapping !== 'none') await this.#startMapping(mapping);
    const server = this.#run(
      'server',
      [
        ...cli,
        'server',
        '--host',
        '::',
        '--port',
        String(SERVER_PORT),
        '--domain',
        'localhost',
        '--open-registration',
      ],
      {
        TUNNEL_PUBLIC_URL: `http://localhost:${SERVER_PORT}`,
        STUN_SERVERS: STUN.join(','),
        STUN_EMBEDDED: 'true',
        ...(turn === 'none' ? {} : { TURN_URLS: TURN_URLS[turn], TURN_SECRET }),
      },
    );
    await server.find(
      'the tunnel server',
      (lines) => lines.some((line) => line.includes('Tunnel server:')) || undefined,
    );
    const port = await this.#startApp();
    const share = [
      ...cli,
      'share',
      port,
      '--json',
      '--engine',
      engine,
      ...this.#manner(),
      ...this.options,
    ];
    const host = this.#run('host', [...share, '--server', this.#serverUrl()], {
      PORT_MAPPING: String(mapping !== 'none'),
      ...(this.cell.host === 'proxy' ? { HTTP_PROXY: await this.startProxy('host') } : {}),
    });
    this.#host = host;
    return host.find('the session', (lines) => {
      const ready = lines.find((line) => line.startsWith('{"event":"ready"'));
      return ready === undefined ? undefined : (JSON.parse(ready) as { url: string }).url;
    });
  }

  /** Resolves to how many ports the host has left mapped. */
  async stop(): Promise<number> {
    await this.#host?.stop();
    const left = this.cell.mapping === 'none' ? 0 : await this.network.mappings();
    await Promise.all(this.#programs.map((program) => program.stop()));
    rmSync(this.#folder, { recursive: true, force: true });
    return left;
  }

  /** What the programs have said, for a cell that went wrong. */
  output(): string {
    return this.#programs.map((program) => program.output()).join('\n');
  }

  #serverUrl(): string {
    const address = has(this.cell.host, 4) ? SERVER_ADDRESS : `[${SERVER_ADDRESS_6}]`;
    return `http://${address}:${PUBLIC_PORT}`;
  }

  /** Where one path has to be used for a while, what a busy machine makes of its speed must not matter. */
  #manner(): string[] {
    const { app, change } = this.cell;
    return app === 'lab' && change === 'none' ? [] : ['--spare-relay'];
  }

  /** At the gateway of one side; resolves with its URL. */
  async startProxy(side: Side): Promise<string> {
    const program = [process.execPath, `${ROOT}tests/lab/proxy.mjs`, String(PROXY_PORT)];
    const proxy = this.#run(`${side}-nat`, [...program, SERVER_ADDRESS, String(PUBLIC_PORT)]);
    await proxy.find('the proxy', (lines) => lines[0]);
    return `http://${this.network.gateway(side)}:${PROXY_PORT}`;
  }

  /** The host's programs stop where they are, and go on after so many milliseconds, as when a laptop is closed. */
  async sleep(milliseconds: number): Promise<void> {
    this.#host?.signal('SIGSTOP');
    await setTimeout(milliseconds);
    this.#host?.signal('SIGCONT');
  }

  async #startApp(): Promise<string> {
    const kind = APPS[this.cell.app];
    const env = { NO_COLOR: '1', FORCE_COLOR: '0' };
    const app = this.#run('host', kind.command(this.#folder), env);
    return app.find('the app', (lines) => kind.port.exec(lines.join('\n'))?.[1]);
  }

  async #startMapping(mapping: MappingKind): Promise<void> {
    await this.network.addMappings();
    const config = join(this.#folder, 'miniupnpd.conf');
    writeFileSync(config, miniupnpdConfig(mapping));
    const pid = join(this.#folder, 'miniupnpd.pid');
    const daemon = this.#run(HOST_GATEWAY, ['miniupnpd', '-d', '-f', config, '-P', pid]);
    const isUp = (): boolean => daemon.errors.some((line) => /listening/i.test(line));
    await eventually('miniupnpd', isUp, DAEMON_MS);
  }

  #run(place: Place, command: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
    const [program, args] = this.network.inside(place, command);
    const started = new Program(program, args, {
      env: { LOG_LEVEL: 'error', P2P_TIMEOUT_MS: String(this.attemptMs), ...env },
      group: true,
    });
    this.#programs.push(started);
    return started;
  }
}

function miniupnpdConfig(mapping: MappingKind): string {
  const yes = (isOn: boolean): string => (isOn ? 'yes' : 'no');
  return [
    ...['ext_ifname=wan', 'listening_ip=to-host', 'secure_mode=yes'],
    // PCP and NAT-PMP are one switch.
    ...[`enable_natpmp=${yes(mapping === 'pcp')}`, `enable_upnp=${yes(mapping === 'upnp')}`],
    ...[`upnp_table_name=${MAPPING_TABLE}`, `upnp_nat_table_name=${MAPPING_TABLE}`],
    ...['upnp_forward_chain=forward', 'upnp_nat_chain=prerouting'],
    ...['upnp_nat_postrouting_chain=postrouting', 'uuid=00000000-0000-4000-8000-000000000001'],
    ...['allow 1024-65535 0.0.0.0/0 1024-65535', 'deny 0-65535 0.0.0.0/0 0-65535', ''],
  ].join('\n');
}
