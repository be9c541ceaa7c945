import { P2pEvent, P2pFailure, type Clock, type ConnectionState } from '@wingman/protocol';
import { SERVER_LIMITS } from '../limits.js';
import type { Metrics } from '../metrics.js';
import { TokenBucket } from './token-bucket.js';

/** Label values are ours: a viewer chooses between them, it doesn't make new ones. */
const REASONS: Readonly<Record<P2pFailure, string>> = {
  [P2pFailure.UNSPECIFIED]: 'unknown',
  [P2pFailure.TIMEOUT]: 'timeout',
  [P2pFailure.ICE]: 'ice',
  [P2pFailure.HANDSHAKE]: 'handshake',
  [P2pFailure.REFUSED]: 'refused',
  [P2pFailure.UNSUPPORTED]: 'unsupported',
};

/** Counts what one viewer says has become of its direct paths; a viewer that says too much isn't counted. */
export class ConnectionReports {
  readonly #metrics: Metrics;
  readonly #bucket: TokenBucket;

  constructor(metrics: Metrics, clock: Clock) {
    this.#metrics = metrics;
    const { viewerReportBurst, viewerReportsPerSecond } = SERVER_LIMITS;
    this.#bucket = new TokenBucket(clock, viewerReportBurst, viewerReportsPerSecond);
  }

  count(report: ConnectionState): void {
    if (!this.#bucket.take()) return;
    switch (report.event) {
      case P2pEvent.ATTEMPT:
        return this.#metrics.p2pAttempts.inc();
      case P2pEvent.CONNECTED:
        this.#metrics.p2pConnected.inc();
        return this.#metrics.p2pSetupSeconds.observe(
          Math.min(report.setupMs, SERVER_LIMITS.p2pSetupMaxMs) / 1000,
        );
      case P2pEvent.FAILED:
        return this.#metrics.p2pFailed.inc({ reason: REASONS[report.failure] ?? 'unknown' });
      case P2pEvent.FALLBACK:
        return this.#metrics.fallbacks.inc();
      case P2pEvent.UNSPECIFIED:
        return;
    }
  }
}
