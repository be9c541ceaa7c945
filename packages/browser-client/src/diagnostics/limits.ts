import { SPEED_LIMITS } from '@wingman/protocol';

/** Caps and times of the page about diagnostics; the host holds measuring to SPEED_LIMITS. */
export const DIAGNOSTICS_LIMITS = {
  /** The paths are looked at so often: their heartbeats come every two seconds. */
  lookMs: 1_000,
  /** Ten minutes of looks. */
  samples: 600,
  /** Lines of the log; the oldest are forgotten first. */
  logLines: 200,
  /** One direction of one path is measured for so long at most: enough for a congestion window to open… */
  stepMs: 2_000,
  /** …by so many requests at once, as a page of the app makes them: 8 MiB. */
  stepRequests: 4,
  /** The stress test takes as long as one request may, in each direction… */
  stressMs: SPEED_LIMITS.requestMs,
  /** …by half of the requests that the host takes: 32 MiB in all. */
  stressRequests: SPEED_LIMITS.requests / 2,
  /** A request that is late by this much counts as it is. */
  lateMs: 3_000,
  /** The link has this long to move to the path that is measured. */
  moveMs: 5_000,
  /** And is asked this often whether it has. */
  movePollMs: 50,
  /** Of the bytes that pass meanwhile, the measured path has to carry this share. */
  purity: 0.9,
  /** A browser may never answer for a connection that was closed. */
  statsMs: 1_000,
} as const;
