import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  Challenge,
  ConnectionRequest,
  create,
  DialPurpose,
  Heartbeat,
  HostRegistered,
  newLinkId,
  Offer,
} from '@wingman/protocol';
import { HOST_LIMITS } from '@wingman/relay-server';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import {
  signalingServer,
  type SignalingConnection,
  type SignalingServer,
} from '../../../packages/relay-server/test/support/signaling-server.js';
import { startFixtureApp, type FixtureApp } from '../../support/fixture-app.js';
import { get } from '../../support/http.js';
import { residentBytes } from '../../support/memory.js';
import { eventually, Share, within } from '../../support/processes.js';
import { running } from '../../support/program.js';

// The tunnel server itself attacks a host that has registered with it.

const MIB = 1024 * 1024;
const MAX_GROWTH_BYTES = 48 * MIB;
const FLOOD = 1_000;
const NONCE = new Uint8Array(32).fill(7);

let app: FixtureApp;
let server: SignalingServer;
let host: Share;
let neighbour: Share;
let dialToken = 'token';
/** The dial-backs that are open, unanswered, and the most that have been. */
const held = new Set<Duplex>();
let most = 0;

function hold(socket: Duplex): void {
  held.add(socket.on('error', () => undefined).once('close', () => held.delete(socket)));
  most = Math.max(most, held.size);
}

/** Grants whatever is asked for. */
function grant(connection: SignalingConnection): void {
  connection.send({ $case: 'challenge', value: create(Challenge, { nonce: NONCE }) });
  connection.socket.once('message', () => {
    const [first] = connection.received;
    if (first?.$case !== 'registerHost') return;
    const origin = `http://${first.value.session}.localhost:1`;
    const expiresAtMs = BigInt(Date.now() + 3_600_000);
    const value = create(HostRegistered, { origin, dialToken, expiresAtMs });
    connection.send({ $case: 'hostRegistered', value });
  });
}

beforeAll(async () => {
  app = await startFixtureApp();
  server = await signalingServer(grant, hold);
  [host, neighbour] = await Promise.all([
    Share.start(app.port, ['--server', server.url.origin, '--no-p2p']),
    Share.start(app.port, ['--ingress', 'open', '--no-p2p']),
  ]);
});

afterAll(async () => {
  await Promise.all([host.stop(), neighbour.stop()]);
  await server.close();
  await app.close();
});

/** The host's present connection, over which it has just answered. */
function registered(): Promise<SignalingConnection> {
  return eventually('the host is registered', async () => {
    const connection = server.connections.at(-1);
    if (connection?.socket.readyState !== 1) return undefined;
    return (await answers(connection)) && connection;
  });
}

let lastNonce = 0n;

/** Whether the host has read all that was sent, and answers. */
async function answers(connection: SignalingConnection): Promise<boolean> {
  const nonce = ++lastNonce;
  const isReply = (message: SignalingConnection['received'][number]): boolean =>
    message?.$case === 'heartbeat' && message.value.nonce === nonce;
  connection.send({ $case: 'heartbeat', value: create(Heartbeat, { nonce }) });
  await eventually('an answer', () => connection.received.some(isReply), 5_000);
  return true;
}

/** Runs an attack; afterwards the host has to be there, about as large as before, and the neighbour has to answer. */
async function survives<T>(attack: (connection: SignalingConnection) => Promise<T>): Promise<T> {
  const connection = await registered();
  const before = residentBytes(host.pid);
  const visits = Promise.all(Array.from({ length: 5 }, () => get(neighbour.origin, '/')));
  const outcome = await attack(connection);
  await registered();
  await eventually('memory is back', () => residentBytes(host.pid) - before < MAX_GROWTH_BYTES);
  expect((await visits).map(({ status }) => status)).toEqual(Array(5).fill(200));
  expect([host, neighbour].every((each) => running.has(each))).toBe(true);
  return outcome;
}

/** The code with which the host ends a connection. */
async function closeCode({ socket }: SignalingConnection): Promise<number> {
  const [code] = (await within(10_000, 'the end', once(socket, 'close'))) as [number];
  return code;
}

/** A frame of a server, which has no mask: first byte, payload, and a length of its own where it lies. */
function frame(
  first: number,
  payload: Uint8Array,
  length: Buffer = Buffer.of(payload.length),
): Buffer {
  return Buffer.concat([Buffer.of(first), length, payload]);
}

/** Length in eight bytes (RFC 6455 section 5.2). */
function longLength(length: bigint): Buffer {
  const bytes = Buffer.alloc(9, 127);
  bytes.writeBigUInt64BE(length, 1);
  return bytes;
}

