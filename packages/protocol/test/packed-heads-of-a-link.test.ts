import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MemoryCarrier } from '../src/carrier/memory-carrier.js';
import { acceptExchanges } from '../src/exchange/accept-exchanges.js';
import { header } from '../src/exchange/headers.js';
import type { IncomingRequest } from '../src/exchange/incoming-request.js';
import { openWebSocket } from '../src/exchange/open-websocket.js';
import { create } from '../src/exchange/proto-message.js';
import { request, type HttpResponse } from '../src/exchange/request.js';
import { RequestHead, ResponseHead, WebSocketOpen } from '../src/gen/wingman/v1/exchange.js';
import { LIMITS } from '../src/limits.js';
import { Link } from '../src/link/link.js';
import { Mux } from '../src/mux/mux.js';
import { LAST, streamHeader, StreamFrameType } from '../src/wire/stream-frame.js';
import { FakeClock, settle } from './support/fake-clock.js';
import { FaultPlan, faultyPair, type Fault } from './support/faulty-carrier.js';
import { HANG_MS } from './support/hang.js';
import { collect, LINK_ID } from './support/linked-pair.js';
import { RecordingCarrier } from './support/recording-carrier.js';
import { bytes, say } from './support/scripted-peer.js';

/** The aim for a request that has been made before, whole on the wire of a data channel. */
const REPEATED_BYTES = 60;
/** What the seal of the relay adds to each message. */
const SEAL_BYTES = 16;

/** What Chromium asks of a dev server, as the tunnel worker hands it over. */
const asks = (target: string): RequestHead =>
  create(RequestHead, {
    ...{ method: 'GET', target, destination: 'script', mode: 'cors', transferCodings: [1] },
    headers: [
      header('accept', '*/*'),
      header('accept-language', 'en-US,en;q=0.9'),
      header('cache-control', 'no-cache'),
      header('pragma', 'no-cache'),
      header('referer', 'https://garden-3f7k2m5q6r7s2t3u.wingman.example/src/main.tsx'),
      header('sec-ch-ua', '"Not/A)Brand";v="8", "Chromium";v="156"'),
      header('sec-ch-ua-mobile', '?0'),
      header('sec-ch-ua-platform', '"Linux"'),
      header('user-agent', 'Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0.0.0 Safari/537.36'),
      header('cookie', 'session=0123456789abcdef0123456789abcdef; theme=dark'),
      header('if-none-match', 'W/"1a2b-18f3c2d9a10"'),
      header('wingman-page-path', '/'),
    ],
  });

const ANSWER = create(ResponseHead, {
  status: 200,
  statusText: 'OK',
  headers: [
    header('content-type', 'text/javascript'),
    header('cache-control', 'no-cache'),
    header('etag', 'W/"1a2b-18f3c2d9a10"'),
    header('vary', 'Origin'),
    header('date', 'Mon, 23 Nov 2026 12:00:00 GMT'),
  ],
});

const READS = { readsLast: true, readsUnordered: true };

const answered = (incoming: IncomingRequest): void => {
  incoming.respond(ANSWER);
  incoming.end();
};

interface PairOptions {
  unpacksHeads?: boolean;
  answer?: (incoming: IncomingRequest) => void;
}

/** Two ends of a link, and the numbered frames that pass, with their arrows. */
function pair({ unpacksHeads = true, answer = answered }: PairOptions = {}) {
  const passed: { to: string; frame: Uint8Array }[] = [];
  const carrier = (to: string): MemoryCarrier =>
    new MemoryCarrier((frame, arrive) => {
      if (frame[0] === 0) passed.push({ to, frame });
      queueMicrotask(() => arrive(frame));
    });
  const [left, right] = [carrier('host'), carrier('viewer')];
  [left.peer, right.peer] = [right, left];
  const clock = new FakeClock();
  const viewer = new Link({ id: LINK_ID, role: 'initiator', clock });
  const host = new Link({ id: LINK_ID, role: 'acceptor', clock });
  viewer.attach(left, 'p2p');
  host.attach(right, 'p2p');
  const seen: RequestHead[] = [];
  const hostMux = acceptExchanges(host, {
    request: (incoming) => {
      seen.push(incoming.head);
      answer(incoming);
    },
    webSocket: (incoming) => incoming.reject(ANSWER),
  });
  const mux = new Mux(viewer, { unpacksHeads });
  return {
    ...{ mux, hostMux, viewer, host, seen },
    /** Asks, and says how long the frames of the two heads were. */
    ask: async (target: string): Promise<{ there: number; back: number }> => {
      passed.length = 0;
      const response = await request(mux, asks(target));
      expect(response.head.headers).toEqual(ANSWER.headers);
      await collect(response.body);
      expect(seen.at(-1)).toEqual({ ...asks(target), unpacksHeads, ...READS });
      const first = (end: string): number =>
        passed.find(({ to }) => to === end)?.frame.byteLength ?? 0;
      return { there: first('host'), back: first('viewer') };
    },
    /** The types of the frames of the mux that have gone to the host. */
    typesToHost: () => passed.filter(({ to }) => to === 'host').map(({ frame }) => frame[2]),
  };
}

