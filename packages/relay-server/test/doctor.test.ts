import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { clock, type Examined } from '../src/cli/doctor/checks.js';
import { examine } from '../src/cli/doctor/doctor.js';
import { mappedAddress } from '../src/cli/doctor/stun-question.js';
import { cleanups } from './support/cleanups.js';
import { freePort, listen } from './support/servers.js';

const NOTHING: Examined = { server: undefined, stunServers: [], tunnelPort: 0 };

async function examined(more: Partial<Examined>): Promise<{ isWell: boolean; text: string }> {
  let text = '';
  const isWell = await examine({ ...NOTHING, ...more }, (line) => (text += line), false);
  return { isWell, text };
}

test('says what runs here, and that a server is missing', async () => {
  const { isWell, text } = await examined({});
  expect(text).toContain(`Node.js    ${process.versions.node}`);
  expect(text).toMatch(/\+ engines {4}.*(node-datachannel|wrtc)/);
  expect(text).toContain('--server tunnel.example.org');
  expect(isWell).toBe(true);
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
  let date = new Date();
  const server = await listen((asked, answer) => {
    answer.statusCode = asked.url === '/healthz' ? 200 : 404;
    answer.setHeader('date', date.toUTCString()).end();
  });
  cleanups.push(() => server.close());
  const url = new URL(`http://127.0.0.1:${server.port}`);
  const well = await examined({ server: url });
  expect(well.text).toMatch(/\+ server .*127\.0\.0\.1:\d+, \d+ ms/);
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
  expect(text).toContain('no tunnel server that can be reached: ECONNREFUSED');
  expect(isWell).toBe(false);
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

test('a STUN server is asked by UDP, and others are left alone', async () => {
  const socket = createSocket('udp4');
  socket.on('message', (packet, { port }) => {
    const answer = Buffer.from(RESPONSE);
    packet.copy(answer, 8, 8, 20);
    socket.send(answer, port, '127.0.0.1');
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  cleanups.push(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  const own = `stun:127.0.0.1:${socket.address().port}`;
  const { text } = await examined({ stunServers: [own, 'turn:turn.example.org'] });
  expect(text).toContain(`${own} sees 192.0.2.1:32853`);
  expect(text).toContain('turn:turn.example.org is not looked at');
});
