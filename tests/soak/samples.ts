import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { residentOf } from '../faults/resources.js';
import { eventually, ROOT } from '../support/program.js';
import { slopeOf, verdictOf, type Point, type Slope, type Verdict } from './slope.js';

const MIB = 2 ** 20;
const PROBED_MS = 60_000;

/** What is sampled: its unit, and from which change in the time measured on a slope is more than an accident. */
export const KINDS = {
  resident: { unit: 'MiB', least: 8 },
  heap: { unit: 'MiB', least: 2 },
  code: { unit: 'MiB', least: 2 },
  descriptors: { unit: '', least: 4 },
  timers: { unit: '', least: 4 },
  handles: { unit: '', least: 4 },
} as const;

export type Kind = keyof typeof KINDS;
const KIND_NAMES = Object.keys(KINDS) as Kind[];

type Sample = Readonly<Record<Kind, number>> & { readonly hours: number };

/** What a process answers to the probe. */
interface Held {
  readonly timers: number;
  readonly handles: number;
  /** Without what is compiled… */
  readonly heapBytes: number;
  /** …which grows until each function that is used has been optimised, some hundred guests long. */
  readonly codeBytes: number;
}

/** What a program has to be started with so that it can be sampled. */
export function probeEnv(folder: string, name: string): NodeJS.ProcessEnv {
  const probe = pathToFileURL(`${ROOT}tests/soak/resources-probe.mjs`).href;
  return { NODE_OPTIONS: `--import=${probe}`, WINGMAN_PROBE_FILE: probeFile(folder, name) };
}

function probeFile(folder: string, name: string): string {
  return join(folder, `${name}.json`);
}

/** A process that lives as long as the run, and what it has held. */
export class Watched {
  readonly #samples: Sample[] = [];
  readonly #file: string;

  constructor(
    readonly name: string,
    private readonly pid: number,
    folder: string,
  ) {
    this.#file = probeFile(folder, name);
  }

  async sample(hours: number): Promise<void> {
    rmSync(this.#file, { force: true });
    this.#ask();
    const { timers, handles, heapBytes, codeBytes } = await eventually(
      `what ${this.name} holds`,
      () => JSON.parse(readFileSync(this.#file, 'utf8')) as Held,
      PROBED_MS,
    );
    const descriptors = readdirSync(`/proc/${this.pid}/fd`).length;
    const [heap, code] = [heapBytes / MIB, codeBytes / MIB];
    const resident = residentOf(this.pid) / MIB;
    this.#samples.push({ hours, resident, heap, code, descriptors, timers, handles });
  }

  #ask(): void {
    try {
      process.kill(this.pid, 'SIGUSR2');
    } catch (error) {
      throw new Error(`${this.name} has ended by itself`, { cause: error });
    }
  }

  /** The samples of one kind from a moment on. */
  points(kind: Kind, fromHours: number): Point[] {
    const measured = this.#samples.filter(({ hours }) => hours >= fromHours);
    return measured.map((sample) => [sample.hours, sample[kind]]);
  }
}

/** One series with what came of it. */
export interface Series {
  readonly name: string;
  readonly kind: Kind;
  readonly points: readonly Point[];
  readonly slope: Slope;
  /** Of the latter half alone: what only settles is flatter there. */
  readonly latter: Slope;
  readonly verdict: Verdict;
}

export function seriesOf(watched: readonly Watched[], fromHours: number): Series[] {
  return watched.flatMap((each) =>
    KIND_NAMES.map((kind) => {
      const points = each.points(kind, fromHours);
      const slope = slopeOf(points);
      const latter = slopeOf(points.slice(Math.floor(points.length / 2)));
      const verdict = verdictOf(slope, latter, KINDS[kind].least);
      return { name: each.name, kind, points, slope, latter, verdict };
    }),
  );
}
