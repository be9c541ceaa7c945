import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { MemoryCarrier } from '../src/carrier/memory-carrier.js';
import { acceptExchanges } from '../src/exchange/accept-exchanges.js';
import { create } from '../src/exchange/proto-message.js';
import { request } from '../src/exchange/request.js';
import { RequestHead } from '../src/gen/wingman/v1/exchange.js';
import { Link } from '../src/link/link.js';
import { Mux } from '../src/mux/mux.js';
import { FakeClock } from './support/fake-clock.js';
import { faultyPair } from './support/faulty-carrier.js';
import { DELAY_MS } from './support/link-bench.js';
import { LINK_ID } from './support/linked-pair.js';

const END_MS = 20_000;

/** One viewer's link, and a host that dies and comes back under its name, with all it knew forgotten. */
class MortalHost {
  readonly clock = new FakeClock();
  readonly viewer = new Link({ id: LINK_ID, role: 'initiator', clock: this.clock });
  /** What the hosts have been handed, together. */
  readonly executed: string[] = [];
  #take: (host: Link) => void = () => undefined;
  #host: Link | undefined;
  #line: [MemoryCarrier, MemoryCarrier] | undefined;

  /** Says what a host does with its link. */
  serve(take: (host: Link) => void): void {
    this.#take = take;
  }

  /** Connects the two; a mute host is heard by nobody. */
  connect({ isMute = false, delayMs = DELAY_MS } = {}): void {
    const { clock } = this;
    this.#host ??= this.#born();
    const isDead = (way: 'there' | 'back'): boolean => isMute && way === 'back';
    this.#line = faultyPair({ clock, delayMs, isDead });
    this.viewer.attach(this.#line[0], 'relay');
    this.#host.attach(this.#line[1], 'relay');
  }

  /** SIGKILL: nothing is said to anybody. */
  kill(): void {
    this.#line?.[0].cut();
    this.#host = undefined;
  }

  #born(): Link {
    const host = new Link({ id: LINK_ID, role: 'acceptor', clock: this.clock });
    this.#take(host);
    return host;
  }
}

const get = create(RequestHead, { method: 'GET', target: '/' });
const post = create(RequestHead, { method: 'POST', target: '/' });
const upload = create(RequestHead, { method: 'GET', target: '/', hasBody: true });

function hostOfExchanges() {
  const host = new MortalHost();
  host.serve((link) => {
    acceptExchanges(link, {
      request: ({ head }) => host.executed.push(head.method),
      webSocket: () => host.executed.push('WebSocket'),
    });
  });
  const mux = new Mux(host.viewer);
  const ask = (head: RequestHead, isEarly: boolean) => {
    const answer = request(mux, head, { isEarly });
    answer.catch(() => undefined);
    return answer;
  };
  return { host, ask };
}

describe('before the host is known', () => {
  test('a safe request leaves as early data', async () => {
    const { host, ask } = hostOfExchanges();
    host.connect();
    void ask(get, true);
    await host.clock.advance(DELAY_MS);
    expect(host.executed).toEqual(['GET']);
  });

  test.each([
    ['a POST', post, true],
    ['a GET with a body', upload, true],
    ['a GET that nobody has called early', get, false],
  ])('%s waits for its ATTACH, and no longer', async (_name, head, isEarly) => {
    const { host, ask } = hostOfExchanges();
    host.connect();
    void ask(head, isEarly);
    await host.clock.advance(DELAY_MS);
    expect(host.executed).toEqual([]);
    // Its ATTACH is on the way from the start.
    await host.clock.advance(DELAY_MS);
    expect(host.executed).toEqual([head.method]);
  });

  test('early data does not wait behind what has to wait', async () => {
    const { host, ask } = hostOfExchanges();
    void ask(post, false);
    void ask(get, true);
    host.connect();
    await host.clock.advance(DELAY_MS);
    expect(host.executed).toEqual(['GET']);
    await host.clock.advance(DELAY_MS);
    expect(host.executed).toEqual(['GET', 'POST']);
  });

  test('a POST is not executed by a host that is never heard, and once by its successor', async () => {
    const { host, ask } = hostOfExchanges();
    host.connect({ isMute: true });
    void ask(post, false);
    await host.clock.advance(1_000);
    expect(host.executed).toEqual([]);
    host.kill();
    host.connect();
    await host.clock.advance(1_000);
    expect(host.executed).toEqual(['POST']);
  });
});

test('a POST that a known host has taken fails when another has its place', async () => {
  const { host, ask } = hostOfExchanges();
  host.connect();
  await host.clock.advance(100);
  const answer = ask(post, false);
  await host.clock.advance(100);
  host.kill();
  host.connect();
  await host.clock.advance(100);
  expect(host.executed).toEqual(['POST']);
  await expect(answer).rejects.toMatchObject({ code: 'LINK_LOST' });
});

test('a carrier that has lost the ATTACH is left, because what follows it has no sender', async () => {
  const { clock, viewer } = new MortalHost();
  const [near, far] = faultyPair({ clock, delayMs: 1 });
  viewer.attach(near, 'relay');
  const heard: Uint8Array[] = [];
  viewer.start({
    frame: (payload) => heard.push(payload),
    writable: () => undefined,
    closed: () => undefined,
  });
  far.send(Uint8Array.of(0x00, 0x00, 0x07));
  await clock.advance(10);
  expect(near.isClosed).toBe(true);
  expect(viewer.state).toBe('waiting');
  expect(heard).toEqual([]);
  viewer.close('LINK_CLOSED');
});

const life = fc.record({
  delayMs: fc.constantFrom(1, 25, 120),
  isMute: fc.boolean(),
  early: fc.nat(2),
  ordinary: fc.nat(3),
  waitMs: fc.constantFrom(5, 60, 300, 3_000),
  /** Or the carrier alone. */
  isKilled: fc.boolean(),
});

test('however often the host dies, nothing but early data is executed twice', async () => {
  const seen = { repeated: 0, lost: 0, whole: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 6 }), async (lives) => {
      const host = new MortalHost();
      host.serve((link) =>
        link.start({
          frame: (payload) => host.executed.push(new TextDecoder().decode(payload)),
          writable: () => undefined,
          closed: () => undefined,
        }),
      );
      const sent: string[] = [];
      const send = (kind: 'early' | 'ordinary'): void => {
        const name = `${kind} ${sent.length}`;
        sent.push(name);
        host.viewer.send([new TextEncoder().encode(name)], { isEarly: kind === 'early' });
      };
      for (const { delayMs, early, isKilled, isMute, ordinary, waitMs } of lives) {
        host.connect({ delayMs, isMute });
        for (let count = 0; count < early; count += 1) send('early');
        for (let count = 0; count < ordinary; count += 1) send('ordinary');
        await host.clock.advance(waitMs);
        if (isKilled) host.kill();
      }
      host.connect();
      await host.clock.advance(END_MS);
      const times = (name: string): number => host.executed.filter((each) => each === name).length;
      const ordinary = sent.filter((name) => name.startsWith('ordinary'));
      expect(ordinary.filter((name) => times(name) > 1)).toEqual([]);
      if (host.viewer.state === 'open') {
        expect(sent.filter((name) => times(name) === 0)).toEqual([]);
        seen.whole += 1;
      } else {
        expect(host.viewer.closeError?.code).toBe('LINK_LOST');
        seen.lost += 1;
      }
      if (sent.some((name) => times(name) > 1)) seen.repeated += 1;
      host.viewer.close('LINK_CLOSED');
    }),
    { numRuns: 300 },
  );
  // Each way it can go has been gone.
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(0);
});
