import type { Clock } from '../../src/clock.js';
import { Lane, type LaneOptions } from '../../src/link/lane.js';
import { RecordingCarrier } from './recording-carrier.js';

/** A lane that may be sent on, and its carrier. */
export function readyLane(clock: Clock, options: Partial<LaneOptions> = {}) {
  const carrier = new RecordingCarrier();
  const lane = new Lane({ id: 0, kind: 'relay', carrier, clock, ...options });
  lane.transition('ready');
  return { lane, carrier };
}
