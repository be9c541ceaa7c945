import { expect, test } from '@jest/globals';
import { create } from '../src/exchange/proto-message.js';
import fc from 'fast-check';
import type { MemoryCarrier } from '../src/carrier/memory-carrier.js';
import { memoryCarrierPair } from '../src/carrier/memory-carrier.js';
import { acceptExchanges } from '../src/exchange/accept-exchanges.js';
import { MessageType } from '../src/exchange/message-type.js';
import { encodeMessage } from '../src/exchange/proto-message.js';
import { RequestHead, ResponseHead } from '../src/gen/wingman/v1/exchange.js';
import { LIMITS } from '../src/limits.js';
import { Link } from '../src/link/link.js';
import { concatBytes } from '../src/wire/bytes.js';
import { encodeDataFrame, encodeLinkFrame } from '../src/wire/link-frame.js';
import {
  StreamFrameType,
  encodeCredit,
  encodeReset,
  streamHeader,
} from '../src/wire/stream-frame.js';
import { FakeClock } from './support/fake-clock.js';
import { LINK_ID } from './support/linked-pair.js';

const request = concatBytes([
  Uint8Array.of(MessageType.REQUEST),
  encodeMessage(RequestHead, { method: 'POST', target: '/', hasBody: true }),
]);

const id = fc.nat(9);
const odd = fc.nat(3).map((n) => n * 2 + 1);
const streamFrame = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(odd, fc.uint8Array({ maxLength: 40 }))
      .map(([n, body]) =>
        concatBytes([streamHeader(StreamFrameType.DATA, n), Uint8Array.of(MessageType.BODY), body]),
      ),
  },
  { weight: 2, arbitrary: odd.map((n) => streamHeader(StreamFrameType.END, n)) },
  { weight: 2, arbitrary: odd.map((n) => encodeReset(n, 'CANCELLED')) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(odd, fc.integer({ min: 1, max: 100 }))
      .map(([n, bytes]) => encodeCredit(n, bytes)),
  },
);
const wildFrame = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(StreamFrameType.PACKED_OPEN, StreamFrameType.PACKED_DATA),
      id,
      fc.uint8Array({ maxLength: 20 }),
    )
    .map(([type, n, packed]) => concatBytes([streamHeader(type, n), packed])),
  id.map((n) => concatBytes([streamHeader(StreamFrameType.OPEN, n), request])),
  id.map((n) => streamHeader(StreamFrameType.DATA, n)),
  fc.tuple(id, fc.nat()).map(([n, bytes]) => encodeCredit(n, bytes)),
  fc.uint8Array({ maxLength: 40 }),
);

type Step =
  { kind: 'open' } | { kind: 'next'; frame: Uint8Array } | { kind: 'raw'; message: Uint8Array };
const next = (frame: Uint8Array): Step => ({ kind: 'next', frame });
const raw = (message: Uint8Array): Step => ({ kind: 'raw', message });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: fc.constant<Step>({ kind: 'open' }) },
  { weight: 60, arbitrary: streamFrame.map(next) },
  { weight: 1, arbitrary: wildFrame.map(next) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map(raw) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.nat(40), fc.uint8Array({ maxLength: 20 }))
      .map(([sequence, body]) => raw(encodeDataFrame(sequence, [body]))),
  },
);

/** A host end whose exchanges echo, and count how each of them ended. */
function host(clock: FakeClock) {
  const link = new Link({ id: LINK_ID, role: 'acceptor', clock });
  let accepted = 0;
  let ended = 0;
  acceptExchanges(link, {
    request: (incoming) => {
      accepted += 1;
      incoming.respond(create(ResponseHead, { status: 200 }));
      const echo = async (): Promise<void> => {
        for await (const chunk of incoming.body) await incoming.write(chunk);
        incoming.end();
      };
      echo().then(
        () => (ended += 1),
        () => (ended += 1),
      );
    },
    webSocket: (incoming) => incoming.reject(create(ResponseHead, { status: 400 })),
  });
  return { link, counts: () => ({ accepted, ended }) };
}

function send(carrier: MemoryCarrier, steps: readonly Step[]): void {
  carrier.send(encodeLinkFrame({ type: 'attach', received: 0, incarnation: 1 }));
  let sequence = 0;
  let stream = -1;
  for (let count = 0; count < 4; count += 1) carrier.send(encodeDataFrame(sequence++, [open()]));
  for (const one of steps) {
    if (one.kind === 'raw') carrier.send(one.message);
    else carrier.send(encodeDataFrame(sequence++, [one.kind === 'next' ? one.frame : open()]));
  }
  function open(): Uint8Array {
    stream += 2;
    return concatBytes([streamHeader(StreamFrameType.OPEN, stream), request]);
  }
}

test('no sequence of frames throws, grows memory past the caps, or leaves an accepted stream without an end', async () => {
  let acceptedInAll = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const clock = new FakeClock();
      const { link, counts } = host(clock);
      const [peer, carrier] = memoryCarrierPair();
      link.attach(carrier, 'relay');
      peer.start({ message: () => undefined, close: () => undefined, writable: () => undefined });
      send(peer, steps);
      await clock.advance(2_000);
      const stats = link.stats();
      expect(stats.heldBytes).toBeLessThanOrEqual(2 * LIMITS.retransmitBytes);
      expect(stats.unackedBytes).toBeLessThanOrEqual(LIMITS.retransmitBytes + 1e6);
      peer.cut();
      await clock.advance(LIMITS.linkGraceMs);
      expect(link.state).toBe('closed');
      const { accepted, ended } = counts();
      expect(ended).toBe(accepted);
      acceptedInAll += accepted;
    }),
    { numRuns: 400 },
  );
  expect(acceptedInAll).toBeGreaterThan(1000);
});

test('a flood out of order ends the link instead of filling memory', async () => {
  const clock = new FakeClock();
  const { link } = host(clock);
  const [peer, carrier] = memoryCarrierPair();
  link.attach(carrier, 'relay');
  peer.start({ message: () => undefined, close: () => undefined, writable: () => undefined });
  peer.send(encodeLinkFrame({ type: 'attach', received: 0, incarnation: 1 }));
  const body = new Uint8Array(32 * 1024);
  for (let sequence = 1; sequence < 1000; sequence += 1)
    peer.send(encodeDataFrame(sequence, [body]));
  await clock.advance(100);
  expect(link.closeError?.code).toBe('LIMIT_EXCEEDED');
  expect(link.stats().heldBytes).toBe(0);
});
