import type { ErrorCode, WingmanError } from '../../src/errors.js';
import type { LaneKind } from '../../src/link/lane-evidence.js';
import { Link } from '../../src/link/link.js';
import type { LinkOptions } from '../../src/link/link-types.js';
import { encodeLinkFrame, type LinkFrame } from '../../src/wire/link-frame.js';
import { FakeClock } from './fake-clock.js';
import { LINK_ID } from './linked-pair.js';
import { RecordingCarrier } from './recording-carrier.js';

export const PEER = 99;
export const bytes = (...values: number[]): Uint8Array => Uint8Array.of(...values);

/** A link, and a peer that says exactly what a test has it say. */
export class ScriptedPeer {
  readonly clock = new FakeClock();
  readonly link: Link;
  readonly frames: number[] = [];
  readonly errors: WingmanError[] = [];
  readonly events: string[] = [];
  asked = 0;

  constructor(options: Partial<LinkOptions> = {}) {
    this.link = new Link({ id: LINK_ID, role: 'initiator', clock: this.clock, ...options });
    this.link.start({
      frame: ([first = -1]) => void this.frames.push(first),
      writable: () => void (this.asked += 1),
      closed: (error) => void this.errors.push(error),
    });
    for (const event of ['state', 'path', 'attachment'] as const) {
      this.link.on(event, () => this.events.push(`${event} ${this.link.state} ${this.link.path}`));
    }
  }

  attach(kind: LaneKind = 'relay'): RecordingCarrier {
    const carrier = new RecordingCarrier();
    this.link.attach(carrier, kind);
    return carrier;
  }

  /** Attached, and the peer has said so too. */
  met(kind: LaneKind = 'relay', received = 0): RecordingCarrier {
    const carrier = this.attach(kind);
    say(carrier, { type: 'attach', received, incarnation: PEER });
    return carrier;
  }

  get codes(): ErrorCode[] {
    return this.errors.map(({ code }) => code);
  }
}

export function say(carrier: RecordingCarrier, ...frames: LinkFrame[]): void {
  for (const frame of frames) carrier.bring(encodeLinkFrame(frame));
}

/** Answers the last ping on a carrier. */
export function answer(carrier: RecordingCarrier, received = 0): void {
  say(carrier, { type: 'pong', nonce: carrier.framesOf('ping').at(-1)!.nonce, received });
}

export const data = (sequence: number, ...values: number[]): LinkFrame => ({
  type: 'data',
  sequence,
  payload: bytes(...values),
});
