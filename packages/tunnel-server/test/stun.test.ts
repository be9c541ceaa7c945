import { describe, expect, test } from '@jest/globals';
import { systemClock } from '@wingman/protocol';
import { createHmac, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { StunCoordination, turnCredential } from '../src/stun/stun-coordination.js';
import {
  bindingResponse,
  canonicalAddress,
  parseBindingRequest,
} from '../src/stun/stun-message.js';
import { listenOnAnyOf, stunHost, StunResponder } from '../src/stun/stun-responder.js';
import { startServer } from './support/server.js';

/** RFC 5769 section 2.1's transaction id, in a request without attributes. */
const REQUEST = Buffer.from('000100002112a442b7e7a701bc34d686fa87dfae', 'hex');

function withAttributes(...attributes: string[]): Buffer {
  const body = Buffer.from(attributes.join(''), 'hex');
  const packet = Buffer.concat([REQUEST, body]);
  packet.writeUInt16BE(body.length, 2);
  return packet;
}

const respond = (packet: Buffer, address: string, port: number): string | undefined => {
  const request = parseBindingRequest(packet);
  return request && bindingResponse(request, address, port).toString('hex');
};

test.each([
  ['127.0.0.1', undefined, '127.0.0.1'],
  ['127.0.0.1', 'http://localhost:8787', '127.0.0.1'],
  ['127.0.0.1', 'https://tunnel.example.org', '::'],
  ['::1', 'https://tunnel.example.org', '::'],
  ['192.0.2.1', 'https://tunnel.example.org', '192.0.2.1'],
  ['::', 'https://tunnel.example.org', '::'],
] as const)('behind %s, public at %s, STUN binds %s', (host, publicUrl, bound) => {
  expect(stunHost(host, publicUrl)).toBe(bound);
});

describe('a binding response', () => {
  // The XOR-MAPPED-ADDRESS values are those of RFC 5769 sections 2.2 and 2.3.
  const header = (length: string) => `0101${length}2112a442b7e7a701bc34d686fa87dfae`;

  test('carries an IPv4 address', () => {
    expect(respond(REQUEST, '192.0.2.1', 32853)).toBe(`${header('000c')}002000080001a147e112a643`);
  });

  test('carries an IPv6 address', () => {
    expect(respond(REQUEST, '2001:db8:1234:5678:11:2233:4455:6677', 32853)).toBe(
      `${header('0018')}002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9`,
    );
  });

  test('sees an IPv4 address through an IPv6 socket', () => {
    expect(respond(REQUEST, '::ffff:192.0.2.1', 32853)).toBe(respond(REQUEST, '192.0.2.1', 32853));
    expect(canonicalAddress('fe80::1%eth0')).toBe('fe80::1');
  });

  test('names the required attributes it does not know (RFC 8489 section 6.3.1)', () => {
    const response = respond(withAttributes('7f000000', '80ff0000'), '192.0.2.1', 1) ?? '';
    expect(response.slice(0, 4)).toBe('0111');
    expect(response).toContain('000a00027f00');
  });

  test('ignores what it may ignore', () => {
    // SOFTWARE, padded, and FINGERPRINT.
    const packet = withAttributes('8022000361626300', '8028000401020304');
    expect(respond(packet, '192.0.2.1', 32853)).toBe(respond(REQUEST, '192.0.2.1', 32853));
  });
});

describe('no answer', () => {
  test.each([
    ['nothing', Buffer.alloc(0)],
    ['a short header', REQUEST.subarray(0, 19)],
    ['a wrong cookie', Buffer.from('000100002112a443b7e7a701bc34d686fa87dfae', 'hex')],
    ['a response', Buffer.from('010100002112a442b7e7a701bc34d686fa87dfae', 'hex')],
    ['an indication', Buffer.from('001100002112a442b7e7a701bc34d686fa87dfae', 'hex')],
    ['a wrong length', Buffer.from('000100042112a442b7e7a701bc34d686fa87dfae', 'hex')],
    [
      'an odd length',
      Buffer.concat([Buffer.from('00010003', 'hex'), REQUEST.subarray(4), Buffer.alloc(3)]),
    ],
    ['an attribute that overruns', withAttributes('80220008', '61626364')],
    ['random bytes', randomBytes(64)],
  ])('to %s', (_name, packet) => {
    expect(parseBindingRequest(packet)).toBeUndefined();
  });
});

test.each(['127.0.0.1', '::1'])('the responder answers a socket on %s', async (host) => {
  const responder = await StunResponder.listen(host, 0, systemClock);
  const socket = createSocket(host === '::1' ? 'udp6' : 'udp4');
  const answered = once(socket, 'message');
  socket.send(Buffer.from('not stun'), responder.port, host);
  socket.send(REQUEST, responder.port, host);
  const [answer] = (await answered) as [Buffer];
  expect(answer.toString('hex')).toBe(respond(REQUEST, host, socket.address().port));
  socket.close();
  await responder.close();
});

test('where everything is bound, both families are answered', async () => {
  const responder = await StunResponder.listen('::', 0, systemClock);
  for (const [type, host] of [
    ['udp4', '127.0.0.1'],
    ['udp6', '::1'],
  ] as const) {
    const socket = createSocket(type);
    const answered = once(socket, 'message');
    socket.send(REQUEST, responder.port, host);
    const [answer] = (await answered) as [Buffer];
    expect(answer.toString('hex')).toBe(respond(REQUEST, host, socket.address().port));
    socket.close();
  }
  await responder.close();
});

test('a taken port moves the responder, unless that port was asked for', async () => {
  const first = await StunResponder.listen('127.0.0.1', 0, systemClock);
  const { port } = first;
  const moved = await listenOnAnyOf(
    { host: '127.0.0.1', port: undefined, preferredPort: port },
    systemClock,
  );
  expect(moved.port).not.toBe(port);
  await expect(
    listenOnAnyOf({ host: '127.0.0.1', port, preferredPort: 0 }, systemClock),
  ).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await expect(startServer({ stunPort: port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await Promise.all([first.close(), moved.close()]);
});

test('the embedded responder can be switched off', async () => {
  const server = await startServer({ stunEmbedded: false });
  expect(server.stunPort).toBeUndefined();
});

describe('TURN credentials', () => {
  const options = {
    stunUrls: () => ['stun:192.0.2.1'],
    turnUrls: ['turn:turn.example.org'],
    turnSecret: 'north',
    wallClock: () => 1_700_000_000_999,
  };

  test("are made as coturn's use-auth-secret checks them", () => {
    const { credential, username } = turnCredential('north', 'abc', 1_700_000_060_999);
    expect(username).toBe('1700000060:abc');
    expect(credential).toBe(createHmac('sha1', 'north').update(username).digest('base64'));
  });

  test('expire with the session, and after eight hours at the latest', () => {
    const stun = new StunCoordination(options);
    const expiry = (lifeMs: number) => stun.iceServersFor('x', lifeMs)[1]?.username.split(':')[0];
    expect(expiry(60_000)).toBe('1700000060');
    expect(expiry(365 * 86_400_000)).toBe(String(1_700_000_000 + 8 * 3600));
  });

  test('are not handed out without TURN servers', () => {
    const stun = new StunCoordination({ ...options, turnUrls: [] });
    expect(stun.iceServersFor('x', 1000)).toEqual([
      { urls: ['stun:192.0.2.1'], username: '', credential: '' },
    ]);
    expect(
      new StunCoordination({ ...options, stunUrls: () => [] }).iceServersFor('x', 1),
    ).toHaveLength(1);
  });
});
