const MIB = 1024 * 1024;

/**
 * The disk has this long to say whether anything is registered: each request of a page waits for that, and goes on
 * without app workers then. It stands apart because our service worker, whose size counts, needs no other.
 */
export const LOOK_MS = 3_000;

/** Every cap and other deadline of the emulation; bytes end in Bytes, times in Ms. */
export const APP_WORKER_LIMITS = {
  /** From asking for a version to its having run its script, which may import others. */
  startMs: 30_000,
  /** A version that could not be started is not tried again for so long: each request would wait for it. */
  retryMs: 10_000,
  /** The `install` and `activate` events may take so long, as in Chromium. */
  eventMs: 300_000,
  /** A question of a page or an app worker about service workers; `register` and `update` fetch the script. */
  answerMs: 60_000,
  /** The handlers of a fetch event have returned by then, or the version hangs: it is ended, and started again for the next request. */
  takeMs: 10_000,
  /** A replaced version may finish what it is answering for so long. */
  retireMs: 30_000,
  /** The first look for a new version comes so long after a page was asked for, as in browsers. */
  updateMs: 1_000,
  /** While a version starts, is installed or activated, its tab is looked for this often: a reload ends it. */
  sweepMs: 500,
  /** The shell's wait for the service worker to control it, and for the last word of it: local messages. */
  handOverMs: 3_000,
  /** Navigations that a version may still send to the network after it has answered. */
  maxKeptNavigations: 16,
  /** Registrations of one app. */
  maxRegistrations: 16,
  /** Client ids of which the controller is remembered. */
  maxControlled: 256,
  /** The script of a version, and each one that it imports. */
  scriptBytes: 16 * MIB,
} as const;
