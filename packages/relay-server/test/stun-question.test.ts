import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import type { IceUrl } from '@wingman/node-kit';
import { nat } from '../src/cli/doctor/nat.js';
import { askStun, mappedAddress } from '../src/cli/doctor/stun-question.js';
import { cleanups } from './support/cleanups.js';
import { stopTime } from './support/still-time.js';

// A question is repeated, and given up, by time alone.
stopTime();

const HEADER = Buffer.alloc(20);

/** An attribute of a STUN message, with what pads it (RFC 8489 section 14). */
function attribute(type: number, value: Buffer, length = value.length): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(length, 2);
  return Buffer.concat([head, value, Buffer.alloc(-value.length & 3)]);
}

/** 192.0.2.1:32853 as XOR-MAPPED-ADDRESS (RFC 5769 section 2.2), and an address of IPv6 at that port. */
const SEEN = attribute(0x0020, Buffer.from('0001a147e112a643', 'hex'));
const SEEN_BY_IPV6 = attribute(0x0020, Buffer.from(`0002a147${'00'.repeat(16)}`, 'hex'));

/** A STUN server that answers each question with what the test makes of it; counts the questions. */
async function stunServer(address: string, answers: (question: Buffer) => readonly Buffer[]) {
  const socket = createSocket('udp4');
  const asked = { count: 0, ports: new Set<number>() };
  socket.on('message', (question, { port }) => {
    asked.count += 1;
    asked.ports.add(port);
    for (const answer of answers(question)) socket.send(answer, port, '127.0.0.1');
  });
  socket.bind(0, address);
  await once(socket, 'listening');
  cleanups.push(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  const { port } = socket.address();
  const url: IceUrl = { scheme: 'stun', hostname: address, port, transport: 'udp' };
  return { asked, url, text: `stun:${address}:${port}` };
}

/** An answer of that type to a question. */
const answer = (question: Buffer, attributes: Buffer, type = 0x0101): Buffer => {
  const head = Buffer.from(question.subarray(0, 20));
  head.writeUInt16BE(type, 0);
  return Buffer.concat([head, attributes]);
};

describe('the address in an answer', () => {
  test.each<[string, readonly Buffer[], string | undefined]>([
    ['behind others, one of them padded', [attribute(0x8022, Buffer.from('abcde')), SEEN], '192'],
    ['behind one that is empty', [attribute(0x8022, Buffer.alloc(0)), SEEN], '192'],
    ['of IPv6', [SEEN_BY_IPV6], 'an IPv6 address, port 32853'],
    ['of half its length', [attribute(0x0020, Buffer.from('0001a147', 'hex'))], undefined],
    [
      'that is said to be longer than all',
      [attribute(1, Buffer.alloc(4), 65_535), SEEN],
      undefined,
    ],
    ['that is only an old kind', [attribute(0x0001, SEEN.subarray(4))], undefined],
    ['that ends within the head of an attribute', [SEEN.subarray(0, 3)], undefined],
  ])('%s', (_, attributes, expected) => {
    const read = mappedAddress(Buffer.concat([HEADER, ...attributes]));
    expect(read).toBe(expected === '192' ? '192.0.2.1:32853' : expected);
  });
});

describe('a STUN server', () => {
  test('may send anything before its answer', async () => {
    const { url } = await stunServer('127.0.0.1', (question) => {
      const others = Buffer.from(question);
      others[19]! ^= 1;
      const refusal = answer(question, SEEN, 0x0111);
      return [
        ...[Buffer.alloc(0), Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), question, refusal],
        ...[answer(others, SEEN_BY_IPV6), answer(question, SEEN)],
      ];
    });
    expect(await askStun(url)).toBe('192.0.2.1:32853');
  });

  test('that answers without an address is done with', async () => {
    const { url } = await stunServer('127.0.0.1', (question) => [answer(question, HEADER)]);
    expect(await askStun(url)).toBeUndefined();
  });
});

describe('the NAT', () => {
  test('is not called strict because one server answers with IPv6', async () => {
    const one = await stunServer('127.0.0.1', (question) => [answer(question, SEEN)]);
    const other = await stunServer('127.0.0.2', (question) => [answer(question, SEEN_BY_IPV6)]);
    const [finding] = await nat({ stunServers: [one.text, other.text] });
    expect(finding).toMatchObject({ grade: 'note', says: expect.stringMatching(/^not known/) });
  });

  test('is seen from one port of this machine, by four servers at most', async () => {
    const numbers = [1, 2, 3, 4, 5];
    const servers = await Promise.all(
      numbers.map((n) => stunServer(`127.0.0.${n}`, (question) => [answer(question, SEEN)])),
    );
    const [finding] = await nat({ stunServers: servers.map(({ text }) => text) });
    expect(finding?.says).toMatch(/^lenient/);
    expect(servers.map(({ asked }) => asked.count)).toEqual([1, 1, 1, 1, 0]);
    expect(new Set(servers.flatMap(({ asked }) => [...asked.ports])).size).toBe(1);
  });

  test('is not spoken of where no STUN server is named', async () => {
    expect(await nat({ stunServers: ['turn:127.0.0.1', 'stuns:127.0.0.1', 'nonsense'] })).toEqual(
      [],
    );
  });
});
