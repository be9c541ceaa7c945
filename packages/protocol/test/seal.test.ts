import { describe, expect, test } from '@jest/globals';
import type { MemoryCarrier } from '../src/carrier/memory-carrier.js';
import { memoryCarrierPair } from '../src/carrier/memory-carrier.js';
import { Link } from '../src/link/link.js';
import { Mux } from '../src/mux/mux.js';
import { acceptExchanges } from '../src/exchange/accept-exchanges.js';
import { initiate, respond, type Proven } from '../src/seal/handshake.js';
import { initiateIngress, respondIngress } from '../src/seal/ingress-hello.js';
import { createLinkKey, decodeLinkKey, encodeLinkKey } from '../src/seal/link-key.js';
import { PrekeyRing } from '../src/seal/prekey-ring.js';
import type { Carrier } from '../src/carrier/carrier.js';
import { FakeClock } from './support/fake-clock.js';
import { LINK_ID } from './support/linked-pair.js';

const key = createLinkKey();
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
/** Cryptography is real and takes what a busy machine lets it take: time stands still, unless the test moves it. */
const still = new FakeClock();

function inbox(carrier: Carrier) {
  const messages: string[] = [];
  const closes: string[] = [];
  const waiting: (() => void)[] = [];
  const wake = (): void => waiting.splice(0).forEach((resolve) => resolve());
  carrier.start({
    message: (bytes) => (messages.push(new TextDecoder().decode(bytes)), wake()),
    close: (reason) => (closes.push(reason), wake()),
    writable: () => undefined,
  });
  const until = async (done: () => boolean): Promise<void> => {
    while (!done()) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  return { messages, closes, until };
}

type Side = Parameters<typeof initiate>[1];
async function handshake(
  initiator: Partial<Side> = {},
  responder: Partial<Parameters<typeof respond>[1]> = {},
  pair = memoryCarrierPair(),
): Promise<[Proven, Proven]> {
  const both = { key, kind: 'relay' as const, clock: still };
  const answers = respond(pair[1], { ...both, ...responder });
  answers.catch(() => undefined);
  const asks = initiate(pair[0], { ...both, linkId: LINK_ID, ...initiator });
  return [await asks, await answers];
}

describe('the handshake', () => {
  test('seals a relay: both sides talk, the wire shows nothing', async () => {
    const wire: Uint8Array[] = [];
    const pair = memoryCarrierPair((message, arrive) => {
      wire.push(message);
      queueMicrotask(() => arrive(message));
    });
    const [viewer, host] = await handshake({}, {}, pair);
    expect(host.linkId).toBe(LINK_ID);
    const atHost = inbox(host.carrier);
    const atViewer = inbox(viewer.carrier);
    viewer.carrier.send(text('plain secret'));
    host.carrier.send(text('another secret'));
    await atHost.until(() => atHost.messages.length === 1);
    await atViewer.until(() => atViewer.messages.length === 1);
    expect([atHost.messages, atViewer.messages]).toEqual([['plain secret'], ['another secret']]);
    expect(Buffer.concat(wire).includes('secret')).toBe(false);
  });

  test('order holds for many messages of all sizes', async () => {
    const [viewer, host] = await handshake();
    const atHost = inbox(host.carrier);
    const sent = Array.from({ length: 500 }, (_, n) => `${n}`.padEnd((n * 97) % 3000, '.'));
    for (const message of sent) viewer.carrier.send(text(message));
    await atHost.until(() => atHost.messages.length === sent.length);
    expect(atHost.messages).toEqual(sent);
  });

  test('p2p binds the certificates: the same fingerprints pass, others do not', async () => {
    const binding = (initiator: string, responder: string) => () => ({ initiator, responder });
    const good = { kind: 'p2p' as const, binding: binding('sha-256 AA', 'sha-256 BB') };
    const [viewer, host] = await handshake(good, {
      kind: 'p2p',
      binding: binding('sha-256 aa', 'sha-256 bb'),
    });
    const atHost = inbox(host.carrier);
    viewer.carrier.send(text('hello'));
    await atHost.until(() => atHost.messages.length === 1);
    const other = handshake(good, { kind: 'p2p', binding: binding('sha-256 AA', 'sha-256 CC') });
    await expect(other).rejects.toMatchObject({ code: 'HANDSHAKE_FAILED' });
  });

  test('a viewer without the key gets nothing', async () => {
    await expect(handshake({ key: createLinkKey() })).rejects.toMatchObject({
      code: 'HANDSHAKE_FAILED',
    });
  });

  test('a proof for another kind of carrier is none', async () => {
    await expect(handshake({ kind: 'p2p' })).rejects.toMatchObject({ code: 'HANDSHAKE_FAILED' });
  });

  test('a host without the key is not believed: nothing is delivered and the carrier ends', async () => {
    const [left, right] = memoryCarrierPair();
    const { carrier } = await initiateAgainst(left, right);
    const atViewer = inbox(carrier);
    await atViewer.until(() => atViewer.closes.length === 1);
    expect(atViewer).toMatchObject({ messages: [], closes: ['HANDSHAKE_FAILED'] });
  });

  test('silence ends at the deadline', async () => {
    const clock = new FakeClock();
    const [left, right] = memoryCarrierPair();
    const asking = initiate(left, { key, kind: 'relay', linkId: LINK_ID, clock, deadlineMs: 500 });
    const peer = inbox(right);
    const outcome = expect(asking).rejects.toMatchObject({ code: 'TIMEOUT' });
    await clock.advance(500);
    await outcome;
    expect(peer.closes).toHaveLength(1);
  });

  test.each(['drop', 'repeat', 'swap', 'change'] as const)(
    'a relay that tries to %s a message breaks the carrier',
    async (fault) => {
      let armed = false;
      let held: Uint8Array | undefined;
      const [left, right] = memoryCarrierPair(
        (message, arrive) => {
          if (!armed) return queueMicrotask(() => arrive(message));
          if (fault === 'change') message[3] = (message[3] ?? 0) ^ 1;
          if (fault === 'repeat') arrive(message);
          if (fault === 'drop' && held === undefined) return void (held = message);
          if (fault === 'swap' && held === undefined) return void (held = message);
          arrive(message);
          if (fault === 'swap' && held !== undefined) arrive(held);
        },
        (message, arrive) => queueMicrotask(() => arrive(message)),
      );
      const [viewer, host] = await handshake({}, {}, [left, right]);
      const atHost = inbox(host.carrier);
      armed = true;
      viewer.carrier.send(text('one'));
      viewer.carrier.send(text('two'));
      await atHost.until(() => atHost.closes.length === 1);
      expect(atHost.messages).toEqual(fault === 'repeat' ? ['one'] : []);
    },
  );
});

/** A responder that knows everything but the key. */
async function initiateAgainst(left: MemoryCarrier, right: MemoryCarrier): Promise<Proven> {
  const impostor = await PrekeyRing.create();
  right.start({
    message: () => right.send(Uint8Array.of(3, 10, 2, 1, 1)),
    close: () => undefined,
    writable: () => undefined,
  });
  const known = { key, kind: 'relay', linkId: LINK_ID, responderHello: impostor.current } as const;
  return initiate(left, { ...known, clock: still });
}

describe('a first flight on a prekey', () => {
  test('is accepted once, and not when it is played again', async () => {
    const prekeys = await PrekeyRing.create();
    const flight: Uint8Array[] = [];
    const pair = memoryCarrierPair(
      (message, arrive) => {
        flight.push(message);
        queueMicrotask(() => arrive(message));
      },
      (message, arrive) => queueMicrotask(() => arrive(message)),
    );
    const [, host] = await handshake({ responderHello: prekeys.current }, { prekeys }, pair);
    expect(host.linkId).toBe(LINK_ID);
    const [attacker, again] = memoryCarrierPair();
    const replayed = respond(again, { key, kind: 'relay', prekeys, clock: still });
    attacker.send(flight[0]!);
    await expect(replayed).rejects.toMatchObject({ code: 'HANDSHAKE_FAILED' });
  });

  test('the prekey before the current one still works; the one before that does not', async () => {
    const prekeys = await PrekeyRing.create();
    const old = prekeys.current;
    await prekeys.rotate();
    await handshake({ responderHello: old }, { prekeys });
    await prekeys.rotate();
    await expect(handshake({ responderHello: old }, { prekeys })).rejects.toMatchObject({
      code: 'HANDSHAKE_FAILED',
    });
  });

  test('carries a request before the responder has said a word', async () => {
    const prekeys = await PrekeyRing.create();
    const [left, right] = memoryCarrierPair();
    const { carrier } = await initiate(left, {
      key,
      kind: 'relay',
      linkId: LINK_ID,
      responderHello: prekeys.current,
      clock: still,
    });
    const viewer = new Link({ id: LINK_ID, role: 'initiator' });
    const mux = new Mux(viewer);
    viewer.attach(carrier, 'relay');
    mux.open(Uint8Array.of(0));
    const proven = await respond(right, { key, kind: 'relay', prekeys, clock: still });
    const host = new Link({ id: LINK_ID, role: 'acceptor' });
    const opened = new Promise<void>((resolve) => {
      acceptExchanges(host, { request: () => resolve(), webSocket: () => undefined });
    });
    host.attach(proven.carrier, 'relay');
    await opened;
  });
});

test('the ingress says what it is', async () => {
  const [server, host] = memoryCarrierPair();
  const carrier = initiateIngress(server, LINK_ID);
  carrier.send(text('first'));
  const proven = await respondIngress(host);
  const atHost = inbox(proven.carrier);
  await atHost.until(() => atHost.messages.length === 1);
  expect(proven.linkId).toBe(LINK_ID);
});

test('a viewer can’t pass for the ingress, nor the ingress for a viewer', async () => {
  const [server, host] = memoryCarrierPair();
  initiateIngress(server, LINK_ID);
  await expect(respond(host, { key, kind: 'relay', clock: still })).rejects.toMatchObject({
    code: 'HANDSHAKE_FAILED',
  });
});

test('the link key survives its text form; a cut one is refused', () => {
  expect(decodeLinkKey(encodeLinkKey(key))).toEqual(key);
  expect(encodeLinkKey(key)).toHaveLength(22);
  const notComplete = expect.objectContaining({
    code: 'PROTOCOL_ERROR',
    message: 'the link key is not complete',
  });
  expect(() => decodeLinkKey(encodeLinkKey(key).slice(0, -1))).toThrow(notComplete);
  expect(() => decodeLinkKey('%%')).toThrow(notComplete);
});
