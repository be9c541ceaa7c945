import { startCountingApp, type CountingApp } from '../cluster/app.js';
import { LastingViewer } from '../cluster/lasting-viewer.js';
import { statusOf } from '../cluster/load.js';
import type { TestCluster } from '../cluster/nodes.js';
import { eventually } from '../support/program.js';
import { Share } from '../support/share.js';
import { pause } from './pause.js';
import { probeEnv } from './samples.js';

const GUESTS = 4;
/** Numbers after which a guest goes: a second of them, and then some. */
const [FEWEST_NUMBERS, MORE_NUMBERS] = [25, 100];
const VISIT_MS = 90_000;
const AFTER_MS = 60_000;
const SOON_MS = 500;
/** What was on its way when a guest went has come when so many others have gone; and a POST, when so many have followed. */
const [LAST_GONE, LAST_POSTS] = [20, 20];

/** A shared app, where guests may come while it is open. */
export interface Place {
  readonly name: string;
  readonly args: readonly string[];
  share: Share;
  isOpen: boolean;
  guests: number;
}

/** Hosts with viewers that stay, hosts that are started anew, and guests at all of them. */
export class Traffic {
  readonly problems: string[] = [];
  readonly counts = { guests: 0, numbers: 0, posts: 0, plain: 0, plainExcused: 0, restarts: 0 };
  readonly #stays: LastingViewer[] = [];
  readonly #gone: LastingViewer[] = [];
  /** How many POSTs of a viewer have been looked at, and are not known any more. */
  readonly #settled = new Map<LastingViewer, number>();
  #isUnsettled = false;

  private constructor(
    private readonly app: CountingApp,
    /** Whose hosts are never started again. */
    readonly steady: readonly Place[],
    private readonly changing: readonly Place[],
  ) {
    for (const { share } of steady) this.#stays.push(new LastingViewer(share));
  }

  /** `pinned` is the address of the node that is killed: a host that knows no other has to wait for it each time. */
  static async start(cluster: TestCluster, pinned: string, folder: string): Promise<Traffic> {
    const app = await startCountingApp();
    const place = async (name: string, server: string): Promise<Place> => {
      const args = ['--server', server, '--no-p2p', '--ingress', 'open', '--no-inspector'];
      const share = await Share.start(app.port, args, probeEnv(folder, name));
      return { name, args, share, isOpen: true, guests: 0 };
    };
    const steady = [
      await place('host-1', cluster.url),
      await place('host-2', cluster.url),
      await place('host-at-killed', pinned),
    ];
    const changing = [
      await place('changing-1', cluster.url),
      await place('changing-2', cluster.url),
    ];
    return new Traffic(app, steady, changing);
  }

  /** Guests come and go until the signal. */
  async receive(signal: AbortSignal): Promise<void> {
    await Promise.all(
      Array.from({ length: GUESTS }, async () => {
        while (!signal.aborted) await this.#visit(signal);
      }),
    );
  }