describe('a repeated request', () => {
  test('takes no more than the aim on the wire, sealed too, and so does the head of its answer', async () => {
    const { ask } = pair();
    const first = await ask('/src/App.tsx');
    expect(first.there).toBeGreaterThan(500);
    await ask('/src/App.tsx');
    const { there, back } = await ask('/src/App.tsx');
    expect(there + SEAL_BYTES).toBeLessThanOrEqual(REPEATED_BYTES);
    expect(back + SEAL_BYTES).toBeLessThanOrEqual(REPEATED_BYTES);
  });

  test('with another target takes that target more', async () => {
    const { ask } = pair();
    await ask('/src/App.tsx');
    await ask('/src/App.tsx');
    const target = '/src/components/Button.tsx';
    expect((await ask(target)).there + SEAL_BYTES).toBeLessThanOrEqual(
      REPEATED_BYTES + target.length,
    );
  });
});

describe('heads go as they are', () => {
  test('until the peer has said that it unpacks them', async () => {
    const world = pair();
    const [one, other] = [request(world.mux, asks('/1')), request(world.mux, asks('/2'))];
    await Promise.all([one, other].map(async (response) => collect((await response).body)));
    expect(world.typesToHost().filter((type) => type === StreamFrameType.OPEN)).toHaveLength(2);
    await world.ask('/3');
    expect(world.typesToHost()).toContain(StreamFrameType.PACKED_OPEN + LAST);
  });

  test('for an opener that does not unpack, both ways', async () => {
    const { ask, seen } = pair({ unpacksHeads: false });
    await ask('/');
    const again = await ask('/');
    expect(again.there).toBeGreaterThan(400);
    expect(again.back).toBeGreaterThan(100);
    expect(seen.at(-1)?.unpacksHeads).toBe(false);
  });

  test('where they are longer than a packed one may be', async () => {
    const world = pair();
    await world.ask('/');
    await world.ask(`/${'x'.repeat(LIMITS.packedHeadBytes)}`);
    expect(world.typesToHost()).toContain(StreamFrameType.OPEN + LAST);
    await world.ask('/');
    expect((await world.ask('/')).there).toBeLessThan(REPEATED_BYTES);
  });
});

test('a request that is given up before it leaves takes nothing from those behind it', async () => {
  const { ask, mux, seen } = pair();
  await ask('/');
  const aborted = [0, 1, 2].map((number) => {
    const controller = new AbortController();
    const asked = request(mux, asks(`/given-up-${number}`), { signal: controller.signal });
    controller.abort();
    return asked.catch((error: unknown) => error);
  });
  await Promise.all(aborted);
  await ask('/behind');
  await ask('/');
  expect(seen.at(-1)?.target).toBe('/');
});

test('the head of a stream that is over is unpacked all the same', async () => {
  const answers: IncomingRequest[] = [];
  let isHeld = false;
  const { ask, mux } = pair({
    answer: (incoming) => (isHeld ? void answers.push(incoming) : answered(incoming)),
  });
  await ask('/');
  isHeld = true;
  const controller = new AbortController();
  const asked = request(mux, asks('/left'), { signal: controller.signal });
  const outcome = asked.catch((error: unknown) => error);
  await settle();
  // The answer and the reset cross.
  const kept = header('x-new', 'a field that the next answer counts on');
  for (const incoming of answers)
    incoming.respond({ ...ANSWER, headers: [...ANSWER.headers, kept] });
  controller.abort();
  await outcome;
  isHeld = false;
  await ask('/');
});

test('heads around WebSockets keep the order, too', async () => {
  const { ask, mux } = pair();
  await ask('/');
  const socket = openWebSocket(
    mux,
    create(WebSocketOpen, { target: '/ws', headers: [header('x', 'y')] }),
  );
  await expect(socket.accepted).rejects.toMatchObject({ head: { headers: ANSWER.headers } });
  await ask('/');
});

