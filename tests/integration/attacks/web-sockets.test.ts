import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { LIMITS } from '@wingman/protocol';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { attacksOn } from '../../support/attacks.js';
import { answerTo, sendRaw, statusesIn } from '../../support/raw-client.js';
import { eventually, within } from '../../support/processes.js';
import { UnderAttack } from '../../support/under-attack.js';

// Frames that RFC 6455 forbids, byte by byte, on a WebSocket of the app's by the ingress. Another one goes on.

const CLOSE = 8;
const MASK = Buffer.of(1, 2, 3, 4);

let scene: UnderAttack;
let bystander: WebSocket;
const attack = attacksOn(() => scene);

beforeAll(async () => {
  scene = await UnderAttack.start();
  const { host, port } = new URL(scene.victim.origin);
  bystander = new WebSocket(`ws://127.0.0.1:${port}/ws`, { headers: { host } });
  await within(20_000, 'the WebSocket', once(bystander, 'open'));
});

afterAll(async () => {
  bystander.terminate();
  await scene.stop();
});

/** The head of an upgrade to the app's echo. */
function upgrade(version = '13', key = 'AAAAAAAAAAAAAAAAAAAAAA=='): string {
  const fields = [
    ...[`host: ${new URL(scene.victim.origin).host}`, 'connection: upgrade', 'upgrade: websocket'],
    ...[`sec-websocket-version: ${version}`, `sec-websocket-key: ${key}`],
    'sec-websocket-extensions: permessage-deflate',
  ];
  return `GET /ws HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`;
}

/** A frame with a mask: first byte, payload, and a length of its own where it lies. */
function frame(
  first: number,
  payload: Uint8Array,
  length: Buffer = Buffer.of(payload.length),
): Buffer {
  const masked = payload.map((byte, index) => byte ^ (MASK[index % 4] ?? 0));
  const marked = Buffer.from(length);
  marked[0] = (marked[0] ?? 0) | 0x80;
  return Buffer.concat([Buffer.of(first), marked, MASK, masked]);
}

/** The length of 8 bytes that a frame may claim to have. */
function longLength(bytes: bigint): Buffer {
  const length = Buffer.alloc(9, 127);
  length.writeBigUInt64BE(bytes, 1);
  return length;
}

/** The code in the close frame that the server sends when it is told these frames. */
async function closeCodeOf(frames: Uint8Array): Promise<number | undefined> {
  const { ended, socket, text } = sendRaw(scene.server.port, upgrade());
  await eventually('the upgrade', () => text().includes('\r\n\r\n'));
  expect(text()).toMatch(/^HTTP\/1\.1 101 /);
  expect(text()).not.toMatch(/permessage-deflate/);
  socket.write(frames);
  const all = Buffer.from(await within(15_000, 'the end', ended), 'latin1');
  const sent = all.subarray(all.indexOf('\r\n\r\n') + 4);
  return (sent[0] ?? 0) === (0x80 | CLOSE) ? sent.readUInt16BE(2) : undefined;
}

const EMPTY = Buffer.of();
/** 1005, which stands for no code. */
const CODE = Buffer.of(3, 237);

const FRAMES: [attack: string, frames: Buffer, code: number][] = [
  ['A frame without a mask', Buffer.of(0x81, 2, 0x68, 0x69), 1002],
  ['A reserved bit', frame(0xa1, Buffer.from('hi')), 1002],
  ['A compressed message that nobody agreed to', frame(0xc1, Buffer.from('hi')), 1002],
  ['A reserved opcode', frame(0x83, EMPTY), 1002],
  ['A control frame in fragments', frame(0x09, EMPTY), 1002],
  ['A control frame of 126 bytes', frame(0x89, Buffer.alloc(126), Buffer.of(126, 0, 126)), 1002],
  ['A continuation of nothing', frame(0x80, Buffer.from('hi')), 1002],
  [
    'A message within a message',
    Buffer.concat([frame(0x01, Buffer.from('a')), frame(0x81, Buffer.from('b'))]),
    1002,
  ],
  ['A close code that no frame may carry', frame(0x88, CODE), 1002],
  ['A close frame of one byte', frame(0x88, Buffer.of(3)), 1002],
  ['Text that is not UTF-8', frame(0x81, Buffer.of(0xff, 0xfe)), 1007],
  ['A length of 2^63', frame(0x82, EMPTY, longLength(1n << 63n)), 1009],
  [
    'A length above the limit',
    frame(0x82, EMPTY, longLength(BigInt(LIMITS.maxWebSocketMessageBytes + 1))),
    1009,
  ],
];

for (const [name, frames, code] of FRAMES) {
  attack(name, async () => {
    expect(await closeCodeOf(frames)).toBe(code);
  });
}

attack('A handshake of an older version', async () => {
  expect(statusesIn(await answerTo(scene.server.port, upgrade('12')))).toEqual([400]);
});

attack('A handshake with a key that is none', async () => {
  expect(statusesIn(await answerTo(scene.server.port, upgrade('13', 'short')))).toEqual([400]);
});

test('another WebSocket of the session has gone on all the while', async () => {
  const echo = once(bystander, 'message') as Promise<[Buffer]>;
  bystander.send('still here');
  expect((await within(10_000, 'an echo', echo))[0].toString()).toBe('still here');
});