  /** While a node is killed and until it is back, plain HTTP may fail. */
  async excusing(work: () => Promise<void>): Promise<void> {
    this.#isUnsettled = true;
    await work().finally(() => (this.#isUnsettled = false));
  }

  /** One host is stopped and started again, when its guests have gone. */
  async restartOne(): Promise<void> {
    const place = this.changing[this.counts.restarts % this.changing.length];
    if (place === undefined) return;
    place.isOpen = false;
    await eventually('guests have gone', () => place.guests === 0, VISIT_MS + AFTER_MS);
    const code = await place.share.stop();
    if (code !== 0) this.problems.push(`${place.name} ended with ${code}`);
    place.share = await Share.start(this.app.port, place.args);
    place.isOpen = true;
    this.counts.restarts += 1;
  }

  /** Names of all sessions now. */
  get sessions(): string[] {
    const places = [...this.steady, ...this.changing].filter(({ isOpen }) => isOpen);
    return places.map(({ share }) => share.ready.session);
  }

  /** Carriers of the viewers that stay, beyond the first of each; more than one may be tried for a link that has to come back. */
  get furtherCarriers(): number {
    return this.#stays.reduce((sum, { carriers }) => sum + Math.max(0, carriers - 1), 0);
  }

  /** The longest stall of those that stay since it was asked last, in milliseconds. */
  takeStall(): number {
    return Math.max(...this.#stays.map((viewer) => viewer.takeStall()));
  }

  /** Looks whether those that stay still get numbers, and whether all that was answered was done, once. */
  async conclude(): Promise<void> {
    const moves = this.#stays.map(async (viewer, index) => {
      const before = viewer.numbers;
      await eventually('numbers', () => viewer.numbers > before, AFTER_MS).catch(() =>
        this.problems.push(`the viewer of host ${index + 1} gets no numbers`),
      );
    });
    await Promise.all(moves);
    for (const viewer of this.#stays) this.#add('', viewer);
    for (const viewer of [...this.#gone, ...this.#stays]) this.#settle(viewer, viewer.posted + 1);
    const again = [...this.app.posts.keys()];
    this.problems.push(...again.map((target) => `${target} was done once more, much later`));
  }

  async stop(): Promise<void> {
    for (const viewer of this.#stays) viewer.close();
    await Promise.all([...this.steady, ...this.changing].map(({ share }) => share.stop()));
    await this.app.close();
  }

  /** Looks at what is long over, so that a run of hours doesn't keep every POST. */
  #settleOld(): void {
    for (const gone of this.#gone.splice(0, this.#gone.length - LAST_GONE)) {
      this.#settle(gone, gone.posted + 1);
      this.#settled.delete(gone);
    }
    for (const viewer of this.#stays) this.#settle(viewer, viewer.posted - LAST_POSTS);
  }

  /** Whether the POSTs of a viewer below a number were done, once each; one under way at the viewer's end may not have been. */
  #settle(viewer: LastingViewer, end: number): void {
    const start = this.#settled.get(viewer) ?? 0;
    for (let number = start; number < end; number += 1) {
      const target = viewer.postTarget(number);
      const times = this.app.takePost(target);
      if (times === 1 || (times === 0 && number === viewer.posted)) continue;
      this.problems.push(`${target} was done ${times} times`);
    }
    this.#settled.set(viewer, Math.max(start, end));
  }

  #add(name: string, viewer: LastingViewer): void {
    this.counts.numbers += viewer.numbers;
    this.counts.posts += viewer.posted;
    this.problems.push(...viewer.problems.map((problem) => `${name} ${problem}`.trim()));
  }

  async #visit(signal: AbortSignal): Promise<void> {
    const open = [...this.steady, ...this.changing].filter(({ isOpen }) => isOpen);
    const place = open[Math.floor(Math.random() * open.length)];
    if (place === undefined) return pause(SOON_MS, signal);
    place.guests += 1;
    const viewer = new LastingViewer(place.share);
    const enough = FEWEST_NUMBERS + Math.floor(Math.random() * MORE_NUMBERS);
    const hasEnough = (): boolean => signal.aborted || viewer.numbers >= enough;
    await Promise.all([
      this.#askPlainly(place),
      eventually(`${enough} numbers`, hasEnough, VISIT_MS).catch((error: unknown) =>
        this.problems.push(`a guest of ${place.name}: ${String(error)}`),
      ),
    ]);
    viewer.close();
    place.guests -= 1;
    this.counts.guests += 1;
    this.#add(`a guest of ${place.name}:`, viewer);
    this.#gone.push(viewer);
    this.#settleOld();
  }

  async #askPlainly({ name, share }: Place): Promise<void> {
    const wasUnsettled = this.#isUnsettled;
    const status = await statusOf(share.origin).catch((error: unknown) => String(error));
    if (status === '200') this.counts.plain += 1;
    else if (wasUnsettled || this.#isUnsettled) this.counts.plainExcused += 1;
    else this.problems.push(`plain HTTP at ${name}: ${status}`);
  }
}
