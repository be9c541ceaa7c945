import { expect } from '@jest/globals';
import type { MemoryCarrier } from '../../src/carrier/memory-carrier.js';
import type { WingmanError } from '../../src/errors.js';
import type { LaneKind } from '../../src/link/lane-evidence.js';
import type { AttachOptions } from '../../src/link/link-types.js';
import { Link } from '../../src/link/link.js';
import { FakeClock } from './fake-clock.js';
import { faultyPair, type LineOptions } from './faulty-carrier.js';
import { LINK_ID } from './linked-pair.js';

/** One way, on every line that says nothing else. */
export const DELAY_MS = 25;

/** Two ends that number what they send, so that loss, repetition and disorder show. */
export class LinkBench {
  readonly clock = new FakeClock();
  readonly viewer = this.#end('initiator');
  readonly host = this.#end('acceptor');
  readonly lines: MemoryCarrier[] = [];

  #end(role: 'initiator' | 'acceptor') {
    const link = new Link({ id: LINK_ID, role, clock: this.clock });
    const received: number[] = [];
    /** When each frame came. */
    const arrivals: number[] = [];
    const errors: WingmanError[] = [];
    let sent = 0;
    link.start({
      frame: (payload) => {
        received.push(new DataView(payload.slice().buffer).getUint32(0));
        arrivals.push(this.clock.now());
      },
      writable: () => undefined,
      closed: (error) => errors.push(error),
    });
    const send = (count: number, size = 100): void => {
      for (; count > 0; count -= 1, sent += 1) {
        const bytes = new Uint8Array(size);
        new DataView(bytes.buffer).setUint32(0, sent);
        link.send([bytes]);
      }
    };
    return { link, received, arrivals, errors, send, sent: () => sent };
  }

  attach(
    kind: LaneKind,
    faults: Partial<LineOptions> = {},
    options: AttachOptions = {},
  ): [MemoryCarrier, MemoryCarrier] {
    const pair = faultyPair({ clock: this.clock, delayMs: DELAY_MS, ...faults });
    this.lines.push(...pair);
    this.viewer.link.attach(pair[0], kind, options);
    this.host.link.attach(pair[1], kind, options);
    return pair;
  }

  expectExactlyOnce(): void {
    expect([...this.viewer.errors, ...this.host.errors]).toEqual([]);
    expect(this.host.received).toEqual(Array.from({ length: this.viewer.sent() }, (_, n) => n));
    expect(this.viewer.received).toEqual(Array.from({ length: this.host.sent() }, (_, n) => n));
  }
}
