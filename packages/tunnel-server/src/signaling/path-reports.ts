import { PathChangeCause, type Clock, type PathReport } from '@wingman/protocol';
import { SERVER_LIMITS } from '../limits.js';
import type { Metrics } from '../metrics.js';
import { TokenBucket } from './token-bucket.js';

/** Label values are ours: a host chooses between them, it doesn't make new ones. */
const CAUSES: Readonly<Record<PathChangeCause, string>> = {
  [PathChangeCause.UNSPECIFIED]: 'unknown',
  [PathChangeCause.UPGRADED]: 'upgraded',
  [PathChangeCause.CHOSEN]: 'chosen',
  [PathChangeCause.FELL_BACK]: 'fell-back',
  [PathChangeCause.LOST]: 'lost',
};

/** Counts what one host says of its links' paths; a host that says too much isn't counted. */
export class PathReports {
  readonly #bucket: TokenBucket;

  constructor(
    private readonly metrics: Metrics,
    clock: Clock,
  ) {
    const { pathReportBurst, pathReportsPerSecond } = SERVER_LIMITS;
    this.#bucket = new TokenBucket(clock, pathReportBurst, pathReportsPerSecond);
  }

  count({ changes, directBytes, savedMs, turnBytes }: PathReport): void {
    if (!this.#bucket.take()) return;
    const { pathBytes, pathChanges, savedSeconds } = this.metrics;
    pathBytes.inc({ way: 'direct' }, capped(directBytes));
    pathBytes.inc({ way: 'turn' }, capped(turnBytes));
    for (const { cause, count } of changes.slice(0, Object.keys(CAUSES).length)) {
      const number = Math.min(count, SERVER_LIMITS.pathChangesPerReport);
      pathChanges.inc({ cause: CAUSES[cause] ?? 'unknown' }, number);
    }
    for (const ms of savedMs.slice(0, SERVER_LIMITS.savedPerReport))
      savedSeconds.observe(ms / 1000);
  }
}

/** A counter takes a number, and one that a host has made up must not spoil the sum. */
function capped(bytes: bigint): number {
  return Math.min(Number(bytes), SERVER_LIMITS.pathBytesPerReport);
}
