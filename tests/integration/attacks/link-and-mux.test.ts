import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import {
  create,
  encodeMessage,
  header,
  LIMITS,
  RequestHead,
  request,
  type Header,
} from '@wingman/protocol';
import { encodeLinkFrame } from '../../../packages/protocol/src/wire/link-frame.js';
import {
  decodeStreamFrame,
  encodeCredit,
  encodeReset,
  StreamFrameType,
  streamHeader,
} from '../../../packages/protocol/src/wire/stream-frame.js';
import { attacksOn } from '../../support/attacks.js';
import { ATTACH, data, Intruder, PING } from '../../support/intruder.js';
import { residentBytes } from '../../support/memory.js';
import { eventually, Share, SLOW_TIME } from '../../support/processes.js';
import { RelayViewer } from '../../support/relay-viewer.js';
import { UnderAttack } from '../../support/under-attack.js';

// Somebody has the link and speaks the protocol as no viewer does. Another viewer of the same host goes on.

const MIB = 1024 * 1024;
const FLOOD = 5_000;
/** What a host may have grown by after an attack: V8's heap and buffers, which it doesn't give back at once. */
const MAX_GROWTH_BYTES = 160 * MIB;
/** The carrier has ended; the link would take another. */
const BROKEN = 'closed with 4000';

let scene: UnderAttack;
let bystander: RelayViewer;
const intruders: Intruder[] = [];
const attackAnyHost = attacksOn(() => scene);

beforeAll(async () => {
  scene = await UnderAttack.start(['--ingress', 'open', '--max-viewers', '64']);
  bystander = await RelayViewer.join(scene.victim);
});

afterEach(() => intruders.splice(0).forEach((each) => each.leave()));

afterAll(async () => {
  bystander.close();
  await scene.stop();
});

async function intrude(host: Share = scene.victim): Promise<Intruder> {
  const intruder = await Intruder.join(host);
  intruders.push(intruder);
  return intruder;
}

/** Defines an attack that another viewer of the victim must not notice either. */
function attack(name: string, run: () => Promise<void>, milliseconds?: number): void {
  const andLookAround = async (): Promise<void> => {
    await run();
    expect((await bystander.get('/')).status).toBe(200);
  };
  attackAnyHost(name, andLookAround, milliseconds);
}

/** A frame of the mux: type, stream, rest. */
const frame = (type: number, stream: number, rest: Uint8Array = new Uint8Array()): Uint8Array =>
  Buffer.concat([streamHeader(type, stream), rest]);

/** OPEN with a request of this target, which has no body. */
function open(stream: number, target = '/held', fields: Partial<RequestHead> = {}): Uint8Array {
  const message = encodeMessage(RequestHead, { method: 'GET', target, ...fields });
  return frame(StreamFrameType.OPEN, stream, Buffer.concat([Buffer.of(0), message]));
}

/** Numbers the frames of the mux from 0. */
const numbered = (...payloads: Uint8Array[]): Uint8Array[] =>
  payloads.map((payload, index) => data(index, payload));

type Message = [attack: string, messages: () => Uint8Array[], end: string];

const FRAMES: Message[] = [
  ['A frame before ATTACH', () => [PING], BROKEN],
  ['A frame of an unknown type', () => [ATTACH, Buffer.of(0x7f, 0)], BROKEN],
  ['An empty frame', () => [ATTACH, Buffer.of()], BROKEN],
  ['A number in a longer form than it needs', () => [ATTACH, Buffer.of(4, 0x40, 5)], BROKEN],
  ['A number above 2^53', () => [ATTACH, Buffer.of(4, ...Array<number>(8).fill(0xff))], BROKEN],
  ['A number that is cut short', () => [ATTACH, Buffer.of(4, 0x80)], BROKEN],
  ['Bytes behind the end of a frame', () => [ATTACH, Buffer.of(4, 1, 1)], BROKEN],
  [
    'An acknowledgement of what was never sent',
    () => [ATTACH, encodeLinkFrame({ type: 'ack', received: 1_000_000 })],
    'PROTOCOL_ERROR',
  ],
  [
    'ATTACH with an acknowledgement of what was never sent',
    () => [encodeLinkFrame({ type: 'attach', received: 1_000_000, incarnation: 1 })],
    'PROTOCOL_ERROR',
  ],
  [
    'ATTACH of another incarnation',
    () => [ATTACH, encodeLinkFrame({ type: 'attach', received: 0, incarnation: 2 })],
    'LINK_LOST',
  ],
  [
    'A frame far ahead of its turn',
    () => [ATTACH, data(1_000_000, Buffer.of(0))],
    'LIMIT_EXCEEDED',
  ],
  [
    'Frames out of order without end',
    () => [
      ATTACH,
      ...Array.from({ length: 300 }, (_, index) => data(index + 1, Buffer.alloc(60_000))),
    ],
    'LIMIT_EXCEEDED',
  ],
];

