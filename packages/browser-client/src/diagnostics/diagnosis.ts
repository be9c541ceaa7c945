import { formatBytes } from '@wingman/protocol';
import type { Diagnosed } from '../shared/diagnosed.js';
import { NO_LINK, type LinkStatus, type Preference } from '../shared/status.js';
import { formatRate } from './format.js';
import { carried, History, type Way } from './history.js';
import { DIAGNOSTICS_LIMITS } from './limits.js';
import { look, NO_SIGHTS, type Sights } from './sights.js';
import { measure, measureBoth, SpeedRefusal, type Speed, type SpeedWorld } from './speed.js';

/** The shell around this page, and what it offers. */
export interface Tab {
  readonly parts: Diagnosed;
  prefer(preference: Preference): void;
}

export interface DiagnosisWorld extends SpeedWorld {
  /** Milliseconds since 1970. */
  date(): number;
  pause(milliseconds: number): Promise<void>;
}

/** What was measured of one path. */
export interface PathSpeed {
  readonly down: Speed;
  readonly up: Speed;
  /** The share of the bytes that this path has carried meanwhile. */
  readonly share: number;
}

/** What the stress test has shown. */
export interface Stress {
  readonly bytes: number;
  readonly ms: number;
  /** The longest usual round trip meanwhile, in milliseconds. */
  readonly worstRttMs: number | null;
  readonly switches: number;
  readonly failed: number;
}

const WAYS: readonly Way[] = ['direct', 'relay'];
const NAMES: Readonly<Record<Way, string>> = { direct: 'direct path', relay: 'relay' };

/** Looks at the paths of this tab, and measures them when somebody wants that. */
export class Diagnosis {
  readonly history = new History();
  status: LinkStatus = NO_LINK;
  sights: Sights = NO_SIGHTS;
  /** What is measured now, in words; undefined when nothing is. */
  busy: string | undefined;
  stress: Stress | undefined;
  readonly #speeds = new Map<Way, PathSpeed>();
  readonly #changed: () => void;
  #worstRttMs: number | null = null;

  constructor(
    private readonly tab: Tab,
    private readonly world: DiagnosisWorld,
    changed: () => void,
  ) {
    this.#changed = changed;
  }

  speedOf(way: Way): PathSpeed | undefined {
    return this.#speeds.get(way);
  }

  /** Looks at both paths once. */
  async look(): Promise<void> {
    const { parts } = this.tab;
    const [status, sights] = await Promise.all([parts.tunnel?.status(), look(parts)]);
    if (sights.whyNot !== undefined && sights.whyNot !== this.sights.whyNot)
      this.#say(`No direct path: ${sights.whyNot}`);
    this.sights = sights;
    if (status !== undefined) this.#seen(status);
    this.#changed();
  }

  /** Measures each path in both directions, one after the other; then the link chooses as before. */
  async measure(): Promise<void> {
    await this.#alone('The direct path is measured…', async () => {
      for (const way of WAYS) await this.#measureOn(way);
    });
  }

  /** Loads the path in use in both directions at once, within the limits. */
  async stressTest(): Promise<void> {
    const { stressMs: ms, stressRequests: requests } = DIAGNOSTICS_LIMITS;
    await this.#alone('The path in use is under stress…', async () => {
      const before = await this.#statusNow();
      this.#worstRttMs = null;
      const both = await measureBoth({ requests, ms }, this.world);
      const after = await this.#statusNow();
      this.#seen(after);
      this.stress = {
        bytes: both[0].bytes + both[1].bytes,
        ms: Math.max(both[0].ms, both[1].ms),
        worstRttMs: this.#worstRttMs,
        switches: after.switches - before.switches,
        failed: both[0].failed + both[1].failed,
      };
      this.#say(`Stress: ${formatBytes(this.stress.bytes)} in ${Math.round(this.stress.ms)} ms.`);
    });
  }

  /** One thing is measured at a time. What the host refuses is said. */
  async #alone(words: string, run: () => Promise<void>): Promise<void> {
    if (this.busy !== undefined) return;
    this.#begin(words);
    const { preference } = await this.#statusNow();
    try {
      await run();
    } catch (error) {
      if (!(error instanceof SpeedRefusal)) throw error;
      this.#say(error.message);
    } finally {
      this.tab.prefer(preference);
      this.busy = undefined;
      this.#changed();
    }
  }

  async #measureOn(way: Way): Promise<void> {
    this.#begin(`The ${NAMES[way]} is measured…`);
    this.#speeds.delete(way);
    if (!(await this.#moveTo(way))) return this.#say(`The ${NAMES[way]} could not be measured.`);
    const { stepMs: ms, stepRequests: requests } = DIAGNOSTICS_LIMITS;
    const before = await this.#statusNow();
    const down = await measure('down', { requests, ms }, this.world);
    const up = await measure('up', { requests, ms }, this.world);
    const share = shareOf(way, before, await this.#statusNow());
    this.#speeds.set(way, { down, up, share });
    const words = `${formatRate(down)} down, ${formatRate(up)} up`;
    const doubt = share < DIAGNOSTICS_LIMITS.purity ? ', but the path changed meanwhile' : '';
    this.#say(`The ${NAMES[way]} carries ${words}${doubt}.`);
  }

  /** Has the link move; false when it doesn't in time. */
  async #moveTo(way: Way): Promise<boolean> {
    this.tab.prefer(way === 'direct' ? 'p2p' : 'relay');
    const { movePollMs, moveMs } = DIAGNOSTICS_LIMITS;
    const deadline = this.world.now() + moveMs;
    for (;;) {
      const { mode } = await this.#statusNow();
      if (mode !== 'offline' && (mode === 'relay') === (way === 'relay')) return true;
      if (this.world.now() >= deadline) return false;
      await this.world.pause(movePollMs);
    }
  }

  async #statusNow(): Promise<LinkStatus> {
    return (await this.tab.parts.tunnel?.status()) ?? NO_LINK;
  }

  #seen(status: LinkStatus): void {
    this.status = status;
    this.history.add(this.world.date(), status);
    const { rttMs } = status;
    if (rttMs !== null) this.#worstRttMs = Math.max(rttMs, this.#worstRttMs ?? 0);
  }

  #begin(words: string): void {
    this.busy = words;
    this.#changed();
  }

  #say(text: string): void {
    this.history.say(this.world.date(), text);
    this.#changed();
  }
}

function shareOf(way: Way, before: LinkStatus, after: LinkStatus): number {
  const passed = (of: Way): number => {
    const [from, to] = [carried(before, of), carried(after, of)];
    return to.in + to.out - from.in - from.out;
  };
  const all = passed('direct') + passed('relay');
  return all === 0 ? 0 : passed(way) / all;
}
