import type { MetricsSources } from '../../src/metrics.js';

/** Gauges of nothing, for tests of the counters. */
export const NO_SOURCES: MetricsSources = {
  sessions: () => 0,
  viewers: () => 0,
  heldMessageBytes: () => 0,
  heldBytes: () => 0,
  sockets: () => 0,
  bytesPerSecond: () => 0,
};