/** A kilobyte for slot 0, and that slot sixty thousand times: 60 MB of head. */
function bomb(): Uint8Array {
  const slot = Buffer.of(0x50, 0x03, 0x00);
  const piece = Buffer.alloc(LIMITS.headPieceBytes);
  return frame(StreamFrameType.PACKED_OPEN, 1, Buffer.concat([slot, piece, Buffer.alloc(60_000)]));
}

const STREAMS: Message[] = [
  [
    'Data for a stream that never was',
    () => numbered(frame(StreamFrameType.DATA, 7, Buffer.of(2))),
    'PROTOCOL_ERROR',
  ],
  ['A stream of the other side', () => numbered(open(2)), 'PROTOCOL_ERROR'],
  ['A stream with the id of the link', () => numbered(open(0)), 'PROTOCOL_ERROR'],
  ['A stream id that is used twice', () => numbered(open(1), open(1)), 'PROTOCOL_ERROR'],
  ['Stream ids that fall', () => numbered(open(5), open(3)), 'PROTOCOL_ERROR'],
  ['A frame of the mux of an unknown type', () => numbered(frame(0x7f, 1)), 'PROTOCOL_ERROR'],
  ['An empty frame of the mux', () => numbered(Buffer.of()), 'PROTOCOL_ERROR'],
  [
    'A packed head that names an empty slot',
    () => numbered(frame(StreamFrameType.PACKED_OPEN, 1, Buffer.of(8))),
    'PROTOCOL_ERROR',
  ],
  ['A packed head that unpacks to more than a head', () => numbered(bomb()), 'LIMIT_EXCEEDED'],
  [
    'Data behind the end of a stream',
    () =>
      numbered(
        open(1, '/held', { method: 'POST', hasBody: true }),
        frame(StreamFrameType.END, 1),
        frame(StreamFrameType.DATA, 1, Buffer.of(2, 1)),
      ),
    'PROTOCOL_ERROR',
  ],
  ['Credit of nothing', () => numbered(open(1), encodeCredit(1, 0)), 'PROTOCOL_ERROR'],
  [
    'Credit beyond counting',
    () => numbered(encodeCredit(0, Number.MAX_SAFE_INTEGER)),
    'PROTOCOL_ERROR',
  ],
  [
    'Data without credit (window overflow)',
    () =>
      numbered(
        open(1, '/held', { method: 'POST', hasBody: true }),
        ...Array.from({ length: 600 }, () =>
          frame(StreamFrameType.DATA, 1, Buffer.alloc(LIMITS.bodyChunkBytes, 2)),
        ),
      ),
    'PROTOCOL_ERROR',
  ],
];

for (const [name, messages, end] of [
  ...FRAMES,
  ...STREAMS.map(([name, messages, end]): Message => [name, () => [ATTACH, ...messages()], end]),
]) {
  attack(name, async () => {
    const atRest = residentBytes(scene.victim.pid);
    const intruder = await intrude();
    await intruder.pour(messages());
    expect(await intruder.ended()).toBe(end);
    intruder.leave();
    await expectShrunk(atRest);
  });
}

/** Resolves once a host is about as large as it was. */
async function expectShrunk(atRest: number, host: Share = scene.victim): Promise<void> {
  await eventually('memory is back', () => residentBytes(host.pid) - atRest < MAX_GROWTH_BYTES);
}

/** The codes of the streams that the host has reset. */
function resets(intruder: Intruder): string[] {
  return intruder.payloads
    .map(decodeStreamFrame)
    .flatMap((each) => (each.type === 'reset' ? [each.code] : []));
}

attack('A message beyond what a carrier takes', async () => {
  const intruder = await intrude();
  intruder.send(ATTACH);
  await eventually('the host has proved the key', () => intruder.heard.length > 0);
  intruder.send(Buffer.alloc(LIMITS.maxMessageBytes + 1));
  expect(await intruder.ended()).toBe('closed with 1009');
});

attack(
  'Streams opened and reset without end (rapid reset)',
  async () => {
    const args = ['--server', scene.server.url, '--ingress', 'open'];
    // On a busy machine the host's 10 s may be too short for as many resets as are too many.
    const patient = await Share.start(scene.app.port, args, SLOW_TIME);
    const atRest = residentBytes(patient.pid);
    const intruder = await intrude(patient);
    const resets = Array.from({ length: LIMITS.maxResetsPerWindow + 1_000 }, (_, index) => [
      open(2 * index + 1),
      encodeReset(2 * index + 1, 'CANCELLED'),
    ]);
    await intruder.pour([ATTACH, ...numbered(...resets.flat())]);
    expect(await intruder.ended(150_000)).toBe('LIMIT_EXCEEDED');
    intruder.leave();
    await expectShrunk(atRest, patient);
    await patient.stop();
  },
  240_000,
);

attack('More streams than a link may have', async () => {
  const intruder = await intrude();
  const opens = Array.from({ length: LIMITS.maxStreams + 4 }, (_, index) => open(2 * index + 1));
  await intruder.pour([ATTACH, ...numbered(...opens)]);
  await eventually('refusals', () => resets(intruder).length >= 4);
  expect(new Set(resets(intruder))).toEqual(new Set(['REFUSED']));
  intruder.leave();
});

