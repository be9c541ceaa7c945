import { test } from '@jest/globals';
import fc from 'fast-check';
import type { LaneKind } from '../src/link/lane-evidence.js';
import { FaultPlan, type Fault } from './support/faulty-carrier.js';
import { HANG_MS } from './support/hang.js';
import { LinkBench } from './support/link-bench.js';

const fault = fc.constantFrom<Fault>('drop', 'duplicate', 'corrupt', 'cut', 'stall');
const plan = fc.array(fc.tuple(fc.nat(60), fault), { maxLength: 4 });
const attempt = fc.record({
  kind: fc.constantFrom<LaneKind>('p2p', 'relay'),
  delayMs: fc.constantFrom(1, 25, 120),
  there: plan,
  back: plan,
  viewerSends: fc.nat(40),
  hostSends: fc.nat(40),
  prefer: fc.constantFrom<LaneKind>('p2p', 'relay'),
  waitMs: fc.constantFrom(5, 60, 900),
});

test(
  'whatever happens to the carriers, every frame arrives once and in order',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(attempt, { minLength: 1, maxLength: 8 }), async (attempts) => {
        const bench = new LinkBench();
        for (const step of attempts) {
          bench.attach(step.kind, {
            delayMs: step.delayMs,
            there: new FaultPlan(new Map(step.there)),
            back: new FaultPlan(new Map(step.back)),
          });
          bench.viewer.send(step.viewerSends);
          bench.host.send(step.hostSends);
          await bench.clock.advance(step.waitMs);
          bench.viewer.link.use(step.prefer);
        }
        bench.attach('relay');
        await bench.clock.advance(15_000);
        bench.attach('relay');
        await bench.clock.advance(5_000);
        bench.expectExactlyOnce();
        bench.viewer.link.close('LINK_CLOSED');
        bench.host.link.close('LINK_CLOSED');
      }),
      { numRuns: 600 },
    );
  },
  HANG_MS,
);
