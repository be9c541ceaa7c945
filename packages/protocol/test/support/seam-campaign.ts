import type { MemoryCarrier } from '../../src/carrier/memory-carrier.js';
import { LIMITS } from '../../src/limits.js';
import type { LaneKind } from '../../src/link/lane-evidence.js';
import { Link } from '../../src/link/link.js';
import { FakeClock } from './fake-clock.js';
import { LINK_ID } from './linked-pair.js';
import { Miniature } from './miniature.js';
import { FRAME_TYPES, SEAM_FAULTS, Seam, type SeamRule } from './seam.js';

/** The kinds that a viewer has side by side. */
type Kind = Exclude<LaneKind, 'turn'>;

const DELAY_MS: Readonly<Record<Kind, number>> = { p2p: 25, relay: 40 };
/** How long a new carrier takes after the old one's end. */
const CONNECT_MS: Readonly<Record<Kind, number>> = { p2p: 400, relay: 100 };
const RULES = 8;
/** Half of the grace time is the longest without any carrier; all faults together take a few of them. */
const DEADLINE_MS = 5 * LIMITS.linkGraceMs;
const LOOK_MS = 50;

/** How often a type of message occurs in one run, roughly: the n-th is chosen below this. */
const USUAL: Readonly<Record<SeamRule['type'], number>> = {
  ...{ data: 150, ack: 60, attach: 4, use: 4, ping: 40, pong: 40 },
};

/** What one run of the app over broken carriers has shown. */
export interface SeamOutcome {
  seed: number;
  fired: SeamRule[];
  problems: string[];
  /** Timers left when both links are closed. */
  timers: number;
}

/** Runs the app once over two kinds of carriers that meet faults drawn from a seed. */
export async function runSeam(seed: number): Promise<SeamOutcome> {
  const random = seeded(seed);
  const clock = new FakeClock();
  const seam = new Seam(clock, rulesFrom(random));
  const viewer = new Link({ id: LINK_ID, role: 'initiator', clock });
  const host = new Link({ id: LINK_ID, role: 'acceptor', clock });
  const network = new Network(clock, seam, viewer, host);
  const app = new Miniature(viewer, host, clock);
  let isOver = false;
  const run = app.run().finally(() => (isOver = true));
  while (!isOver && clock.now() < DEADLINE_MS) {
    network.look();
    if (random() < 0.05) viewer.use(random() < 0.5 ? 'p2p' : 'relay');
    await clock.advance(LOOK_MS);
  }
  const problems = [...app.problems];
  if (!isOver) problems.push(`not done within ${DEADLINE_MS} ms`);
  viewer.close('LINK_CLOSED');
  host.close('LINK_CLOSED');
  // What is still on the line arrives; nothing may be set again.
  await clock.advance(LIMITS.linkGraceMs);
  await run;
  return { seed, fired: seam.fired, problems, timers: clock.timers };
}

/** Keeps a carrier of each kind attached, as relay connector and p2p client do. */
class Network {
  readonly #pairs = new Map<Kind, readonly MemoryCarrier[]>();
  readonly #nextAt: Record<Kind, number> = { relay: 0, p2p: CONNECT_MS.p2p };

  constructor(
    private readonly clock: FakeClock,
    private readonly seam: Seam,
    private readonly viewer: Link,
    private readonly host: Link,
  ) {}

  look(): void {
    for (const kind of ['relay', 'p2p'] as const) {
      const now = this.clock.now();
      const isOver = this.#pairs.get(kind)?.some((carrier) => carrier.isClosed) ?? true;
      if (!isOver) this.#nextAt[kind] = now + CONNECT_MS[kind];
      else if (now >= this.#nextAt[kind]) this.#connect(kind);
    }
  }

  #connect(kind: Kind): void {
    const pair = this.seam.pair(DELAY_MS[kind]);
    this.#pairs.set(kind, pair);
    this.viewer.attach(pair[0], kind);
    this.host.attach(pair[1], kind);
  }
}

function rulesFrom(random: () => number): SeamRule[] {
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
  return Array.from({ length: RULES }, () => {
    const type = pick(FRAME_TYPES);
    const nth = 1 + Math.floor(random() * USUAL[type]);
    return { way: pick(['there', 'back'] as const), type, nth, fault: pick(SEAM_FAULTS) };
  });
}

/** Numbers below one from a seed, the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
