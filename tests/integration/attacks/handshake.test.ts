import { afterAll, beforeAll, expect } from '@jest/globals';
import { decodeMessage, initiate, newLinkId, type Carrier } from '@wingman/protocol';
import { randomBytes } from 'node:crypto';
import {
  CarrierKind,
  type InitiatorHello,
  ResponderHello,
} from '../../../packages/protocol/src/gen/wingman/v1/handshake.js';
import {
  encodeInitiatorHello,
  encodeResponderFinish,
} from '../../../packages/protocol/src/seal/handshake-message.js';
import {
  sha256,
  specKeyPair,
  specKeys,
  specProof,
  specResponderHello,
  specTranscript,
} from '../../../packages/protocol/test/support/spec-handshake.js';
import { attacksOn } from '../../support/attacks.js';
import { ATTACH, Intruder, PING } from '../../support/intruder.js';
import { within } from '../../support/processes.js';
import { linkKeyOf, RelayCarrier, type Tamper } from '../../support/relay-viewer.js';
import { UnderAttack } from '../../support/under-attack.js';

// Viewers that prove nothing, at the real host; and a server between viewer and host that is not blind.

const DEADLINE_MS = 15_000;
/** CloseCode.HANDSHAKE_FAILED and CloseCode.PROTOCOL, as the relay passes them on. */
const REFUSED = 'closed with 4001';
const BROKEN = 'closed with 4000';

let scene: UnderAttack;
const attack = attacksOn(() => scene);

beforeAll(async () => {
  // The links of those who have the key and break the rules live on for their grace time.
  scene = await UnderAttack.start(['--ingress', 'open', '--max-viewers', '64']);
});

afterAll(() => scene.stop());

/** One half of a handshake by hand, on a connection that is spliced with the host. */
class Hand {
  readonly #messages: Uint8Array[] = [];
  readonly #ended: Promise<string>;
  #wake = (): void => undefined;

  constructor(readonly carrier: RelayCarrier) {
    this.#ended = new Promise((resolve) => {
      carrier.start({
        message: (bytes) => {
          this.#messages.push(bytes);
          this.#wake();
        },
        close: resolve,
        writable: () => undefined,
      });
    });
  }

  static async shake(): Promise<Hand> {
    return new Hand(await RelayCarrier.open(scene.victim));
  }

  /** The host's hello, serialized. */
  async hello(): Promise<Uint8Array> {
    const come = new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.#messages.length === 0) await within(DEADLINE_MS, 'the hello', come);
    return this.#messages[0]?.subarray(1) ?? new Uint8Array();
  }

  ended(): Promise<string> {
    return within(DEADLINE_MS, 'the end', this.#ended);
  }
}

/** A right answer to a hello, with some fields changed before it is proved, and some after. */
function answerTo(
  responderHello: Uint8Array,
  linkId: string,
  before: Partial<InitiatorHello> = {},
  after: Partial<InitiatorHello> = {},
): Uint8Array {
  const { pair, publicKey } = specKeyPair();
  const { publicKey: peer } = decodeMessage(ResponderHello, responderHello);
  const hello: InitiatorHello = {
    version: 1,
    linkId,
    carrier: CarrierKind.RELAY,
    publicKey,
    nonce: randomBytes(32),
    proof: Buffer.of(),
    responderHelloHash: sha256(responderHello),
    ...before,
  };
  const transcript = specTranscript(responderHello, hello);
  const keys = specKeys(pair.computeSecret(peer), linkKeyOf(scene.victim), transcript);
  const proof = specProof(keys.initiatorProof, transcript);
  return encodeInitiatorHello({ ...hello, proof, ...after });
}

type Answer = (responderHello: Uint8Array, linkId: string) => Uint8Array;

/** A point that looks like one and isn't on the curve. */
const OFF_CURVE = Buffer.concat([Buffer.of(4), Buffer.alloc(64, 5)]);

