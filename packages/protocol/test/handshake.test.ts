import { describe, expect, test } from '@jest/globals';
import { create, decodeMessage, encodeMessage } from '../src/exchange/proto-message.js';
import {
  CarrierKind,
  IngressHello,
  InitiatorHello,
  ResponderFinish,
  ResponderHello,
} from '../src/gen/wingman/v1/handshake.js';
import { LIMITS } from '../src/limits.js';
import { respond, type RespondOptions } from '../src/seal/handshake.js';
import { PrekeyRing } from '../src/seal/prekey-ring.js';
import { FakeClock } from './support/fake-clock.js';
import { failed, KEY, tagged, until } from './support/handshake-bench.js';
import { LINK_ID } from './support/linked-pair.js';
import { reader, RecordingCarrier } from './support/recording-carrier.js';
import {
  sha256,
  specKeyPair,
  specKeys,
  specOpen,
  specProof,
  specResponderHello,
  specSeal,
  specTranscript,
} from './support/spec-handshake.js';

const OTHER_KEY = new Uint8Array(16);

interface Viewer {
  key?: Uint8Array;
  /** The ResponderHello that is answered; the carrier's own unless given. */
  responderHello?: Uint8Array;
  fields?: Partial<InitiatorHello>;
  fingerprints?: readonly [string, string];
}

/** An InitiatorHello by the text of the specification, and the keys behind it. */
function specViewer(carrier: RecordingCarrier, viewer: Viewer) {
  const responderHello = viewer.responderHello ?? carrier.sent[0]!.subarray(1);
  const { pair, publicKey } = specKeyPair();
  const hello = create(InitiatorHello, {
    version: 1,
    linkId: LINK_ID,
    carrier: CarrierKind.RELAY,
    publicKey,
    nonce: Buffer.alloc(32, 9),
    responderHelloHash: sha256(responderHello),
    ...viewer.fields,
  });
  const transcript = specTranscript(responderHello, hello, viewer.fingerprints);
  const host = decodeMessage(ResponderHello, responderHello);
  const keys = specKeys(pair.computeSecret(host.publicKey), viewer.key ?? KEY, transcript);
  const proof = viewer.fields?.proof ?? specProof(keys.initiatorProof, transcript);
  const message = tagged(0x02, encodeMessage(InitiatorHello, { ...hello, proof }));
  return { message, keys, transcript };
}

/** A host that waits for a viewer. */
async function waitingHost(options: Partial<RespondOptions> = {}) {
  const carrier = new RecordingCarrier();
  const answer = respond(carrier, { key: KEY, kind: 'relay', ...options });
  answer.catch(() => undefined);
  await until(() => carrier.sent.length > 0);
  return { carrier, answer };
}

