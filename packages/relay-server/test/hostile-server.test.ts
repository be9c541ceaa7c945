import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { DialPurpose, PrekeyRing, type WingmanError } from '@wingman/protocol';
import { HOST_LIMITS } from '../src/limits.js';
import { Dialer } from '../src/tunnel/dialer.js';
import { SignalingClient } from '../src/tunnel/signaling-client.js';
import { FakeClock } from './support/fake-clock.js';
import { trackSockets } from './support/servers.js';
import { until } from './support/until.js';

// What a server may answer to the opening of a WebSocket, byte by byte.

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A server that says something to whoever has asked for something. */
async function saying(answer: (socket: Socket, request: string) => void): Promise<URL> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (request: Buffer) => answer(socket, request.toString('latin1')));
  });
  trackSockets(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

interface Client {
  readonly clock: FakeClock;
  readonly lost: string[];
}

function signaling(server: URL): Client {
  const clock = new FakeClock();
  const lost: string[] = [];
  const client = new SignalingClient({
    isIdle: () => false,
    servers: [server],
    clock,
    register: () => ({ $case: 'endSession', value: {} }),
    registered: () => undefined,
    message: () => undefined,
    lost: ({ message }) => lost.push(message),
    ended: ({ message }) => lost.push(message),
  });
  cleanups.push(() => client.close());
  return { clock, lost };
}

async function dialling(server: URL): Promise<Client> {
  const clock = new FakeClock();
  const lost: string[] = [];
  const dialer = new Dialer({
    linkKey: new Uint8Array(16),
    prekeys: await PrekeyRing.create(),
    ingressAllowed: true,
    clock,
    attachViewer: () => undefined,
    attachIngress: () => undefined,
    failed: ({ message }: WingmanError) => lost.push(message),
  });
  cleanups.push(() => dialer.close());
  dialer.dial(DialPurpose.RELAY, { server, session: 's', token: 't' });
  return { clock, lost };
}

const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n';
/** The example of RFC 6455 section 1.3, which fits no key but its own. */
const OTHERS_ACCEPT = 'sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n';

const ANSWERS: [name: string, answer: string, failure: RegExp][] = [
  ['an accept that fits another key', `${SWITCH}${OTHERS_ACCEPT}\r\n`, /Sec-WebSocket-Accept/],
  ['a switch to another protocol', `${SWITCH.replace('websocket', 'h2c')}\r\n`, /Upgrade/],
  ['a head without an end', `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(100_000)}`, /Overflow|overflow/],
  ['a body without an end', `HTTP/1.1 200 OK\r\n\r\n${'a'.repeat(100_000)}`, /200/],
  ['no HTTP', '\x16\x03\x01 garbage\r\n\r\n', /Parse Error/],
];

describe.each([
  ['signaling', signaling],
  ['a dial-back', dialling],
])('a hostile server’s answer to the opening of %s:', (_kind, open) => {
  test.each(ANSWERS)('%s ends the try, with the reason', async (_name, answer, failure) => {
    const { lost } = await open(await saying((socket) => void socket.write(answer, 'latin1')));
    await until(() => lost.length === 1, 'the try has ended');
    expect(lost[0]).toMatch(failure);
  });

  test('one that leads elsewhere is not followed', async () => {
    const asked: string[] = [];
    const elsewhere = await saying((_socket, request) => asked.push(request));
    const moved = `HTTP/1.1 307 Moved\r\nlocation: ${elsewhere.href}\r\ncontent-length: 0\r\n\r\n`;
    const { lost } = await open(await saying((socket) => void socket.write(moved)));
    await until(() => lost.length === 1, 'the try has ended');
    expect([lost[0], asked]).toEqual([expect.stringContaining('307'), []]);
  });

  test('one that comes drop by drop doesn’t put the deadline off', async () => {
    const sockets: Socket[] = [];
    const { clock, lost } = await open(
      await saying((socket) => {
        sockets.push(socket);
        socket.write('HTTP/1.1 101 ');
      }),
    );
    for (let drop = 1; drop <= 10; drop++) {
      await until(() => sockets.length === 1, 'the host has asked');
      sockets[0]?.write('S');
      expect(lost).toEqual([]);
      clock.advance(HOST_LIMITS.dialMs / 10);
    }
    await until(() => lost.length === 1, 'the try has ended');
    await until(() => sockets[0]?.destroyed === true, 'the connection has ended');
  });
});
