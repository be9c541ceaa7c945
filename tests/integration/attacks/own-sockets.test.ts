import { afterAll, beforeAll, expect } from '@jest/globals';
import { deflateRawSync } from 'node:zlib';
import { attacksOn } from '../../support/attacks.js';
import { get } from '../../support/http.js';
import { residentBytes } from '../../support/memory.js';
import { eventually, within } from '../../support/processes.js';
import { sendRaw, type RawExchange } from '../../support/raw-client.js';
import { UnderAttack } from '../../support/under-attack.js';

// Somebody without any key at the server's own WebSockets, byte by byte.

const MIB = 1024 * 1024;
const MAX_GROWTH_BYTES = 48 * MIB;
const CLOSE_FRAME = 0x88;
const EMPTY = Buffer.of();

let scene: UnderAttack;
const attack = attacksOn(() => scene);

beforeAll(async () => {
  scene = await UnderAttack.start();
});

afterAll(() => scene.stop());

/** The head of an upgrade to where hosts connect. */
function upgrade(...fields: string[]): string {
  const all = [
    ...[`host: localhost:${scene.server.port}`, 'connection: upgrade', 'upgrade: websocket'],
    ...['sec-websocket-version: 13', 'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA=='],
    ...fields,
  ];
  return `GET /__wingman/host HTTP/1.1\r\n${all.join('\r\n')}\r\n\r\n`;
}

async function connected(...fields: string[]): Promise<RawExchange> {
  const exchange = sendRaw(scene.server.port, upgrade(...fields));
  await eventually('the upgrade', () => exchange.text().includes('\r\n\r\n'));
  expect(exchange.text()).toMatch(/^HTTP\/1\.1 101 /);
  return exchange;
}

/** A frame of a client, whose mask changes nothing. */
function frame(first: number, payload: Uint8Array, length?: Buffer): Buffer {
  const marked = Buffer.from(length ?? lengthOf(payload.length));
  marked[0] = (marked[0] ?? 0) | 0x80;
  return Buffer.concat([Buffer.of(first), marked, Buffer.alloc(4), payload]);
}

function lengthOf(bytes: number): Buffer {
  if (bytes < 126) return Buffer.of(bytes);
  const length = Buffer.alloc(9, 127);
  length.writeBigUInt64BE(BigInt(bytes), 1);
  return length;
}

/** The code of the last frame, which is a close frame, when the server is told this. */
async function closeCodeOf(bytes: Uint8Array, ...fields: string[]): Promise<number> {
  const { ended, socket, text } = await connected(...fields);
  expect(text()).not.toMatch(/sec-websocket-(extensions|protocol)/i);
  socket.write(bytes);
  const all = Buffer.from(await within(10_000, 'the end', ended), 'latin1');
  const at = all.lastIndexOf(CLOSE_FRAME);
  return at === -1 ? 0 : all.readUInt16BE(at + 2);
}

/** Runs a step; afterwards the server has to be about as large as before. */
async function withoutGrowth(step: () => Promise<void>): Promise<void> {
  const { pid } = scene.server.program;
  const before = residentBytes(pid);
  await step();
  await eventually('memory is back', () => residentBytes(pid) - before < MAX_GROWTH_BYTES);
}

async function openSockets(): Promise<number> {
  const { body } = await get(scene.server.url, '/metrics');
  return Number(/^wingman_sockets(?:\{[^}]*\})? (\d+)/m.exec(body)?.[1]);
}

const FRAMES: [attack: string, bytes: () => Buffer, code: number][] = [
  ['Garbage in place of a registration', () => frame(0x82, Buffer.of(0xff, 0xff)), 4000],
  ['Text in place of a registration', () => frame(0x81, Buffer.from('hi')), 4000],
  ['A frame without a mask in place of a registration', () => Buffer.of(0x82, 1, 1), 1002],
  ['A reserved opcode in place of a registration', () => frame(0x83, EMPTY), 1002],
  ['A length of 2^63 in place of a registration', () => frame(0x82, EMPTY, huge()), 1009],
  [
    'Fragments without an end in place of a registration',
    () => Buffer.concat([frame(0x02, EMPTY), ...Array<Buffer>(20_000).fill(frame(0x00, EMPTY))]),
    1008,
  ],
];

function huge(): Buffer {
  const length = Buffer.alloc(9, 127);
  length.writeBigUInt64BE(1n << 63n, 1);
  return length;
}

for (const [name, bytes, code] of FRAMES) {
  attack(name, async () => expect(await closeCodeOf(bytes())).toBe(code));
}

attack('A compression bomb in place of a registration', () =>
  withoutGrowth(async () => {
    const bomb = frame(0xc2, deflateRawSync(Buffer.alloc(64 * MIB)));
    const offer = 'sec-websocket-extensions: permessage-deflate; client_max_window_bits';
    expect(await closeCodeOf(bomb, offer)).toBe(1002);
  }),
);

attack('A subprotocol that nobody speaks', async () => {
  const offer = 'sec-websocket-protocol: admin, wingman';
  expect(await closeCodeOf(frame(0x88, Buffer.of(3, 232)), offer)).toBe(1000);
});

attack('Pings of a host that reads no answers', () =>
  withoutGrowth(async () => {
    const { socket } = await connected();
    const pings = Buffer.concat(Array<Buffer>(1_000).fill(frame(0x89, Buffer.alloc(125))));
    socket.pause();
    const ended = new Promise((resolve) => socket.once('error', resolve).once('close', resolve));
    for (let count = 0; count < 400 && !socket.destroyed; count += 1) {
      await new Promise((resolve) => socket.write(pings, resolve));
    }
    socket.resume();
    await within(10_000, 'the end', ended);
  }),
);

attack('Hosts that vanish before they register', async () => {
  const before = await openSockets();
  const attackers = await Promise.all(Array.from({ length: 50 }, () => connected()));
  expect(await openSockets()).toBeGreaterThanOrEqual(attackers.length);
  for (const { socket } of attackers) socket.resetAndDestroy();
  await eventually('the sockets are free', async () => (await openSockets()) <= before + 2);
});
