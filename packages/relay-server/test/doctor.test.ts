import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, jest, test } from '@jest/globals';
import { clock, examine } from '../src/cli/doctor/doctor.js';
import type { Examined } from '../src/cli/doctor/finding.js';
import { natFinding, type Mapping } from '../src/cli/doctor/nat.js';
import { mtuFinding, mtuIn } from '../src/cli/doctor/path-mtu.js';
import { mappedAddress } from '../src/cli/doctor/stun-question.js';
import { cleanups } from './support/cleanups.js';
import { freePort, listen } from './support/servers.js';
import { stopTime } from './support/still-time.js';

// A question is repeated, and given up, by time alone.
stopTime();

const NOTHING: Examined = {
  server: undefined,
  stunServers: [],
  tunnelPort: 0,
  mapsPorts: false,
};

async function examined(
  more: Partial<Examined>,
  columns?: number,
): Promise<{ isWell: boolean; text: string }> {
  let text = '';
  const write = (line: string): unknown => (text += line);
  const isWell = await examine({ ...NOTHING, ...more }, write, { color: false, columns });
  return { isWell, text };
}

test('says what runs here, and that a server is missing', async () => {
  const { isWell, text } = await examined({});
  expect(text).toContain(`Node.js    ${process.versions.node}`);
  expect(text).toMatch(/\+ engines {4}.*(node-datachannel|wrtc)/);
  expect(text).toContain('--server tunnel.example.org');
  expect(isWell).toBe(true);
});

test('breaks lines between words in a narrow terminal', async () => {
  const [{ text: narrow }, { text: wide }] = [await examined({}, 40), await examined({})];
  const lines = narrow.split('\n');
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(41);
  expect(narrow.split(/\s+/)).toEqual(wide.split(/\s+/));
});

test('a port that is taken is worth knowing', async () => {
  const other = createServer();
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  cleanups.push(() => new Promise<void>((resolve) => other.close(() => resolve())));
  const { port } = other.address() as AddressInfo;
  const taken = await examined({ tunnelPort: port });
  expect(taken.text).toContain('another program listens there');
  expect(taken.isWell).toBe(true);
  const free = await examined({ tunnelPort: await freePort() });
  expect(free.text).toContain('free for the tunnel server');
});

test('a server is asked, and so is its clock', async () => {
  // The one deadline that is the system's own.
  const deadline = jest.spyOn(AbortSignal, 'timeout');
  deadline.mockReturnValue(new AbortController().signal);
  cleanups.push(() => deadline.mockRestore());
  let date = new Date();
  const server = await listen((asked, answer) => {
    answer.statusCode = asked.url === '/healthz' ? 200 : 404;
    answer.setHeader('date', date.toUTCString()).end();
  });
  cleanups.push(() => server.close());
  const url = new URL(`http://127.0.0.1:${server.port}`);
  const well = await examined({ server: url });
  expect(well.text).toMatch(/\+ server .*127\.0\.0\.1:\d+, \d+ ms/);
  // Loopback carries packets of 64 KiB.
  expect(well.text).toMatch(/\+ path MTU +\d{5} bytes to the server/);
  expect(well.isWell).toBe(true);
  date = new Date(Date.now() + 120_000);
  const late = await examined({ server: url });
  expect(late.text).toMatch(/! clock +1\d\d s behind/);
  expect(late.isWell).toBe(false);
});

test('a server that is not there is bad', async () => {
  const { isWell, text } = await examined({
    server: new URL(`http://127.0.0.1:${await freePort()}`),
  });
  expect(text).toContain('no tunnel server that can be reached: nothing listens there');
  expect(text).toMatch(/· path MTU +not measured/);
  expect(isWell).toBe(false);
});

/** What `ss -tinH` prints of a connection. */
const line = (options: string, mss: number, pmtu: number): string =>
  `0 0 192.0.2.7:40000 203.0.113.9:443\n\t ${options} rto:208 rtt:7.1/3.5 mss:${mss} pmtu:${pmtu} rcvmss:536 advmss:1448 cwnd:10\n`;

