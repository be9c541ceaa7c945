/**
 * How long a test may take that does nothing but compute: some seconds where the machine is idle, and twenty times as
 * long where it has twenty other programs to run. So this only ends one that would never end.
 */
export const HANG_MS = 600_000;
