/** What the process ends with. */
export const ExitCode = {
  STOPPED: 0,
  FAILED: 1,
  USAGE: 2,
  /** 128 + SIGINT, as shells have it. */
  INTERRUPTED: 130,
} as const;
