import { Program, ROOT } from './program.js';

// Free of Jest: the framework matrix uses it too.

/** The command line, as a script for Node. */
export const CLI = `${ROOT}packages/relay-server/bin/wingman.js`;

/** What makes a host's time pass slowly, for a limit within a time that is too short on a busy machine. Timers keep theirs. */
export const SLOW_TIME = {
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`
    const now = performance.now.bind(performance);
    performance.now = () => now() / 20;
  `)}`,
};

/** One line of `wingman --json`. */
export interface CliEvent {
  event: string;
  id?: string;
  url?: string;
  session?: string;
  server?: string;
  path?: string;
  code?: string;
  port?: number;
  viewers?: number;
  direction?: string;
  bytes?: number;
  state?: string;
  ingress?: { mode: string; token?: string };
  visitor?: number;
  standing?: string;
  browser?: string;
  inspector?: string;
  pushed?: { sent: number; unclaimed: number };
}

/** `wingman share`, running, with its session. */
export class Share extends Program {
  ready = { url: '', session: '', server: '' };
  #token = '';

  static async start(
    port: number,
    args: readonly string[] = [],
    env: NodeJS.ProcessEnv = {},
  ): Promise<Share> {
    const share = new Share(process.execPath, [CLI, 'share', String(port), '--json', ...args], {
      env: { LOG_LEVEL: 'warn', ...env },
      hasInput: true,
    });
    const ready = await share.find('ready event', (lines) => parse(lines[0]));
    if (ready.url === undefined || ready.session === undefined || ready.server === undefined) {
      throw new Error(`the first event is not ready: ${share.lines[0] ?? ''}`);
    }
    share.#token = ready.ingress?.token ?? '';
    share.ready = { url: ready.url, session: ready.session, server: ready.server };
    return share;
  }

  /** What lets plain HTTP in, as header fields: the ingress wants the key unless it is open. */
  get bearer(): { authorization: string } {
    return { authorization: `Bearer ${this.#token}` };
  }

  /** The inspector's address. */
  get inspector(): string {
    return this.events()[0]?.inspector ?? '';
  }

  /** The session's origin. */
  get origin(): string {
    return new URL(this.ready.url).origin;
  }

  events(): CliEvent[] {
    return this.lines.map(parse).filter((event) => event !== undefined);
  }

  /** The value of one metric of the tunnel server, labels summed up. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.ready.server}/metrics`)).text();
    return text
      .split('\n')
      .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }
}

/** `wingman server` on a free port. */
export async function startServer(
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<{ program: Program; url: string; port: number }> {
  const program = new Program(process.execPath, [CLI, 'server', '--port', '0', '--json', ...args], {
    env,
  });
  const ready = await program.find('ready event', (lines) => parse(lines[0]));
  if (ready.server === undefined || ready.port === undefined) {
    throw new Error(`the first event is not ready: ${program.lines[0] ?? ''}`);
  }
  return { program, url: ready.server, port: ready.port };
}

function parse(line: string | undefined): CliEvent | undefined {
  if (line === undefined || !line.startsWith('{')) return undefined;
  return JSON.parse(line) as CliEvent;
}
