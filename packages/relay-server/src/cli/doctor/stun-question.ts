import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { IceUrl } from '@wingman/node-kit';
import { HOST_LIMITS } from '../../limits.js';

const MAGIC_COOKIE = 0x2112a442;
const HEADER_BYTES = 20;
const BINDING_SUCCESS = 0x0101;
const XOR_MAPPED_ADDRESS = 0x0020;
const IPV4 = 1;
/** A packet may be lost: it is sent again after so many milliseconds. */
const AGAIN_MS = 500;

/**
 * Asks a STUN server from where it sees this machine (RFC 8489): `address:port`, or undefined without an answer. It is
 * asked from a socket of the caller's, or from one of its own.
 */
export async function askStun(
  { hostname, port }: IceUrl,
  given?: Socket,
): Promise<string | undefined> {
  const host = hostname.replace(/^\[|\]$/g, '');
  const socket = given ?? createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  const transaction = randomBytes(12);
  const head = Buffer.from([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]);
  const send = (): void =>
    socket.send(Buffer.concat([head, transaction]), port, host, () => undefined);
  const again = setInterval(send, AGAIN_MS);
  try {
    send();
    return await answerOf(socket, transaction);
  } finally {
    clearInterval(again);
    if (given === undefined) socket.close();
  }
}

function answerOf(socket: Socket, transaction: Buffer): Promise<string | undefined> {
  return new Promise((resolve) => {
    const late = setTimeout(() => resolve(undefined), HOST_LIMITS.doctorMs);
    const done = (address: string | undefined): void => {
      clearTimeout(late);
      resolve(address);
    };
    // A name that doesn't resolve, or a network that isn't there.
    socket.once('error', () => done(undefined));
    socket.on('message', (packet) => {
      const isOurs = packet.subarray(8, HEADER_BYTES).equals(transaction);
      if (isOurs && packet.readUInt16BE(0) === BINDING_SUCCESS) done(mappedAddress(packet));
    });
  });
}

/** The address in a binding response; `an address` for one that isn't IPv4. */
export function mappedAddress(packet: Buffer): string | undefined {
  for (let at = HEADER_BYTES; at + 4 <= packet.length;) {
    const length = packet.readUInt16BE(at + 2);
    const value = packet.subarray(at + 4, at + 4 + length);
    if (packet.readUInt16BE(at) === XOR_MAPPED_ADDRESS && value.length >= 8) {
      const port = value.readUInt16BE(2) ^ (MAGIC_COOKIE >>> 16);
      if (value[1] !== IPV4) return `an IPv6 address, port ${port}`;
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE((value.readUInt32BE(4) ^ MAGIC_COOKIE) >>> 0);
      return `${bytes.join('.')}:${port}`;
    }
    at += 4 + ((length + 3) & ~3);
  }
  return undefined;
}
