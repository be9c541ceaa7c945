import type { Carrier } from '../carrier/carrier.js';
import { systemClock, type Clock } from '../clock.js';
import { WingmanError, toWingmanError } from '../errors.js';
import { create, decodeMessage } from '../exchange/proto-message.js';
import { InitiatorHello, ResponderHello } from '../gen/wingman/v1/handshake.js';
import { LIMITS } from '../limits.js';
import type { LaneKind } from '../link/lane-evidence.js';
import { isLinkId } from '../link/link-id.js';
import type { Binding } from './binding.js';
import { HandshakeInbox } from './handshake-inbox.js';
import {
  decodeHandshakeMessage,
  encodeInitiatorHello,
  encodeResponderFinish,
  encodeResponderHello,
} from './handshake-message.js';
import {
  createKeyPair,
  deriveCarrierKeys,
  prove,
  proves,
  sha256,
  sharedSecret,
  type CarrierKeys,
} from './key-schedule.js';
import type { LinkKey } from './link-key.js';
import { ResponderKey, type PrekeyRing } from './prekey-ring.js';
import { ProvenCarrier } from './proven-carrier.js';
import { SealedCarrier } from './sealed-carrier.js';
import {
  HANDSHAKE_VERSION,
  carrierKind,
  handshakeConflict,
  handshakeTranscript,
} from './transcript.js';
import { toHex } from '../wire/bytes.js';

interface HandshakeOptions {
  key: LinkKey;
  kind: LaneKind;
  /** On p2p: returns the fingerprints. Called when they are needed. */
  binding?: () => Binding;
  clock?: Clock;
}

export interface RespondOptions extends HandshakeOptions {
  /** The published prekeys that a first flight may answer. */
  prekeys?: PrekeyRing;
  /** Milliseconds. Without a deadline the responder waits as long as the carrier lives, as a connection that is kept ready must. */
  deadlineMs?: number;
}

export interface InitiateOptions extends HandshakeOptions {
  linkId: string;
  /** A published ResponderHello. With it the first flight goes out at once. */
  responderHello?: Uint8Array;
  /** Milliseconds; LIMITS.handshakeMs unless given. */
  deadlineMs?: number;
}

/** A carrier whose peer has proved the link key, and the id of the link that the peer wants. */
export interface Proven {
  linkId: string;
  carrier: Carrier;
}

type UpperCarrier = SealedCarrier | ProvenCarrier;

/**
 * The host's side of the handshake: says hello, waits for the viewer's proof, and proves the key too. Rejects with
 * HANDSHAKE_FAILED, TIMEOUT or CARRIER_CLOSED after closing the carrier.
 */
export async function respond(carrier: Carrier, options: RespondOptions): Promise<Proven> {
  const inbox = new HandshakeInbox(carrier, options.clock ?? systemClock, options.deadlineMs);
  try {
    const own = await ResponderKey.create();
    carrier.send(encodeResponderHello(own.hello));
    const message = decodeHandshakeMessage(await inbox.next());
    if (message.type !== 'initiatorHello') throw failed('expected the initiator’s hello');
    const { hello } = message;
    const answered = findKey(hello, own, options);
    const transcript = handshakeTranscript(answered.hello, hello, options.binding?.());
    const secret = await sharedSecret(answered.pair, hello.publicKey);
    const keys = await deriveCarrierKeys(options.key, secret, transcript);
    if (!(await proves(keys.initiatorProof, hello.proof, transcript))) {
      throw failed('the link key is not the right one');
    }
    if (answered !== own && !answered.claim(hello.nonce))
      throw failed('a first flight was repeated');
    carrier.send(encodeResponderFinish(await prove(keys.responderProof, transcript)));
    const upper = upperCarrier(carrier, options.kind, keys, 'responder');
    handOver(inbox, upper);
    return { linkId: hello.linkId, carrier: upper };
  } catch (error) {
    const failure = toWingmanError(error, 'HANDSHAKE_FAILED');
    inbox.fail(failure);
    throw failure;
  }
}

function findKey(
  hello: InitiatorHello,
  own: ResponderKey,
  { kind, prekeys }: RespondOptions,
): ResponderKey {
  demandVersion(hello.version, HANDSHAKE_VERSION);
  if (hello.carrier !== carrierKind(kind)) throw failed('the proof is for another kind of carrier');
  if (!isLinkId(hello.linkId)) throw failed('not a link id');
  const hash = toHex(hello.responderHelloHash);
  const key = hash === own.helloHash ? own : prekeys?.find(hash);
  if (key === undefined) throw failed('the prekey is not known any more');
  return key;
}

