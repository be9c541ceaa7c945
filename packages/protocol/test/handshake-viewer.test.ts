import { describe, expect, test } from '@jest/globals';
import { decodeMessage, encodeMessage } from '../src/exchange/proto-message.js';
import { CarrierKind, InitiatorHello, ResponderFinish } from '../src/gen/wingman/v1/handshake.js';
import { LIMITS } from '../src/limits.js';
import { initiate } from '../src/seal/handshake.js';
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

/** A viewer that has answered a host's hello, and what the host would know. */
async function askingViewer(options: { clock?: FakeClock; version?: number } = {}) {
  const { pair, publicKey } = specKeyPair();
  const responderHello = specResponderHello(publicKey, options.version);
  const carrier = new RecordingCarrier();
  // Cryptography takes what a busy machine lets it take: time stands still, unless the test moves it.
  const { clock = new FakeClock() } = options;
  const asking = initiate(carrier, { key: KEY, kind: 'relay', linkId: LINK_ID, clock });
  asking.catch(() => undefined);
  carrier.bring(tagged(0x01, responderHello));
  return { asking, carrier, pair, responderHello };
}

/** The same once its hello is out: its upper carrier, and the proof that it waits for. */
async function provenViewer(options: { clock?: FakeClock } = {}) {
  const { asking, carrier, pair, responderHello } = await askingViewer(options);
  const { carrier: upper } = await asking;
  const hello = decodeMessage(InitiatorHello, carrier.sent[0]!.subarray(1));
  const transcript = specTranscript(responderHello, hello);
  const keys = specKeys(pair.computeSecret(hello.publicKey), KEY, transcript);
  const proof = specProof(keys.responderProof, transcript);
  const finish = tagged(0x03, encodeMessage(ResponderFinish, { proof }));
  const told = reader();
  upper.start(told.handlers);
  return { carrier, upper, hello, transcript, keys, finish, told, responderHello };
}

describe('the viewer', () => {
  test('does what the specification says, and believes a host that does', async () => {
    const { carrier, upper, hello, keys, finish, told, ...rest } = await provenViewer();
    expect(carrier.sent[0]![0]).toBe(0x02);
    expect(hello).toMatchObject({ version: 1, linkId: LINK_ID, carrier: CarrierKind.RELAY });
    expect(Buffer.from(hello.responderHelloHash)).toEqual(sha256(rest.responderHello));
    expect(Buffer.from(hello.proof)).toEqual(specProof(keys.initiatorProof, rest.transcript));
    expect(hello.nonce).toHaveLength(32);
    upper.send(Buffer.from('early'));
    await until(() => carrier.sent.length === 2);
    expect(specOpen(keys.toResponder, 0, carrier.sent[1]!).toString()).toBe('early');
    carrier.bring(finish);
    carrier.bring(specSeal(keys.toInitiator, 0, Buffer.from('welcome')));
    await until(() => told.messages.length === 1);
    expect([told.messages, told.closes]).toEqual([['welcome'], []]);
  });

  test('delivers nothing before the proof, and what has come once it is checked', async () => {
    const { carrier, keys, finish, told, responderHello } = await provenViewer();
    // The carrier's own hello may still come, beside a prekey; once.
    carrier.bring(tagged(0x01, responderHello));
    carrier.bring(finish);
    for (const [n, value] of ['one', 'two'].entries()) {
      carrier.bring(specSeal(keys.toInitiator, n, Buffer.from(value)));
    }
    expect(told.messages).toEqual([]);
    await until(() => told.messages.length === 2);
    expect(told.messages).toEqual(['one', 'two']);
  });

  test.each<[string, (finish: Uint8Array) => Uint8Array]>([
    ['a proof that is wrong', (finish) => finish.map((byte, n) => (n === 9 ? byte ^ 1 : byte))],
    ['a proof that is cut short', () => tagged(0x03, encodeMessage(ResponderFinish, {}))],
    ['a sealed message before the proof', () => Uint8Array.of(0x77, 1, 2, 3)],
    ['a hello of another viewer', () => tagged(0x02, encodeMessage(InitiatorHello, {}))],
  ])('ends the carrier at %s', async (_, change) => {
    const { carrier, keys, finish, told } = await provenViewer();
    carrier.bring(change(finish));
    carrier.bring(specSeal(keys.toInitiator, 0, Buffer.from('believe me')));
    await until(() => told.closes.length === 1);
    expect([told.messages, told.closes]).toEqual([[], ['HANDSHAKE_FAILED']]);
    expect(carrier.closes).toEqual([{ code: 4001, reason: 'HANDSHAKE_FAILED' }]);
  });

  test('ends the carrier when the proof does not come in time', async () => {
    const clock = new FakeClock();
    const { carrier, told } = await provenViewer({ clock });
    await clock.advance(LIMITS.handshakeMs - 1);
    expect(told.closes).toEqual([]);
    await clock.advance(1);
    expect([told.closes, carrier.closes]).toEqual([
      ['TIMEOUT'],
      [{ code: 4008, reason: 'TIMEOUT' }],
    ]);
  });

  test('has no timer left once the proof has come', async () => {
    const clock = new FakeClock();
    const { carrier, finish } = await provenViewer({ clock });
    expect(clock.timers).toBe(1);
    carrier.bring(finish);
    await until(() => clock.timers === 0);
  });

  test('is told when the carrier ends before the proof', async () => {
    const { carrier, told } = await provenViewer();
    carrier.die('unplugged');
    await until(() => told.closes.length === 1);
    expect(told.closes).toEqual(['CARRIER_CLOSED']);
  });

  test('refuses a host of another version, and a host that begins with something else', async () => {
    const said = 'the page speaks handshake version 1, the host 2: the page is older: load it anew';
    const { asking } = await askingViewer({ version: 2 });
    await expect(asking).rejects.toThrow(said);
    await expect(asking).rejects.toMatchObject({ code: 'HANDSHAKE_FAILED' });
    const older = await askingViewer({ version: 0 });
    await expect(older.asking).rejects.toThrow(
      'the host is older: update wingman on the developer',
    );
    const carrier = new RecordingCarrier();
    const clock = new FakeClock();
    const other = initiate(carrier, { key: KEY, kind: 'relay', linkId: LINK_ID, clock });
    carrier.bring(tagged(0x03, encodeMessage(ResponderFinish, { proof: Buffer.alloc(32) })));
    await expect(other).rejects.toMatchObject(failed('expected the responder’s hello'));
    expect(carrier.sent).toEqual([]);
  });
});
