import type { Browser, Page } from 'puppeteer-core';
import {
  appShows,
  inApp,
  launch,
  status,
  type BrowserName,
  type Status,
} from '../support/browser.js';
import { eventually, Program, ROOT } from '../support/program.js';
import {
  NAT_KINDS,
  SERVER_ADDRESS,
  SERVER_PORT,
  TURN_PORT,
  type NatKind,
  type NatNetwork,
} from './nat-network.js';

/** What TURN servers the tunnel server names. */
export const TURN_KINDS = ['none', 'udp', 'tcp'] as const;
export type TurnKind = (typeof TURN_KINDS)[number];

type Pair = Readonly<Record<'viewer' | 'host', NatKind>>;

/** One place in the matrix: what stands before each end, and what is used there. */
export type Cell = Pair & {
  readonly browser: BrowserName;
  readonly turn: TurnKind;
  readonly engine: string;
};

/** How a data channel goes: between both ends alone, by TURN, or not at all. */
export type Way = 'direct' | 'turn' | 'none';

/** What one cell has shown; times in milliseconds, null for what did not come about. */
export interface Reached {
  readonly way: Way;
  readonly appMs: number;
  readonly directMs: number | null;
  /** Bytes that went by the relay while 4 MiB were fetched over the channel. */
  readonly relayedBytes: number | null;
  /** After the viewer's address has changed: the longest time without an answer, and until the channel carries again. */
  readonly move: { stallMs: number; directMs: number | null; switches: number } | null;
}

const BULK_BYTES = 4 * 1024 * 1024;
/** The host's own deadline for an attempt is set to this, so that a cell without a way ends soon. */
const ATTEMPT_MS = 5_000;
const MOVED_MS = 15_000;
const SECRET = 'lab-secret';

/** What theory says (RFC 5128): a symmetric NAT meets only one that lets anybody answer. */
export function expectedWay({ viewer, host, turn }: Cell): Way {
  const pair = [viewer, host];
  const isStrict = (kind: NatKind): boolean => kind === 'port' || kind === 'symmetric';
  const isApart = pair.includes('symmetric') && pair.every(isStrict);
  if (!pair.includes('blocked') && !isApart) return 'direct';
  if (turn === 'none') return 'none';
  // Whoever sends no UDP reaches neither the other end nor a TURN server on UDP.
  return turn === 'udp' && pair.includes('blocked') ? 'none' : 'turn';
}

/** Every pair of NATs, without TURN. */
export function matrix(browsers: readonly BrowserName[], engine: Cell['engine']): Cell[] {
  return browsers.flatMap((browser) =>
    NAT_KINDS.flatMap((viewer) =>
      NAT_KINDS.map((host): Cell => ({ viewer, host, browser, engine, turn: 'none' })),
    ),
  );
}

/** The processes of one cell. */
export class Stage {
  readonly #programs: Program[] = [];

  constructor(private readonly network: NatNetwork) {}

  /** Starts server, TURN and host, and resolves with the session's URL. */
  async start({ engine, turn }: Cell): Promise<string> {
    const cli = [process.execPath, `${ROOT}packages/relay-server/bin/wingman.js`];
    if (turn !== 'none') this.#startTurn();
    const turnUrl = `turn:${SERVER_ADDRESS}:${TURN_PORT}?transport=${turn}`;
    const server = this.#run(
      'server',
      [
        ...cli,
        'server',
        '--host',
        '0.0.0.0',
        '--port',
        String(SERVER_PORT),
        '--domain',
        'localhost',
        '--open-registration',
      ],
      {
        TUNNEL_PUBLIC_URL: `http://localhost:${SERVER_PORT}`,
        STUN_SERVERS: `stun:${SERVER_ADDRESS}:${SERVER_PORT}`,
        STUN_EMBEDDED: 'true',
        ...(turn === 'none' ? {} : { TURN_URLS: turnUrl, TURN_SECRET: SECRET }),
      },
    );
    await server.find(
      'the tunnel server',
      (lines) => lines.some((line) => line.includes('Tunnel server:')) || undefined,
    );
    const app = this.#run('host', [process.execPath, `${ROOT}tests/lab/app.mjs`]);
    const port = await app.find('the app', (lines) => lines[0]?.replace('port ', ''));
    const share = [...cli, 'share', port, '--json', '--engine', engine];
    const host = this.#run('host', [
      ...share,
      '--server',
      `http://${SERVER_ADDRESS}:${SERVER_PORT}`,
    ]);
    return host.find('the session', (lines) => {
      const ready = lines.find((line) => line.startsWith('{"event":"ready"'));
      return ready === undefined ? undefined : (JSON.parse(ready) as { url: string }).url;
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.stop()));
  }

  /** What the programs have said, for a cell that went wrong. */
  output(): string {
    return this.#programs.map((program) => program.output()).join('\n');
  }

  #startTurn(): void {
    const where = ['--listening-ip', SERVER_ADDRESS, '--relay-ip', SERVER_ADDRESS];
    const who = ['--use-auth-secret', `--static-auth-secret=${SECRET}`, '--realm', 'lab'];
    const rest = [
      '-n',
      '--no-tls',
      '--no-dtls',
      '--no-cli',
      '--log-file',
      'stdout',
      '--listening-port',
    ];
    this.#run('server', ['turnserver', ...where, ...who, ...rest, String(TURN_PORT)]);
  }

  #run(place: 'server' | 'host', command: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
    const [program, args] = this.network.inside(place, command);
    const started = new Program(program, args, {
      env: { LOG_LEVEL: 'error', P2P_TIMEOUT_MS: String(ATTEMPT_MS), ...env },
      group: true,
    });
    this.#programs.push(started);
    return started;
  }
}

