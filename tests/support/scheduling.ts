import { readdirSync, readFileSync } from 'node:fs';

// Free of Jest: the scene of an attack uses it too.

/** How long threads of these processes have been ready to run so far and had no processor, in ms. */
function unscheduledMs(pids: readonly number[]): number {
  return pids.flatMap(threadsOf).reduce((sum, path) => sum + waitOf(path), 0);
}

function threadsOf(pid: number): string[] {
  const folder = `/proc/${pid}/task`;
  try {
    return readdirSync(folder).map((thread) => `${folder}/${thread}/schedstat`);
  } catch {
    return [];
  }
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
  const [started, waited] = [performance.now(), unscheduledMs(all)];
  const result = await run();
  const took = performance.now() - started;
  return { result, milliseconds: took - Math.max(0, unscheduledMs(all) - waited) };
}
