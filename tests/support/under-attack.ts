import { startFixtureApp, type FixtureApp } from './fixture-app.js';
import { get } from './http.js';
import { Share, startServer, type Program } from './processes.js';
import { running } from './program.js';
import { timed } from './scheduling.js';

/** The slowest answer a neighbour may get, without what other programs on the machine take. */
const NEIGHBOUR_MS = 5_000;
const NEIGHBOUR_PAUSE_MS = 20;

/** A tunnel server with a session to attack, and a neighbour that has to notice nothing. */
export class UnderAttack {
  private constructor(
    readonly app: FixtureApp,
    readonly server: { program: Program; url: string; port: number },
    readonly victim: Share,
    readonly neighbour: Share,
  ) {}

  /** The victim's ingress is open unless it is told otherwise. */
  static async start(victimArgs: readonly string[] = ['--ingress', 'open']): Promise<UnderAttack> {
    const app = await startFixtureApp();
    const server = await startServer();
    const args = ['--server', server.url];
    const [victim, neighbour] = await Promise.all([
      Share.start(app.port, [...args, ...victimArgs]),
      Share.start(app.port, [...args, '--ingress', 'open']),
    ]);
    return new UnderAttack(app, server, victim, neighbour);
  }

  /** Runs an attack; rejects when the neighbour's requests meanwhile failed or took too long, or none was made. */
  async run<T>(attack: () => Promise<T>): Promise<T> {
    const over = new AbortController();
    const neighbour = this.#visitNeighbour(over.signal);
    try {
      return await attack();
    } finally {
      over.abort();
      await neighbour;
    }
  }

  /** Whether every process lives and both sessions answer. */
  async isAlive(): Promise<boolean> {
    const { program, url } = this.server;
    const answers = [
      await get(url, '/healthz'),
      await get(this.victim.origin, '/', this.victim.bearer),
      await get(this.neighbour.origin, '/'),
    ];
    const processes = [program, this.victim, this.neighbour];
    return (
      answers.every(({ status }) => status === 200) && processes.every((each) => running.has(each))
    );
  }

  async stop(): Promise<void> {
    await Promise.all([this.victim.stop(), this.neighbour.stop()]);
    await this.server.program.stop();
    await this.app.close();
  }

  async #visitNeighbour(over: AbortSignal): Promise<void> {
    const pids = [this.server.program.pid, this.neighbour.pid];
    do {
      const visit = await timed(pids, () => get(this.neighbour.origin, '/'));
      const { status } = visit.result;
      if (status !== 200 || visit.milliseconds > NEIGHBOUR_MS) {
        throw new Error(`the neighbour got ${status} after ${Math.round(visit.milliseconds)} ms`);
      }
      await new Promise((resolve) => setTimeout(resolve, NEIGHBOUR_PAUSE_MS));
    } while (!over.aborted);
  }
}