/** A host's link, and a peer that says what a test has it say. */
function hostile() {
  const host = new Link({ id: LINK_ID, role: 'acceptor', clock: new FakeClock() });
  const ignore = (): void => undefined;
  acceptExchanges(host, { request: ignore, webSocket: ignore });
  const carrier = new RecordingCarrier();
  host.attach(carrier, 'relay');
  say(carrier, { type: 'attach', received: 0, incarnation: 1 });
  let sequence = 0;
  return {
    host,
    carrier,
    opens: (...packed: number[]) => {
      const payload = Buffer.concat([
        streamHeader(StreamFrameType.PACKED_OPEN, 2 * sequence + 1),
        bytes(...packed),
      ]);
      say(carrier, { type: 'data', sequence: sequence++, payload });
    },
  };
}

describe('a peer that breaks the rules of packed heads loses the link, and is told why', () => {
  test('by a slot in which nothing is', () => {
    const { host, carrier, opens } = hostile();
    opens(8);
    expect(host.closeError?.code).toBe('PROTOCOL_ERROR');
    expect(carrier.framesOf('close')).toEqual([{ type: 'close', code: 'PROTOCOL_ERROR' }]);
  });

  test('by more than the limit', () => {
    const { host, carrier, opens } = hostile();
    const piece = new Uint8Array(1024);
    // 0x80 and three bytes more: 1,024 bytes to be kept in slot 0, then seventeen times that slot.
    opens(0x50, 0x03, 0x00, ...piece, ...Array.from({ length: 16 }, () => 0));
    expect(host.closeError?.code).toBe('LIMIT_EXCEEDED');
    expect(carrier.framesOf('close')).toEqual([{ type: 'close', code: 'LIMIT_EXCEEDED' }]);
  });

  test('and an ordinary frame after that is not looked at', () => {
    const { host, opens } = hostile();
    opens(8);
    opens(4 * 1 + 1, 0);
    expect(host.closeError?.code).toBe('PROTOCOL_ERROR');
  });
});

const fault = fc.constantFrom<Fault>('drop', 'duplicate', 'corrupt', 'cut', 'stall');
const plan = fc.array(fc.tuple(fc.nat(60), fault), { maxLength: 3 });
const attempt = fc.record({
  kind: fc.constantFrom<'p2p' | 'relay'>('p2p', 'relay'),
  there: plan,
  back: plan,
  asks: fc.array(fc.record({ target: fc.nat(9), abortsAfterMs: fc.option(fc.nat(200)) }), {
    maxLength: 12,
  }),
  waitMs: fc.constantFrom(5, 60, 900),
});

test(
  'whatever happens to carriers and streams, each head arrives as it was sent',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(attempt, { minLength: 1, maxLength: 6 }), async (attempts) => {
        const clock = new FakeClock();
        const viewer = new Link({ id: LINK_ID, role: 'initiator', clock });
        const host = new Link({ id: LINK_ID, role: 'acceptor', clock });
        const connect = (kind: 'p2p' | 'relay', there?: FaultPlan, back?: FaultPlan): void => {
          const faults = there === undefined || back === undefined ? {} : { there, back };
          const [left, right] = faultyPair({ clock, delayMs: 25, ...faults });
          viewer.attach(left, kind);
          host.attach(right, kind);
        };
        acceptExchanges(host, {
          webSocket: () => undefined,
          request: (incoming) => {
            const { target, headers } = incoming.head;
            expect(headers).toEqual(asks(target).headers);
            incoming.respond({ ...ANSWER, statusText: target });
            incoming.end();
          },
        });
        const mux = new Mux(viewer, { unpacksHeads: true });
        const jobs: Promise<unknown>[] = [];
        const asked = async (target: string, signal?: AbortSignal): Promise<void> => {
          const { head, body }: HttpResponse = await request(
            mux,
            asks(target),
            signal ? { signal } : {},
          );
          expect(head).toMatchObject({ statusText: target, headers: ANSWER.headers });
          await collect(body);
        };
        for (const step of attempts) {
          connect(step.kind, new FaultPlan(new Map(step.there)), new FaultPlan(new Map(step.back)));
          for (const { target, abortsAfterMs } of step.asks) {
            const controller = new AbortController();
            const job = asked(`/${target}`, controller.signal);
            if (abortsAfterMs === null) jobs.push(job);
            else {
              clock.setTimeout(() => controller.abort(), abortsAfterMs);
              jobs.push(
                job.catch((error: unknown) => expect(error).toMatchObject({ code: 'CANCELLED' })),
              );
            }
          }
          await clock.advance(step.waitMs);
        }
        connect('relay');
        await clock.advance(15_000);
        connect('relay');
        await clock.advance(5_000);
        await Promise.all(jobs);
        expect([viewer.closeError, host.closeError]).toEqual([undefined, undefined]);
        viewer.close('LINK_CLOSED');
        host.close('LINK_CLOSED');
      }),
      { numRuns: 80 },
    );
  },
  HANG_MS,
);
