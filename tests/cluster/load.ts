import { get } from '../support/http.js';
import { Share } from '../support/share.js';
import { startCountingApp, type CountingApp } from './app.js';
import { LastingViewer } from './lasting-viewer.js';

const EVERY_MS = 100;

/** What plain HTTP has met since it was asked last. */
export interface Probed {
  readonly answered: number;
  /** What was not 200, by status or error. */
  readonly failures: readonly string[];
  readonly longestMs: number;
}

/** Somebody with curl: ten requests a second to one session, whatever became of the last. */
class Prober {
  readonly #timer: NodeJS.Timeout;
  readonly #pending = new Set<Promise<void>>();
  #answered = 0;
  #failures: string[] = [];
  #longestMs = 0;

  constructor(private readonly share: Share) {
    this.#timer = setInterval(() => {
      const probe = this.#probe();
      this.#pending.add(probe);
      void probe.then(() => this.#pending.delete(probe));
    }, EVERY_MS);
  }

  /** When all that was begun has ended. */
  async take(): Promise<Probed> {
    await Promise.all(this.#pending);
    const probed = {
      answered: this.#answered,
      failures: this.#failures,
      longestMs: this.#longestMs,
    };
    [this.#answered, this.#failures, this.#longestMs] = [0, [], 0];
    return probed;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #probe(): Promise<void> {
    const start = performance.now();
    const status = await statusOf(this.share.origin).catch((error: unknown) => String(error));
    this.#longestMs = Math.max(this.#longestMs, performance.now() - start);
    if (status === '200') this.#answered += 1;
    else this.#failures.push(status);
  }
}

/** What a session's page answers by plain HTTP: its status, and the code of a page of ours. */
export async function statusOf(origin: string): Promise<string> {
  const { headers, status } = await get(origin, '/');
  return `${status} ${[headers['wingman-error']].flat().join()}`.trim();
}

/** One shared app with a viewer at work and somebody with curl. */
export interface Busy {
  readonly share: Share;
  readonly viewer: LastingViewer;
  readonly prober: Prober;
}

/** Several sessions in use. */
export class Load {
  private constructor(
    readonly sessions: readonly Busy[],
    private readonly app: CountingApp,
  ) {}

  static async start(server: string, count: number): Promise<Load> {
    const app = await startCountingApp();
    const sessions: Busy[] = [];
    const args = ['--server', server, '--no-p2p', '--ingress', 'open', '--no-inspector'];
    while (sessions.length < count) {
      const share = await Share.start(app.port, args);
      sessions.push({ share, viewer: new LastingViewer(share), prober: new Prober(share) });
    }
    return new Load(sessions, app);
  }

  /** Where the app listens. */
  get port(): number {
    return this.app.port;
  }

  /** Numbers that have come, and POSTs that were answered. */
  counts(): [numbers: number, posts: number] {
    const viewers = this.sessions.map(({ viewer }) => viewer);
    const numbers = viewers.reduce((sum, viewer) => sum + viewer.numbers, 0);
    return [numbers, viewers.reduce((sum, { posted }) => sum + posted, 0)];
  }

  /** What plain HTTP has met at all of them. */
  async probed(): Promise<Probed> {
    const all = await Promise.all(this.sessions.map(({ prober }) => prober.take()));
    return {
      answered: all.reduce((sum, { answered }) => sum + answered, 0),
      failures: all.flatMap(({ failures }) => failures),
      longestMs: Math.max(...all.map(({ longestMs }) => longestMs)),
    };
  }

  /** The longest stall of any link, in milliseconds. */
  takeStall(): number {
    return Math.max(...this.sessions.map(({ viewer }) => viewer.takeStall()));
  }

  /** How often the server has asked links to move. */
  moves(): number {
    return this.sessions.reduce((sum, { viewer }) => sum + viewer.moves, 0);
  }

  /** The longest time in which nothing carried a link, in milliseconds. */
  takeUncarried(): number {
    return Math.max(...this.sessions.map(({ viewer }) => viewer.takeUncarried()));
  }

  /** What was lost, repeated or failed on the links. */
  problems(): string[] {
    const twice = [...this.app.posts].filter(([, times]) => times !== 1);
    const all = this.sessions.flatMap(({ viewer }) => viewer.problems);
    return [...all, ...twice.map(([path, times]) => `${path} was executed ${times} times`)];
  }

  /** Whole names of sessions, their keys, and what every pass begins with: nothing of that is for a log. */
  secrets(): string[] {
    return this.sessions.flatMap(({ share }) => {
      const { hash } = new URL(share.ready.url);
      return [share.ready.session, new URLSearchParams(hash.slice(1)).get('k') ?? '', 'pass='];
    });
  }

  async stop(): Promise<void> {
    for (const { prober, viewer } of this.sessions) {
      prober.close();
      viewer.close();
    }
    await Promise.all(this.sessions.map(({ share }) => share.stop()));
    await this.app.close();
  }
}
