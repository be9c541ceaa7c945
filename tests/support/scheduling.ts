import { readdirSync, readFileSync } from 'node:fs';

// Free of Jest: the scene of an attack uses it too.

/** By thread, how long it has been ready to run so far and had no processor, in ms. */
type Waits = ReadonlyMap<string, number>;

function waitsOf(pid: number): Waits {
  const folder = `/proc/${pid}/task`;
  try {
    return new Map(
      readdirSync(folder).map((thread) => [thread, waitOf(`${folder}/${thread}/schedstat`)]),
    );
  } catch {
    return new Map();
  }
}

/**
 * For how long a process could not go on, in ms: what its main thread waited, and the one other thread that waited
 * longest. Threads of a pool wait at the same time, so their sum would be more than what has passed.
 */
function heldUpMs(pid: number, before: Waits): number {
  const main = String(pid);
  const waited = [...waitsOf(pid)].map(
    ([thread, ms]) => [thread, ms - (before.get(thread) ?? 0)] as const,
  );
  const others = waited.filter(([thread]) => thread !== main).map(([, ms]) => ms);
  return Math.max(0, ...others) + (new Map(waited).get(main) ?? 0);
}

/** The second number of this file is nanoseconds on a run queue. A thread that has just ended has none. */
function waitOf(path: string): number {
  try {
    return Number(readFileSync(path, 'utf8').split(' ')[1]) / 1e6;
  } catch {
    return 0;
  }
}

/**
 * How long something takes that these processes and this one do together, in ms, without the time for which one of
 * them was ready and other programs had the machine. Bounds on it hold on a busy machine as on an idle one.
 */
export async function timed<T>(
  pids: readonly number[],
  run: () => Promise<T>,
): Promise<{ result: T; milliseconds: number }> {
  const all = [process.pid, ...pids];
  const before = all.map((pid) => [pid, waitsOf(pid)] as const);
  const started = performance.now();
  const result = await run();
  const took = performance.now() - started;
  const heldUp = before.reduce((sum, [pid, waits]) => sum + heldUpMs(pid, waits), 0);
  return { result, milliseconds: took - heldUp };
}