describe('the host', () => {
  test('begins with its hello: version, a point on P-256, 32 random bytes', async () => {
    const [{ carrier }, other] = await Promise.all([waitingHost(), waitingHost()]);
    const [first] = carrier.sent;
    expect(first![0]).toBe(0x01);
    const hello = decodeMessage(ResponderHello, first!.subarray(1));
    expect([hello.version, hello.publicKey.length, hello.nonce.length]).toEqual([1, 65, 32]);
    expect(other.carrier.sent[0]).not.toEqual(first);
    carrier.die('over');
    other.carrier.die('over');
  });

  test('takes a viewer that does what the specification says, and seals by it', async () => {
    const { carrier, answer } = await waitingHost();
    const { message, keys, transcript } = specViewer(carrier, {});
    carrier.bring(message);
    // Frames may follow the hello at once.
    carrier.bring(specSeal(keys.toResponder, 0, Buffer.from('first')));
    const { linkId, carrier: upper } = await answer;
    expect(linkId).toBe(LINK_ID);
    expect(carrier.sent[1]![0]).toBe(0x03);
    const { proof } = decodeMessage(ResponderFinish, carrier.sent[1]!.subarray(1));
    expect(Buffer.from(proof)).toEqual(specProof(keys.responderProof, transcript));
    const told = reader();
    upper.start(told.handlers);
    upper.send(Buffer.from('answer'));
    await until(() => told.messages.length === 1 && carrier.sent.length === 3);
    expect(told.messages).toEqual(['first']);
    expect(specOpen(keys.toInitiator, 0, carrier.sent[2]!).toString()).toBe('answer');
  });

  test('proves the fingerprints too, in upper case, and does not seal a direct path', async () => {
    const binding = () => ({ initiator: 'sha-256 ab:cd', responder: 'sha-256 ef:01' });
    const { carrier, answer } = await waitingHost({ kind: 'p2p', binding });
    const fingerprints = ['SHA-256 AB:CD', 'SHA-256 EF:01'] as const;
    const fields = { carrier: CarrierKind.P2P };
    carrier.bring(specViewer(carrier, { fields, fingerprints }).message);
    const { carrier: upper } = await answer;
    upper.send(Buffer.from('plain'));
    expect(Buffer.from(carrier.sent[2]!).toString()).toBe('plain');
    const told = reader();
    upper.start(told.handlers);
    carrier.bring(Buffer.from('hello'));
    carrier.drain();
    carrier.die('gone');
    expect([told.messages, told.writable(), told.closes]).toEqual([['hello'], 1, ['gone']]);
  });

  test('tells the reader of a sealed carrier of room and of the end', async () => {
    const { carrier, answer } = await waitingHost();
    carrier.bring(specViewer(carrier, {}).message);
    const { carrier: upper } = await answer;
    const told = reader();
    upper.start(told.handlers);
    carrier.drain();
    carrier.die('gone');
    await until(() => told.closes.length === 1);
    expect([told.writable(), told.closes]).toEqual([1, ['gone']]);
  });

  const keyless = 'the link key is not the right one';
  test.each<[string, string, Viewer]>([
    ['has another link key', keyless, { key: OTHER_KEY }],
    ['has a proof of nothing', keyless, { fields: { proof: Buffer.alloc(32) } }],
    ['has no proof', keyless, { fields: { proof: Buffer.alloc(0) } }],
    ['saw other fingerprints', keyless, { fingerprints: ['SHA-256 AB', 'SHA-256 CD'] }],
    [
      'is of a newer version',
      "the page speaks handshake version 2, the host 1: the host is older: update wingman on the developer's machine",
      { fields: { version: 2 } },
    ],
    [
      'proves it for another kind of carrier',
      'the proof is for another kind of carrier',
      { fields: { carrier: CarrierKind.P2P } },
    ],
    ['names no link', 'not a link id', { fields: { linkId: 'x' } }],
    [
      'answers another hello',
      'the prekey is not known any more',
      { fields: { responderHelloHash: Buffer.alloc(32) } },
    ],
  ])('refuses a viewer that %s', async (_, reason, viewer) => {
    const { carrier, answer } = await waitingHost();
    carrier.bring(specViewer(carrier, viewer).message);
    await expect(answer).rejects.toMatchObject(failed(reason));
    expect(carrier.closes).toEqual([{ code: 4001, reason: 'HANDSHAKE_FAILED' }]);
    // Not even a proof of its own is given away.
    expect(carrier.sent).toHaveLength(1);
  });

  test('refuses a public key that is no point of the curve', async () => {
    const { carrier, answer } = await waitingHost();
    const { message } = specViewer(carrier, { fields: { publicKey: Buffer.alloc(65, 4) } });
    carrier.bring(message);
    await expect(answer).rejects.toMatchObject({ code: 'HANDSHAKE_FAILED' });
    expect(carrier.sent).toHaveLength(1);
  });

  test.each<[string, Uint8Array]>([
    ['of an unknown type', Uint8Array.of(0x09)],
    ['of nothing', new Uint8Array()],
    ['that is not Protocol Buffers', Uint8Array.of(0x02, 0xff, 0xff)],
    ['that is too large', tagged(0x02, new Uint8Array(LIMITS.maxHandshakeBytes))],
  ])('refuses a first message %s', async (_, message) => {
    const { carrier, answer } = await waitingHost();
    carrier.bring(message);
    await expect(answer).rejects.toMatchObject(failed('not a handshake message'));
  });

  test('refuses a hello that is cut short, wherever', async () => {
    const { carrier: first } = await waitingHost();
    const { length } = specViewer(first, {}).message;
    first.die('over');
    for (const cut of [1, 3, length >> 1, length - 1]) {
      const { carrier, answer } = await waitingHost();
      carrier.bring(specViewer(carrier, {}).message.subarray(0, cut));
      await expect(answer).rejects.toMatchObject({ code: 'HANDSHAKE_FAILED' });
    }
  });

  test.each<[string, Uint8Array]>([
    ['another host’s hello', tagged(0x01, specResponderHello(specKeyPair().publicKey))],
    ['a proof', tagged(0x03, encodeMessage(ResponderFinish, { proof: Buffer.alloc(32) }))],
    ['an ingress', tagged(0x04, encodeMessage(IngressHello, { version: 1, linkId: LINK_ID }))],
  ])('refuses %s where a viewer’s hello belongs', async (_, message) => {
    const { carrier, answer } = await waitingHost();
    carrier.bring(message);
    await expect(answer).rejects.toMatchObject(failed('expected the initiator’s hello'));
  });

  test('waits as long as the carrier lives, unless it is given a deadline', async () => {
    const clock = new FakeClock();
    const patient = await waitingHost({ clock });
    const hasty = await waitingHost({ clock, deadlineMs: 1_000 });
    await clock.advance(3_600_000);
    await expect(hasty.answer).rejects.toMatchObject(
      failed('the handshake took too long', 'TIMEOUT'),
    );
    // A peer that says nothing has refused nothing.
    expect(hasty.carrier.closes).toEqual([{ code: 4008, reason: 'TIMEOUT' }]);
    expect(patient.carrier.closes).toEqual([]);
    patient.carrier.die('unplugged');
    await expect(patient.answer).rejects.toMatchObject(failed('unplugged', 'CARRIER_CLOSED'));
  });
});

