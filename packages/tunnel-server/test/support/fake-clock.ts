import type { SteppedClock as FakeClock } from '../../../protocol/test/support/fake-clock.js';
import type { FakeHost } from './fake-host.js';

export { settle, SteppedClock as FakeClock } from '../../../protocol/test/support/fake-clock.js';

const STEP_MS = 500;

/** Lets time pass so slowly that heartbeats are answered meanwhile: the host asks the server and hears its answer in each step. */
export async function pass(clock: FakeClock, host: FakeHost, milliseconds: number): Promise<void> {
  for (let gone = 0; gone < milliseconds; gone += STEP_MS) {
    clock.advance(STEP_MS);
    await host.roundTrip();
  }
}