attack('An exchange of an unknown kind', async () => {
  const intruder = await intrude();
  intruder.send(ATTACH, ...numbered(frame(StreamFrameType.OPEN, 1, Buffer.of(0x7f))));
  await eventually('a reset', () => resets(intruder).length > 0);
  expect(resets(intruder)).toEqual(['PROTOCOL_ERROR']);
  intruder.leave();
});

attack('A head that is no Protocol Buffers message', async () => {
  const intruder = await intrude();
  const nonsense = Buffer.from([0, 0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1]);
  intruder.send(ATTACH, ...numbered(frame(StreamFrameType.OPEN, 1, nonsense)));
  await eventually('a reset', () => resets(intruder).length > 0);
  expect(resets(intruder)).toEqual(['PROTOCOL_ERROR']);
  intruder.leave();
});

const FLOODS: [attack: string, message: () => Uint8Array][] = [
  ['PINGs whose answers are not read', () => PING],
  ['ATTACH again and again', () => ATTACH],
  ['USE again and again', () => encodeLinkFrame({ type: 'use', turn: 1 })],
  ['The same frame again and again', () => data(0, open(1))],
];

for (const [name, message] of FLOODS) {
  attack(name, async () => {
    const intruder = await intrude();
    const atRest = residentBytes(scene.victim.pid);
    intruder.send(ATTACH);
    intruder.carrier.pause();
    await intruder.pour(Array.from({ length: FLOOD }, message));
    await eventually('the flood has gone out', () => intruder.carrier.sent >= FLOOD);
    expect((await bystander.get('/')).status).toBe(200);
    intruder.leave();
    await expectShrunk(atRest);
  });
}

type Asked = [
  attack: string,
  head: Partial<Omit<RequestHead, 'headers'>>,
  status: number,
  code: string,
];

const HEADS: Asked[] = [
  ['A target of another machine', { target: 'http://169.254.169.254/' }, 400, 'BAD_REQUEST'],
  ['A target that is no path', { target: '@evil.example/' }, 400, 'BAD_REQUEST'],
  ['A line break in a target', { target: '/ HTTP/1.1\r\nhost: evil' }, 400, 'BAD_REQUEST'],
  ['A line break in a method', { method: 'GET / HTTP/1.1\r\nx:' }, 400, 'BAD_REQUEST'],
  ['CONNECT over a link', { method: 'CONNECT', target: '/' }, 400, 'BAD_REQUEST'],
  ['A port that is not shared', { port: 22 }, 403, 'PORT_NOT_ALLOWED'],
  ['A port that is none', { port: 70_000 }, 403, 'PORT_NOT_ALLOWED'],
];

const FIELDS: [attack: string, fields: Header[]][] = [
  ['A line break in a field', [header('x', 'a\r\nhost: evil')]],
  ['A field name in upper case', [{ name: 'Transfer-Encoding', value: 'chunked' }]],
  ['A line break in a field name', [{ name: 'x: a\r\ny', value: 'b' }]],
  ['Two lengths over a link', [header('content-length', '1'), header('content-length', '2')]],
];

async function ask(fields: Partial<RequestHead>): Promise<[status: number, code: string]> {
  const head = create(RequestHead, { method: 'GET', target: '/secret', headers: [], ...fields });
  const { body, head: answer } = await request(bystander.mux, head);
  for await (const chunk of body) void chunk;
  const code = answer.headers.find(({ name }) => name === 'wingman-error')?.value;
  return [answer.status, code ?? ''];
}

const heard = (): string[] => scene.app.requests.filter((line) => line.includes('secret'));

for (const [name, head, status, code] of [
  ...HEADS,
  ...FIELDS.map(([name, headers]): Asked => [name, { headers } as Asked[1], 400, 'BAD_REQUEST']),
]) {
  attack(name, async () => {
    expect(await ask(head)).toEqual([status, code]);
    expect(heard()).toEqual([]);
  });
}

const RESERVED = [
  '/%5f_wingman/x',
  '//__wingman/x',
  '/a/../__wingman/x',
  '/\\__wingman\\x',
  '/%2e/__wingman',
];

attack('Reserved paths in odd spellings', async () => {
  for (const target of RESERVED)
    expect([target, (await ask({ target }))[0]]).toEqual([target, 404]);
  expect(scene.app.requests.filter((line) => line.includes('wingman'))).toEqual([]);
});

attack('A host field of another machine', async () => {
  const headers = [header('host', 'evil.example'), header('accept', '*/*')];
  const { body } = await request(
    bystander.mux,
    create(RequestHead, { method: 'GET', target: '/headers', headers }),
  );
  let text = '';
  for await (const chunk of body) text += Buffer.from(chunk).toString();
  expect((JSON.parse(text) as { host: string }).host).toBe(`localhost:${scene.app.port}`);
});
