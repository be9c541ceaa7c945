import { expect, test } from '@jest/globals';
import { HANG_MS } from './support/hang.js';
import { FRAME_TYPES, SEAM_FAULTS } from './support/seam.js';
import { runSeam } from './support/seam-campaign.js';

const FIRST_SEED = 1;
/** More of them: `npm run test:faults -- --seam 500`. */
const RUNS = 150;

test(
  'an app in use notices no fault of its carriers, whatever message it meets',
  async () => {
    const met = new Set<string>();
    let fired = 0;
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed += 1) {
      const outcome = await runSeam(seed);
      expect({ ...outcome, fired: [] }).toEqual({ seed, fired: [], problems: [], timers: 0 });
      for (const { way, type, fault } of outcome.fired) met.add(`${way} ${type}`).add(fault);
      fired += outcome.fired.length;
    }
    expect(fired).toBeGreaterThan(RUNS * 2);
    const types = FRAME_TYPES.flatMap((type) => [`there ${type}`, `back ${type}`]);
    const possible = types.filter((type) => type !== 'back use');
    expect([...met]).toEqual(expect.arrayContaining([...possible, ...SEAM_FAULTS]));
  },
  HANG_MS,
);
