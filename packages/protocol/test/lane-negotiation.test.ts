import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  decodeLaneMessage,
  encodeLaneMessage,
  offerLane,
  type LaneMessage,
  type LaneNegotiation,
} from '../src/exchange/lane-negotiation.js';
import { MessageType } from '../src/exchange/message-type.js';
import { LIMITS } from '../src/limits.js';
import { settle } from './support/fake-clock.js';
import { exchangePair } from './support/linked-pair.js';

const anyMessage: fc.Arbitrary<LaneMessage> = fc.oneof(
  fc.record({ type: fc.constant('answer' as const), sdp: fc.string() }),
  fc.record({
    ...{ type: fc.constant('candidate' as const), candidate: fc.string(), mid: fc.string() },
  }),
);

/** A viewer that offers, and a host that takes offers. */
function pair() {
  const offers: { negotiation: LaneNegotiation; sdp: string }[] = [];
  const { mux, hostMux } = exchangePair({
    lane: (negotiation, sdp) => offers.push({ negotiation, sdp }),
  });
  return { mux, hostMux, offers };
}

describe('a message of a negotiation', () => {
  test('is read as it was written', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        expect(decodeLaneMessage(encodeLaneMessage(message))).toEqual(message);
      }),
    );
  });

  test('is a message or PROTOCOL_ERROR, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          expect(['answer', 'candidate']).toContain(decodeLaneMessage(bytes).type);
        } catch (error) {
          expect(error).toMatchObject({ code: 'PROTOCOL_ERROR' });
        }
      }),
    );
  });

  test('starts with its type', () => {
    const candidate = { type: 'candidate', candidate: '', mid: '' } as const;
    expect(encodeLaneMessage({ type: 'answer', sdp: '' })[0]).toBe(0x21);
    expect(encodeLaneMessage(candidate)[0]).toBe(0x22);
    expect(MessageType.LANE_OFFER).toBe(0x20);
  });

  test('has a cap', () => {
    const sdp = 'x'.repeat(LIMITS.maxHeadBytes);
    expect(() => encodeLaneMessage({ type: 'answer', sdp })).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
    );
  });
});

describe('a negotiation', () => {
  test('brings the offer to the host, and what follows both ways', async () => {
    const { mux, hostMux, offers } = pair();
    const viewer = offerLane(mux, 'offer');
    const told: LaneMessage[][] = [[], []];
    const read = viewer.read((message) => told[0]?.push(message));
    viewer.send({ type: 'candidate', candidate: 'mine', mid: '0' });
    await settle();
    const [{ negotiation: host, sdp } = expectOffer()] = offers;
    expect(sdp).toBe('offer');
    const hostRead = host.read((message) => told[1]?.push(message));
    host.send({ type: 'answer', sdp: 'answer' });
    host.end();
    viewer.end();
    await Promise.all([read, hostRead]);
    expect(told).toEqual([
      [{ type: 'answer', sdp: 'answer' }],
      [{ type: 'candidate', candidate: 'mine', mid: '0' }],
    ]);
    expect([mux.streamCount, hostMux.streamCount]).toEqual([0, 0]);
  });

  test('is refused by a host that makes no further lanes, and by one that has never heard of them', async () => {
    const { mux } = exchangePair({});
    const refused = offerLane(mux, 'offer').read(() => undefined);
    await expect(refused).rejects.toMatchObject({ code: 'REFUSED' });
    // An older host answers this way to a type that it doesn't know.
    const unknown = mux.open(Uint8Array.of(0x2f));
    await expect(unknown.read()).rejects.toMatchObject({ code: 'PROTOCOL_ERROR' });
  });

  test('is reset by whoever gives up', async () => {
    const { mux, offers } = pair();
    const viewer = offerLane(mux, 'offer');
    const read = viewer.read(() => undefined);
    await settle();
    offers[0]?.negotiation.reset('LIMIT_EXCEEDED');
    await expect(read).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    viewer.send({ type: 'answer', sdp: 'too late' });
  });

  test('ends when the peer says what is no message of it', async () => {
    const { mux, offers } = pair();
    const stream = mux.open(Uint8Array.of(MessageType.LANE_OFFER));
    await stream.write([Uint8Array.of(0x7f)]);
    await settle();
    const read = offers[0]?.negotiation.read(() => undefined);
    await expect(read).rejects.toMatchObject({ code: 'PROTOCOL_ERROR' });
  });
});

function expectOffer(): never {
  throw new Error('no offer has come');
}