test.each<[string, string, 4 | 6, number | undefined]>([
  ['a usual network', line('ts sack cubic wscale:7,7', 1_448, 1_500), 4, 1_500],
  ['no times', line('sack cubic', 1_460, 1_500), 4, 1_500],
  ['times that are not told', line('bbr', 1_198, 1_250), 4, 1_250],
  ['what the other end takes, without times', line('bbr', 1_360, 1_500), 4, 1_400],
  ['IPv6', line('ts sack cubic', 1_428, 1_500), 6, 1_500],
  ['what the other end takes', line('ts sack cubic', 1_348, 1_500), 4, 1_400],
  ['what a router has told', line('ts sack cubic', 1_448, 1_280), 4, 1_280],
  ['several', line('ts', 1_448, 1_500) + line('ts', 1_308, 1_500), 4, 1_360],
  ['none', '', 4, undefined],
  ['a header alone', '0 0 192.0.2.7:40000 203.0.113.9:443\n', 4, undefined],
])('the path MTU is read from the connections: %s', (_, printed, family, expected) => {
  expect(mtuIn(printed, family)).toBe(expected);
});

test('a path whose packets are too small for direct paths is bad', () => {
  expect(mtuFinding(1_280).grade).toBe('good');
  expect(mtuFinding(1_279)).toMatchObject({
    grade: 'bad',
    says: '1279 bytes to the server, by TCP: direct paths send 1280',
    cure: expect.stringContaining('--no-p2p'),
  });
});

test('a clock that nobody tells of is as good as any', () => {
  expect(clock(null).grade).toBe('good');
  expect(clock('Mon, 23 Nov 2026 08:00:00 GMT', Date.UTC(2026, 10, 23, 8, 1)).says).toBe(
    '60 s ahead of the server’s',
  );
});

/** The example of RFC 5769 section 2.2, cut after its XOR-MAPPED-ADDRESS. */
const RESPONSE = Buffer.from(
  '0101000c2112a442b7e7a701bc34d686fa87dfae' + '002000080001a147e112a643',
  'hex',
);

test('reads the address in a STUN response', () => {
  expect(mappedAddress(RESPONSE)).toBe('192.0.2.1:32853');
  expect(mappedAddress(RESPONSE.subarray(0, 24))).toBeUndefined();
  expect(mappedAddress(Buffer.alloc(0))).toBeUndefined();
});

/** A STUN server at that address of loopback, which sees what the example says, or that port. */
async function stunServer(address: string, seenPort?: number): Promise<string> {
  const socket = createSocket('udp4');
  socket.on('message', (packet, { port }) => {
    const answer = Buffer.from(RESPONSE);
    packet.copy(answer, 8, 8, 20);
    if (seenPort !== undefined) answer.writeUInt16BE(seenPort ^ 0x2112, 26);
    socket.send(answer, port, '127.0.0.1');
  });
  socket.bind(0, address);
  await once(socket, 'listening');
  cleanups.push(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  return `stun:${address}:${socket.address().port}`;
}

test('a STUN server is asked by UDP, and others are left alone', async () => {
  const own = await stunServer('127.0.0.1');
  const { text } = await examined({ stunServers: [own, 'turn:turn.example.org'] });
  expect(text).toContain(`${own} sees 192.0.2.1:32853`);
  expect(text).toContain('turn:turn.example.org is not looked at');
  expect(text).toMatch(/· NAT +not known: .*two STUN servers at different/);
});

test.each([
  ['the same port', 32_853, /\+ NAT +lenient/],
  ['different ports', 40_000, /· NAT +strict \(symmetric\).*relay\n +Another network/],
])('two servers that see %s tell what kind of NAT there is', async (_, port, expected) => {
  const stunServers = [await stunServer('127.0.0.1'), await stunServer('127.0.0.2', port)];
  const { isWell, text } = await examined({ stunServers });
  expect(text).toMatch(expected);
  expect(isWell).toBe(true);
});

test.each<[string, Mapping[], string[], RegExp]>([
  ['nobody', [], ['10.0.0.7'], /^not known/],
  ['one at two ports', [seenBy('1.1.1.1'), seenBy('1.1.1.1')], ['10.0.0.7'], /^not known/],
  ['one, at an own address', [seenBy('1.1.1.1')], ['203.0.113.9'], /^none/],
  ['two, at an own address', [seenBy('1.1.1.1'), seenBy('2.2.2.2')], ['203.0.113.9'], /^none/],
  ['two, at another address', [seenBy('1.1.1.1'), seenBy('2.2.2.2')], ['10.0.0.7'], /^lenient/],
  ['two, differently', [seenBy('1.1.1.1'), seenBy('2.2.2.2', '203.0.113.10')], [], /^strict/],
])('what it means to be seen by %s', (_, mappings, own, expected) => {
  expect(natFinding(mappings, own).says).toMatch(expected);
});

function seenBy(server: string, address = '203.0.113.9'): Mapping {
  return { server, seen: `${address}:5000` };
}
