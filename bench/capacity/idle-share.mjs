import { PING_SECONDS } from './light-host.mjs';
import { wait } from './wait.mjs';

const SHORT_SECONDS = 10;

/** What registering leaves behind is gone by then; a short look doesn't wait so long. */
export const settledMs = (seconds) => Math.min(5_000, seconds * 500);

/** Whole rounds of the hosts' pings: else some are seen twice, or not at all. A short look says nothing of them anyway. */
const wholeRounds = (seconds) =>
  seconds < SHORT_SECONDS ? seconds : Math.ceil(seconds / PING_SECONDS) * PING_SECONDS;

/** What is taken of a core meanwhile, in percent; `seconds` is what `taken` tells. */
export async function share(taken, seconds) {
  const [before, start] = [taken(), performance.now()];
  await wait(wholeRounds(seconds) * 1_000);
  return (100 * (taken() - before)) / ((performance.now() - start) / 1_000);
}
