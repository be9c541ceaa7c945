import { LIMITS } from '../../src/limits.js';
import { Link } from '../../src/link/link.js';
import type { MuxStream } from '../../src/mux/mux-stream.js';
import { Mux } from '../../src/mux/mux.js';
import {
  decodeStreamFrame,
  LAST,
  streamHeader,
  StreamFrameType,
  type StreamFrame,
} from '../../src/wire/stream-frame.js';
import { FakeClock } from './fake-clock.js';
import { LINK_ID } from './linked-pair.js';
import { RecordingCarrier } from './recording-carrier.js';
import { say } from './scripted-peer.js';

const { OPEN, DATA, END } = StreamFrameType;

/** What a message of the peer costs here: a part of every window, below the cap of a carrier’s message. */
export const PORTION = LIMITS.maxMessageBytes / 2;

/** A mux, and a peer that says exactly what a test has it say. */
export function bench(role: 'initiator' | 'acceptor' = 'initiator') {
  const clock = new FakeClock();
  const link = new Link({ id: LINK_ID, role, clock });
  const accepted: MuxStream[] = [];
  const mux = new Mux(link, { onStream: (stream) => accepted.push(stream) });
  const carrier = new RecordingCarrier();
  let sequence = 0;
  return {
    ...{ clock, link, mux, carrier, accepted },
    attach: () => link.attach(carrier, 'relay'),
    greet: () => say(carrier, { type: 'attach', received: 0, incarnation: 1 }),
    /** The peer sends frames of the mux layer. */
    says: (...payloads: Uint8Array[]) => {
      for (const payload of payloads) say(carrier, { type: 'data', sequence: sequence++, payload });
    },
    /** What the mux has sent. */
    sent: (): StreamFrame[] =>
      carrier.framesOf('data').map(({ payload }) => decodeStreamFrame(payload)),
  };
}

export type Bench = ReturnType<typeof bench>;

/** A bench whose peer is there. */
export function met(role?: 'initiator' | 'acceptor'): Bench {
  const world = bench(role);
  world.attach();
  world.greet();
  return world;
}

export const opens = (id: number): Uint8Array => streamHeader(OPEN, id);
export const data = (id: number, length: number): Uint8Array =>
  Buffer.concat([streamHeader(DATA, id), new Uint8Array(length)]);
export const lastData = (id: number, length: number): Uint8Array =>
  Buffer.concat([streamHeader(DATA + LAST, id), new Uint8Array(length)]);
export const ends = (id: number): Uint8Array => streamHeader(END, id);
export const idsOf = (frames: StreamFrame[]): number[] => frames.map(({ stream }) => stream);
export const typesOf = (frames: StreamFrame[]): string[] => frames.map(({ type }) => type);

/** What has ended the link. */
export function broken({ link }: Bench): { code: string; message: string } | undefined {
  const { closeError } = link;
  return closeError && { code: closeError.code, message: closeError.message };
}