/**
 * The viewer's side. The returned carrier may be used for sending at once, because nobody without the link key can
 * read the messages. This carrier delivers nothing before the host has proved the key, and closes when the proof
 * fails. Rejects with HANDSHAKE_FAILED, TIMEOUT or CARRIER_CLOSED.
 */
export async function initiate(carrier: Carrier, options: InitiateOptions): Promise<Proven> {
  const deadlineMs = options.deadlineMs ?? LIMITS.handshakeMs;
  const inbox = new HandshakeInbox(carrier, options.clock ?? systemClock, deadlineMs);
  try {
    const responderHello = options.responderHello ?? (await readResponderHello(inbox));
    const { hello, transcript, keys } = await initiatorHello(responderHello, options);
    const proof = await prove(keys.initiatorProof, transcript);
    carrier.send(encodeInitiatorHello({ ...hello, proof }));
    const upper = upperCarrier(carrier, options.kind, keys, 'initiator');
    awaitFinish(inbox, upper, keys, transcript);
    return { linkId: options.linkId, carrier: upper };
  } catch (error) {
    const failure = toWingmanError(error, 'HANDSHAKE_FAILED');
    inbox.fail(failure);
    throw failure;
  }
}

async function readResponderHello(inbox: HandshakeInbox): Promise<Uint8Array> {
  const message = decodeHandshakeMessage(await inbox.next());
  if (message.type !== 'responderHello') throw failed('expected the responder’s hello');
  return message.bytes;
}

async function initiatorHello(
  responderHello: Uint8Array,
  options: InitiateOptions,
): Promise<{ hello: InitiatorHello; transcript: Uint8Array; keys: CarrierKeys }> {
  const responder: ResponderHello = decodeMessage(ResponderHello, responderHello);
  demandVersion(HANDSHAKE_VERSION, responder.version);
  const { pair, publicKey } = await createKeyPair();
  const hello = create(InitiatorHello, {
    version: HANDSHAKE_VERSION,
    linkId: options.linkId,
    carrier: carrierKind(options.kind),
    publicKey,
    nonce: crypto.getRandomValues(new Uint8Array(32)),
    responderHelloHash: await sha256(responderHello),
  });
  const transcript = handshakeTranscript(responderHello, hello, options.binding?.());
  const secret = await sharedSecret(pair, responder.publicKey);
  return { hello, transcript, keys: await deriveCarrierKeys(options.key, secret, transcript) };
}

/** Lets the peer's messages through once the peer has proved the key. */
function awaitFinish(
  inbox: HandshakeInbox,
  upper: UpperCarrier,
  keys: CarrierKeys,
  transcript: Uint8Array,
): void {
  const finish = async (): Promise<void> => {
    let message = decodeHandshakeMessage(await inbox.next());
    // With a prekey, the carrier's own hello still comes and is not needed.
    if (message.type === 'responderHello') message = decodeHandshakeMessage(await inbox.next());
    if (message.type !== 'responderFinish') throw failed('expected the responder’s proof');
    if (!(await proves(keys.responderProof, message.finish.proof, transcript))) {
      throw failed('the other side does not have the link key');
    }
    handOver(inbox, upper);
  };
  finish().catch((error: unknown) => {
    const failure = toWingmanError(error, 'HANDSHAKE_FAILED');
    inbox.fail(failure);
    upper.end(failure.code);
  });
}

function upperCarrier(
  carrier: Carrier,
  kind: LaneKind,
  keys: CarrierKeys,
  side: 'initiator' | 'responder',
): UpperCarrier {
  if (kind === 'p2p') return new ProvenCarrier(carrier);
  return side === 'initiator'
    ? new SealedCarrier(carrier, keys.toResponder, keys.toInitiator)
    : new SealedCarrier(carrier, keys.toInitiator, keys.toResponder);
}

function handOver(inbox: HandshakeInbox, upper: UpperCarrier): void {
  inbox.handOver({
    message: (bytes) => upper.receive(bytes),
    close: (reason) => upper.end(reason),
    writable: () => upper.drained(),
  });
}

function demandVersion(viewer: number, host: number): void {
  const conflict = handshakeConflict(viewer, host);
  if (conflict !== '') throw failed(conflict);
}

function failed(message: string): WingmanError {
  return new WingmanError('HANDSHAKE_FAILED', message);
}
