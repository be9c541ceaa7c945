import { PING_SECONDS } from './light-host.mjs';
import { wait } from './wait.mjs';

/** Below this a look is a trial of the command, and says nothing of sessions. */
const SHORT_SECONDS = 10;

/** What registering leaves behind is gone by then: deadlines, counts of registrations, and garbage. */
export const settledMs = (seconds) =>
  seconds < SHORT_SECONDS ? seconds * 500 : PING_SECONDS * 1_000;

/** Whole rounds of the hosts' pings: else some are seen twice, or not at all. */
const wholeRounds = (seconds) =>
  seconds < SHORT_SECONDS ? seconds : Math.ceil(seconds / PING_SECONDS) * PING_SECONDS;

/** What is taken of a core meanwhile, in percent; `seconds` is what `taken` tells. */
export async function share(taken, seconds) {
  const [before, start] = [taken(), performance.now()];
  await wait(wholeRounds(seconds) * 1_000);
  return (100 * (taken() - before)) / ((performance.now() - start) / 1_000);
}
