// Measures the same in several settings by several peers, in turn within each run, so that a drift of the machine touches all alike.
import { chromiumAt, openApp, receivedBytes } from './browser.mjs';
import { Lab } from './network.mjs';
import { missingFor, Scene } from './peers.mjs';
import { watched } from './usage.mjs';

/**
 * A measure. `figures` are the numbers that a sample has, each with unit, digits and the peer it is shown against;
 * `sample` takes one, and resolves with them by name. With `fresh` every sample has processes of its own.
 */
export class Comparison {
  constructor({ settings, peers, figures, targets = [], fresh = false, sample }) {
    Object.assign(this, { settings, peers, figures, targets, fresh, sample });
  }

  /** Measures in each setting; `tell` is given what each has brought. */
  async run({ settings, peers, runs, sizes, signal }, tell) {
    const chosen = this.peers.filter((peer) => peers === undefined || peers.includes(peer));
    for (const setting of settings) {
      if (signal.aborted) return;
      const series = new Series(this, setting, { sizes, signal });
      const { measurable, failures } = sorted(chosen);
      failures.push(...(await series.take(measurable, runs)));
      tell({ setting, samples: series.samples, failures });
    }
  }
}

/** Peers whose programs are there, and the others with what is missing. */
function sorted(peers) {
  const missing = peers.map((peer) => ({ peer, error: missingFor(peer) }));
  const failures = missing.filter(({ error }) => error !== undefined);
  const measurable = missing.filter(({ error }) => error === undefined).map(({ peer }) => peer);
  return { measurable, failures };
}

/** The samples of one measure in one setting. */
class Series {
  samples = [];

  constructor(measure, setting, options) {
    Object.assign(this, { measure, setting, ...options });
  }

  /** Takes all samples; resolves with those that failed. One failure doesn't end the others. */
  async take(peers, runs) {
    const failures = [];
    const lab = await Lab.create(this.setting);
    let scene;
    try {
      if (!this.measure.fresh) scene = await Scene.start(lab, peers);
      for (let run = 1; run <= runs; run += 1) {
        for (const peer of peers) {
          if (this.signal.aborted) return failures;
          const taking = this.#sampleIn(lab, scene, peer);
          await taking.then(
            (sample) => this.#note({ peer, run, ...sample }),
            (error) => failures.push({ peer, run, error: String(error) }),
          );
        }
      }
    } finally {
      await scene?.stop();
      await lab.remove();
    }
    return failures;
  }

  #note(sample) {
    this.samples.push(sample);
    const said = Object.entries(sample.figures).map(
      ([name, value]) => `${name} ${value.toFixed(1)}`,
    );
    console.error(`  ${this.setting.name}, run ${sample.run}, ${sample.peer}: ${said.join(', ')}`);
  }

  async #sampleIn(lab, scene, name) {
    const own = scene === undefined ? await Scene.start(lab, [name]) : undefined;
    try {
      return await this.#sample(lab, (scene ?? own).peer(name));
    } finally {
      await own?.stop();
    }
  }

  async #sample(lab, peer) {
    const browser = await chromiumAt(lab, peer);
    const end = () => void browser.close();
    this.signal.addEventListener('abort', end);
    try {
      const visit = new Visit(lab, peer, browser, this.sizes);
      const figures = await this.measure.sample(visit);
      return { figures, usage: visit.usage, astray: await visit.astray() };
    } finally {
      this.signal.removeEventListener('abort', end);
      await browser.close();
    }
  }
}

/** One browser at one peer. */
class Visit {
  usage = {};
  #opened;
  #before;

  constructor(lab, peer, browser, sizes) {
    Object.assign(this, { lab, peer, browser, sizes });
  }

  /** The app's frame in a new tab, on the peer's path. */
  async open() {
    this.#opened = await openApp(this.browser, this.peer);
    this.#before = await receivedBytes(this.#opened.page, this.peer);
    return this.#opened.frame;
  }

  /** Counts a program that the sample has started itself as one that carries it. */
  add(name, program) {
    this.peer.programs[name] = program;
  }

  /** Runs something, and keeps under a label what processes took meanwhile, for so many requests where that says more. */
  async watch(label, run, requests) {
    const { value, usage } = await watched(this.#programs, this.lab, run);
    this.usage[label] = { ...usage, requests };
    return value;
  }

  /** The share of what was received that came by another path than the one asked for. */
  async astray() {
    if (this.#before === undefined || this.peer.path === 'auto') return 0;
    const after = await receivedBytes(this.#opened.page, this.peer);
    const by = (path) => after[path] - this.#before[path];
    const other = this.peer.path === 'p2p' ? 'relay' : 'p2p';
    return by(other) / Math.max(1, by('p2p') + by('relay'));
  }

  get #programs() {
    const { programs } = this.peer;
    return [
      ...Object.entries(programs).map(([name, { child }]) => [name, child.pid]),
      ['chromium', this.browser.process().pid],
      ...this.lab.emulators.map(({ child }) => ['emulator', child.pid]),
      ['bench', process.pid],
    ];
  }
}
