import { Session, type Profiler } from 'node:inspector';

/** What V8 has counted since the last look, of our own code: a block, and roughly how often it ran. */
export class Coverage {
  readonly #session = new Session();

  start(): void {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** The blocks that have run since the last call. */
  take(): Set<string> {
    const seen = new Set<string>();
    // The inspector of the own thread answers before this returns.
    this.#session.post('Profiler.takePreciseCoverage', (error, { result }) => {
      if (error !== null) throw error;
      for (const script of result.filter(isOurs)) addBlocks(script, seen);
    });
    return seen;
  }

  stop(): void {
    this.#session.disconnect();
  }
}

function isOurs({ url }: Profiler.ScriptCoverage): boolean {
  return url.includes('/packages/') || url.includes('.wingman-fuzz');
}

function addBlocks({ functions, scriptId }: Profiler.ScriptCoverage, seen: Set<string>): void {
  for (const { startOffset, endOffset, count } of functions.flatMap(({ ranges }) => ranges)) {
    if (count > 0) seen.add(`${scriptId}:${startOffset}:${endOffset}:${magnitude(count)}`);
  }
}

/** Once, twice, a few times, many times: loops that run more often are news, each further turn is not. */
function magnitude(count: number): number {
  return Math.min(6, Math.floor(Math.log2(count)));
}