const ANSWERS: [attack: string, answer: Answer][] = [
  [
    'A proof without the link key',
    (hello, id) => answerTo(hello, id, {}, { proof: randomBytes(32) }),
  ],
  ['No proof at all', (hello, id) => answerTo(hello, id, {}, { proof: Buffer.of() })],
  [
    'A proof that is cut short',
    (hello, id) => answerTo(hello, id, {}, { proof: Buffer.alloc(31) }),
  ],
  [
    'A nonce changed behind the proof',
    (hello, id) => answerTo(hello, id, {}, { nonce: randomBytes(32) }),
  ],
  [
    'A link id changed behind the proof',
    (hello, id) => answerTo(hello, id, {}, { linkId: newLinkId() }),
  ],
  [
    'A public key that is no point',
    (hello, id) => answerTo(hello, id, {}, { publicKey: OFF_CURVE }),
  ],
  ['The point at infinity', (hello, id) => answerTo(hello, id, {}, { publicKey: Buffer.of(0) })],
  [
    'A public key of zeros',
    (hello, id) => answerTo(hello, id, {}, { publicKey: Buffer.alloc(65) }),
  ],
  [
    'A public key that is cut short',
    (hello, id) => answerTo(hello, id, {}, { publicKey: specKeyPair().publicKey.subarray(0, 64) }),
  ],
  ['An older version', (hello, id) => answerTo(hello, id, { version: 0 })],
  ['A version that is to come', (hello, id) => answerTo(hello, id, { version: 99 })],
  [
    'A proof for a direct path on the relay',
    (hello, id) => answerTo(hello, id, { carrier: CarrierKind.P2P }),
  ],
  ['A link id that is a path', (hello) => answerTo(hello, '../../etc/passwd')],
  [
    'An answer to a prekey that never was',
    (hello, id) => answerTo(hello, id, { responderHelloHash: randomBytes(32) }),
  ],
  ['A hello that is cut short', (hello, id) => answerTo(hello, id).subarray(0, 100)],
  ['A message of another type', () => encodeResponderFinish(randomBytes(32))],
  ['An empty message', () => new Uint8Array()],
  ['A hello of a kilobyte and more', () => Buffer.alloc(2_000, 2)],
  ['The hello of the ingress from a viewer', () => Buffer.from([4, 8, 1])],
];

for (const [name, answer] of ANSWERS) {
  attack(name, async () => {
    const hand = await Hand.shake();
    hand.carrier.send(answer(await hand.hello(), hand.carrier.linkId));
    expect(await hand.ended()).toBe(REFUSED);
  });
}

attack('A recorded hello on another connection', async () => {
  const recorded: Uint8Array[] = [];
  const toHost: Tamper = (message) => {
    recorded.push(message);
    return [message];
  };
  const first = await Intruder.join(scene.victim, { toHost });
  const hand = await Hand.shake();
  await hand.hello();
  hand.carrier.send(recorded[0] ?? new Uint8Array());
  expect(await hand.ended()).toBe(REFUSED);
  first.leave();
});

const changed: Tamper = (message) => {
  const copy = Buffer.from(message);
  copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1;
  return [copy];
};
/** From the first sealed message on: before it are hello and proof. */
const once = (tamper: Tamper, from: number): Tamper => {
  return (message, index) => (index === from ? tamper(message, index) : [message]);
};
const swapped = (from: number): Tamper => {
  let held: Uint8Array | undefined;
  return (message, index) => {
    if (index === from) held = message;
    if (index === from) return [];
    const pair = held === undefined ? [message] : [message, held];
    held = undefined;
    return pair;
  };
};
const dropped: Tamper = () => [];
const repeated: Tamper = (message) => [message, message];

/** Talks until somebody ends it. */
async function talk(options: { toHost?: Tamper; toViewer?: Tamper }): Promise<string> {
  const intruder = await Intruder.join(scene.victim, options);
  intruder.send(ATTACH, PING, PING, PING, PING);
  return intruder.ended();
}

