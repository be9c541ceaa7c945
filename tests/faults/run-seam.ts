import { runSeam } from '../../packages/protocol/test/support/seam-campaign.js';

/** Runs the app in small over faulty carriers, seed after seed; false when anything was violated. */
export async function runSeamCampaign(firstSeed: number, runs: number): Promise<boolean> {
  const fired = new Map<string, number>();
  let violations = 0;
  for (let seed = firstSeed; seed < firstSeed + runs; seed += 1) {
    const outcome = await runSeam(seed);
    for (const { type, way, fault } of outcome.fired) {
      const what = `${fault} ${type} ${way}`;
      fired.set(what, (fired.get(what) ?? 0) + 1);
    }
    if (outcome.timers > 0) outcome.problems.push(`${outcome.timers} timers left`);
    violations += outcome.problems.length;
    for (const problem of outcome.problems) console.log(`VIOLATED  ${problem} (seed ${seed})`);
  }
  for (const [what, times] of [...fired].sort()) console.log(`${what.padEnd(24)} ${times}`);
  const total = [...fired.values()].reduce((sum, times) => sum + times, 0);
  console.log(`${total} faults fired in ${runs} runs from seed ${firstSeed}`);
  console.log(violations === 0 ? 'nothing was lost' : `${violations} violations`);
  return violations === 0;
}