describe('a first flight on a prekey', () => {
  test('is taken once; the same nonce and a stale key are not', async () => {
    const prekeys = await PrekeyRing.create();
    const flight = async (): Promise<Awaited<ReturnType<typeof respond>>> => {
      const { carrier, answer } = await waitingHost({ prekeys });
      carrier.bring(specViewer(carrier, { responderHello: published }).message);
      return answer;
    };
    const published = prekeys.current;
    await expect(flight()).resolves.toMatchObject({ linkId: LINK_ID });
    await expect(flight()).rejects.toMatchObject(failed('a first flight was repeated'));
    await prekeys.rotate();
    await prekeys.rotate();
    await expect(flight()).rejects.toMatchObject(failed('the prekey is not known any more'));
  });

  test('takes no nonce of a viewer whose proof is wrong', async () => {
    const prekeys = await PrekeyRing.create();
    const flight = async (key: Uint8Array) => {
      const { carrier, answer } = await waitingHost({ prekeys });
      carrier.bring(specViewer(carrier, { key, responderHello: prekeys.current }).message);
      return answer;
    };
    await expect(flight(OTHER_KEY)).rejects.toMatchObject({ code: 'HANDSHAKE_FAILED' });
    await expect(flight(KEY)).resolves.toMatchObject({ linkId: LINK_ID });
  });

  test('the hello of the carrier itself may be answered by the same nonce on each', async () => {
    for (let round = 0; round < 2; round += 1) {
      const { carrier, answer } = await waitingHost({ prekeys: await PrekeyRing.create() });
      carrier.bring(specViewer(carrier, {}).message);
      await answer;
    }
  });
});
