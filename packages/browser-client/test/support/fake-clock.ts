export { FakeClock, settle } from '../../../protocol/test/support/fake-clock.js';
