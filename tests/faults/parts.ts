import { fork, type ChildProcess } from 'node:child_process';
import { ADDRESS, SERVER_PORT, type Lab } from '../lab/network.js';
import { Program, ROOT, within } from '../support/program.js';
import type { AppAnswer, AppCommand, AppReport, WorkloadOptions } from './app/protocol.js';

const CLI = `${ROOT}packages/relay-server/bin/wingman.js`;
const PROBE = `${ROOT}tests/faults/resources-probe.mjs`;
const BROKEN_OFF = `${ROOT}tests/faults/broken-off.mjs`;
const ANSWER_MS = 10_000;

/** The app on the developer's machine. */
export class LocalApp {
  #report: ((report: AppReport) => void) | undefined;

  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
  ) {
    child.on('message', (answer: AppAnswer) => {
      if (answer.kind === 'report') this.#report?.(answer.report);
    });
  }

  static async start(lab: Lab, bundles: string, options: WorkloadOptions): Promise<LocalApp> {
    const [command, args] = lab.inside('host', [process.execPath]);
    const page = process.env['WINGMAN_PAGE_SCRIPT'] ?? '';
    const child = fork(`${bundles}/app.mjs`, [page, JSON.stringify(options)], {
      execPath: command,
      execArgv: args,
      // A Ctrl-C in the terminal is for the campaign, which then stops its parts one by one.
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const ready = new Promise<number>((resolve, reject) => {
      child.once('message', (answer: AppAnswer) => {
        if (answer.kind === 'ready') resolve(answer.port);
      });
      child.once('exit', (code) => reject(new Error(`the app ended with ${code}`)));
    });
    return new LocalApp(child, await within(30_000, 'the app', ready));
  }

  report(): Promise<AppReport> {
    const report = new Promise<AppReport>((resolve) => {
      this.#report = resolve;
    });
    this.#tell({ kind: 'report' });
    return within(ANSWER_MS, 'the app’s report', report);
  }

  mark(): void {
    this.#tell({ kind: 'mark' });
  }

  /** Starts all counts anew, for another viewer. */
  forget(): void {
    this.#tell({ kind: 'forget' });
  }

  /** Changes a source file on disk, as an editor does. */
  edit(version: number): void {
    this.#tell({ kind: 'edit', version });
  }

  async stop(): Promise<void> {
    if (!this.child.connected) return;
    const exited = new Promise((resolve) => this.child.once('exit', resolve));
    this.#tell({ kind: 'stop' });
    await within(ANSWER_MS, 'the end of the app', exited).catch(() => this.child.kill('SIGKILL'));
  }

  #tell(command: AppCommand): void {
    this.child.send(command);
  }
}

/** The tunnel server, which may be killed and started again. */
export class TunnelServer {
  #program: Program | undefined;

  constructor(
    private readonly lab: Lab,
    private readonly probeFile: string,
  ) {}

  get pid(): number {
    return this.#program?.pid ?? 0;
  }

  async start(): Promise<void> {
    const [command, args] = this.lab.inside('server', [
      ...[process.execPath, '--import', PROBE, CLI, 'server'],
      ...['--host', '0.0.0.0', '--port', String(SERVER_PORT), '--domain', 'localhost'],
      '--open-registration',
    ]);
    const env = {
      LOG_LEVEL: 'error',
      TUNNEL_PUBLIC_URL: `http://localhost:${SERVER_PORT}`,
      WINGMAN_PROBE_FILE: this.probeFile,
    };
    const program = new Program(command, args, { env, group: true });
    this.#program = program;
    await program.find('the tunnel server', (lines) =>
      lines.some((line) => line.includes('Tunnel server:')) ? true : undefined,
    );
  }

  async kill(): Promise<void> {
    this.#program?.signal('SIGKILL');
    await this.#program?.exited;
  }

  async stop(): Promise<number | null> {
    return (await this.#program?.stop()) ?? null;
  }
}

/** What of the host's first line matters here. */
interface Ready {
  readonly url: string;
  readonly inspector: string;
}

/** `wingman share` on the developer's machine. */
export class Host {
  readonly #program: Program;
  url = '';
  #inspector = '';

  private constructor(
    private readonly lab: Lab,
    program: Program,
  ) {
    this.#program = program;
  }

  static async start(lab: Lab, port: number, engine: string, probeFile: string): Promise<Host> {
    const [command, args] = lab.inside('host', [
      ...[process.execPath, '--import', PROBE, CLI, 'share', String(port), '--json'],
      ...['--engine', engine, '--server', `http://${ADDRESS.server}:${SERVER_PORT}`],
    ]);
    const env = { LOG_LEVEL: 'error', WINGMAN_PROBE_FILE: probeFile };
    const host = new Host(lab, new Program(command, args, { env, group: true }));
    const ready = await host.#program.find('the session', (lines) => {
      const first = lines.find((line) => line.startsWith('{"event":"ready"'));
      return first === undefined ? undefined : (JSON.parse(first) as Ready);
    });
    host.url = ready.url;
    host.#inspector = ready.inspector;
    return host;
  }

  get pid(): number {
    return this.#program.pid;
  }

  signal(signal: NodeJS.Signals): void {
    this.#program.signal(signal);
  }

  output(): string {
    return this.#program.output();
  }

  /** Which exchanges have ended early lately, why, and which end gave up; says so when that can't be known. */
  async brokenOff(): Promise<string[]> {
    const look = [process.execPath, BROKEN_OFF, this.#inspector];
    const [command, args] = this.lab.inside('host', look);
    const program = new Program(command, args);
    await within(ANSWER_MS, 'the inspector', program.exited).catch(() => program.signal('SIGKILL'));
    return program.output().split('\n');
  }

  stop(): Promise<number | null> {
    return this.#program.stop();
  }
}
