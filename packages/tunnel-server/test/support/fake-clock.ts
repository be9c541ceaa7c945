export { settle, SteppedClock as FakeClock } from '../../../protocol/test/support/fake-clock.js';