const NOTHING = new Uint8Array();
const FRAMES: [name: string, bytes: Buffer, code: number][] = [
  ['A frame with a mask to a host', Buffer.of(0x82, 0x81, 1, 2, 3, 4, 5), 1002],
  ['A compressed frame to a host', frame(0xc2, Buffer.from('x')), 1002],
  ['A reserved opcode to a host', frame(0x83, Buffer.from('x')), 1002],
  ['A continuation of nothing to a host', frame(0x80, Buffer.from('x')), 1002],
  ['A control frame of 126 bytes to a host', frame(0x89, NOTHING, Buffer.of(126, 0, 126)), 1002],
  ['A close code that no frame may carry to a host', frame(0x88, Buffer.of(0x03, 0xed)), 1002],
  ['A message above the cap to a host', frame(0x82, NOTHING, longLength(65_537n)), 1009],
  ['A length of 2^63 to a host', frame(0x82, NOTHING, longLength(2n ** 63n)), 1009],
  ['Text that is not UTF-8 to a host', frame(0x81, Buffer.of(0xff)), 1007],
  ['Garbage in a message to a host', frame(0x82, Buffer.of(0xff, 0xff)), 4000],
  ['An envelope cut short to a host', frame(0x82, Buffer.of(0x0a, 0x40, 1)), 4000],
];

describe('what no server may send', () => {
  test.each(FRAMES)('%s', async (_name, bytes, code) => {
    const closed = await survives((connection) => {
      connection.raw.write(bytes);
      return closeCode(connection);
    });
    expect(closed).toBe(code);
  });
});

test('fragments without an end, to a host', async () => {
  const fragments = Array.from({ length: 20_000 }, (_, index) =>
    frame(index === 0 ? 0x02 : 0x00, Buffer.from('x')),
  );
  const closed = await survives((connection) => {
    connection.raw.write(Buffer.concat(fragments));
    return closeCode(connection);
  });
  expect(closed).toBe(1008);
});

test('pings whose answers the server doesn’t read', async () => {
  const pings = Buffer.concat(Array.from({ length: 1_000 }, () => frame(0x89, Buffer.alloc(125))));
  await survives(async ({ raw }) => {
    raw.pause();
    const ended = new Promise((resolve) => raw.once('error', resolve).once('close', resolve));
    for (let count = 0; count < 400 && !raw.destroyed; count += 1) {
      await new Promise((resolve) => raw.write(pings, resolve));
    }
    // What the host had sent before it ended the connection has to be read for the end to be seen.
    raw.resume();
    await within(10_000, 'the end', ended);
  });
});

test('a second challenge gets no signature', async () => {
  await survives(async (connection) => {
    for (let count = 0; count < FLOOD; count += 1) {
      const nonce = Buffer.alloc(32, count);
      connection.send({ $case: 'challenge', value: create(Challenge, { nonce }) });
    }
    await answers(connection);
    const proofs = connection.received.filter((message) => message?.$case === 'registerHost');
    expect(proofs).toHaveLength(1);
  });
});

test('endless viewers without the link key get a refusal each, and no peer', async () => {
  await survives(async (connection) => {
    const heardBefore = connection.received.length;
    for (let count = 0; count < FLOOD; count += 1) {
      const linkId = newLinkId();
      const proof = new Uint8Array(32);
      const request = create(ConnectionRequest, { linkId, proof });
      connection.send({ $case: 'connectionRequest', value: request });
      const offer = create(Offer, { linkId, attempt: 2 ** 32 - 1, sdp: 'v=0', proof });
      connection.send({ $case: 'offer', value: offer });
    }
    await answers(connection);
    const heard = connection.received.slice(heardBefore, -1);
    expect(heard).toHaveLength(FLOOD);
    expect(new Set(heard.map((message) => message?.$case))).toEqual(new Set(['connectionReject']));
  });
});

describe('dial-backs', () => {
  const ask = (connection: SignalingConnection, purpose: DialPurpose): void =>
    connection.send({ $case: 'dialRequest', value: { purpose } });

  test('asked for without end are bounded', async () => {
    await survives(async (connection) => {
      for (let count = 0; count < FLOOD; count += 1) ask(connection, DialPurpose.RELAY);
      await answers(connection);
      await eventually('the host dials', () => held.size === HOST_LIMITS.pendingDials);
    });
    expect(most).toBe(HOST_LIMITS.pendingDials);
    for (const socket of held) socket.destroy();
    await eventually('the places are free', () => held.size === 0);
  });

  test.each([-1, 0, 3, 2 ** 31 - 1])(
    'for a purpose that is none (%i) are not made',
    async (purpose) => {
      most = 0;
      await survives(async (connection) => {
        ask(connection, purpose);
        await answers(connection);
      });
      expect(most).toBe(0);
    },
  );

  test('with a token that would add a header field are not made', async () => {
    most = 0;
    dialToken = 'x\r\nhost: example.com';
    const { raw, socket } = await registered();
    raw.destroy();
    await once(socket, 'close');
    const closed = await survives((connection) => {
      dialToken = 'token';
      ask(connection, DialPurpose.RELAY);
      return closeCode(connection);
    });
    expect([closed, most]).toEqual([4000, 0]);
  });
});