// Behind the viewer's hello, and behind the host's hello and proof.
attack('A server that changes messages to the host', async () => {
  expect(await talk({ toHost: once(changed, 1) })).toBe(BROKEN);
});
attack('A server that drops messages to the host', async () => {
  expect(await talk({ toHost: once(dropped, 1) })).toBe(BROKEN);
});
attack('A server that repeats messages to the host', async () => {
  expect(await talk({ toHost: once(repeated, 1) })).toBe(BROKEN);
});
attack('A server that reorders messages to the host', async () => {
  expect(await talk({ toHost: swapped(1) })).toBe(BROKEN);
});
attack('A server that changes messages to the viewer', async () => {
  expect(await talk({ toViewer: once(changed, 2) })).toMatch(/PROTOCOL|open/i);
});
attack('A server that drops messages to the viewer', async () => {
  expect(await talk({ toViewer: once(dropped, 2) })).toMatch(/PROTOCOL|open/i);
});
attack('A server that repeats messages to the viewer', async () => {
  expect(await talk({ toViewer: once(repeated, 2) })).toMatch(/PROTOCOL|open/i);
});
attack('A server that reorders messages to the viewer', async () => {
  expect(await talk({ toViewer: swapped(2) })).toMatch(/PROTOCOL|open/i);
});

attack('A server that sends a viewer its own messages', async () => {
  let own: Uint8Array = new Uint8Array();
  const toHost: Tamper = (message) => [(own = message)];
  const toViewer: Tamper = (message, index) => [index < 2 ? message : own];
  expect(await talk({ toHost, toViewer })).toMatch(/PROTOCOL|open/i);
});

/** A viewer's handshake; resolves with how it ends. Nothing may have been delivered. */
async function initiateWith(toViewer: Tamper, responderHello?: Uint8Array): Promise<string> {
  const carrier = await RelayCarrier.open(scene.victim, { toViewer });
  const { linkId } = carrier;
  const key = linkKeyOf(scene.victim);
  const options = { key, kind: 'relay' as const, linkId };
  const proven = await initiate(
    carrier,
    responderHello === undefined ? options : { ...options, responderHello },
  );
  return within(DEADLINE_MS, 'the end', endOf(proven.carrier));
}

function endOf(carrier: Carrier): Promise<string> {
  return new Promise((resolve, reject) =>
    carrier.start({
      message: () => reject(new Error('a message was delivered')),
      close: resolve,
      writable: () => undefined,
    }),
  );
}

/** What a server without the link key can make: a key pair of its own. */
const forgedHello = (): Uint8Array => specResponderHello(specKeyPair().publicKey);

attack('A server that swaps the key of the host', async () => {
  const forged = Buffer.concat([Buffer.of(1), forgedHello()]);
  const end = await initiateWith((message, index) => [index === 0 ? forged : message]);
  expect(end).toMatch(/HANDSHAKE_FAILED|CARRIER_CLOSED/);
});

attack('A server that lies about the prekey', async () => {
  const end = await initiateWith((message) => [message], forgedHello());
  expect(end).toMatch(/HANDSHAKE_FAILED|CARRIER_CLOSED/);
});

attack('A server that makes up the proof of the host', async () => {
  const forged = encodeResponderFinish(randomBytes(32));
  const end = await initiateWith((message, index) => [index === 1 ? forged : message]);
  expect(end).toBe('HANDSHAKE_FAILED');
});

attack('A server that strips the proof of the host', async () => {
  const end = await initiateWith((message, index) => (index === 1 ? [] : [message]));
  expect(end).toMatch(/HANDSHAKE_FAILED|TIMEOUT|CARRIER_CLOSED/);
});

attack('A server that lowers the version', async () => {
  const { publicKey } = specKeyPair();
  const older = Buffer.concat([Buffer.of(1), specResponderHello(publicKey, 0)]);
  const toViewer: Tamper = (message, index) => [index === 0 ? older : message];
  await expect(initiateWith(toViewer)).rejects.toMatchObject({ code: 'HANDSHAKE_FAILED' });
});