/** Opens the app in a fresh browser and measures; `moves` changes the viewer's address too. */
export async function visit(
  cell: Cell,
  url: string,
  network: NatNetwork,
  moves: boolean,
): Promise<Reached> {
  const browser: Browser = await launch(cell.browser, [], { own: true });
  try {
    const page = await browser.newPage();
    const start = performance.now();
    await page.goto(url);
    await appShows(page, 'the lab’s app');
    const appMs = performance.now() - start;
    const way = await foundWay(page);
    const directMs = way === 'none' ? null : performance.now() - start;
    const isInUse = way !== 'none' && (await status(page)).mode !== 'relay';
    const relayedBytes = isInUse ? await bulk(page) : null;
    const move = moves && way === 'direct' ? await moved(page, network) : null;
    return { way, appMs, directMs, relayedBytes, move };
  } finally {
    await browser.close();
  }
}

/** A channel that stands aside because the relay is as good has a way all the same. */
async function foundWay(page: Page): Promise<Way> {
  const isThere = async (): Promise<Status | false> => {
    const now = await status(page);
    return now.directConnected && now.candidatePair !== null && now;
  };
  const found = await eventually('a data channel', isThere, 2 * ATTEMPT_MS).catch(() => undefined);
  if (found === undefined) return 'none';
  const { local = '', remote = '' } = found.candidatePair ?? {};
  if ([local, remote].some((end) => end.startsWith('relay'))) return 'turn';
  await eventually('the direct path', async () => (await status(page)).mode === 'p2p', ATTEMPT_MS);
  return 'direct';
}

async function bulk(page: Page): Promise<number> {
  const before = (await status(page)).bytes.relay;
  const length = await inApp(
    page,
    async (n) => (await (await fetch(`/bytes?n=${n}`)).arrayBuffer()).byteLength,
    BULK_BYTES,
  );
  if (length !== BULK_BYTES) throw new Error(`${length} bytes came instead of ${BULK_BYTES}`);
  const after = (await status(page)).bytes.relay;
  return after.in + after.out - before.in - before.out;
}

/** Small requests, one after another, while the viewer's address changes. */
async function moved(page: Page, network: NatNetwork): Promise<NonNullable<Reached['move']>> {
  const { switches } = await status(page);
  await inApp(page, () => {
    const world = window as unknown as { stallMs: number };
    world.stallMs = 0;
    const next = async (): Promise<void> => {
      const at = performance.now();
      await (await fetch('/bytes?n=1')).arrayBuffer();
      world.stallMs = Math.max(world.stallMs, performance.now() - at);
      setTimeout(() => void next(), 20);
    };
    void next();
  });
  await network.move('viewer', 1);
  const start = performance.now();
  const isBack = async (): Promise<boolean> => {
    const now = await status(page);
    return now.mode === 'p2p' && now.switches > switches;
  };
  const back = await eventually('the direct path again', isBack, MOVED_MS).catch(() => false);
  const directMs = back ? performance.now() - start : null;
  const stallMs = await inApp(page, () => (window as unknown as { stallMs: number }).stallMs);
  await network.move('viewer', 0);
  const after = await status(page);
  return { stallMs, directMs, switches: after.switches - switches };
}
