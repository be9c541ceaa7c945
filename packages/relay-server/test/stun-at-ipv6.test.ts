import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { loadEngine } from '../src/tunnel/webrtc/webrtc-adapter.js';
import { cleanups } from './support/cleanups.js';

/** A socket on this machine that says nothing. */
async function listening(type: 'udp4' | 'udp6', host: string): Promise<Socket> {
  const socket = createSocket(type);
  cleanups.push(() => void socket.close());
  socket.bind(0, host);
  await once(socket, 'listening');
  return socket;
}

test.each([
  ['udp4', '127.0.0.1', '127.0.0.1'],
  ['udp6', '::1', '[::1]'],
] as const)('a STUN server is asked at its address: %s', async (type, host, written) => {
  const socket = await listening(type, host);
  const asked = once(socket, 'message');
  const { engine } = await loadEngine('node-datachannel');
  const ignore = (): void => undefined;
  const none = { username: '', credential: '' };
  const server = { urls: [`stun:${written}:${socket.address().port}`], ...none };
  const handlers = { candidate: ignore, channel: ignore, closed: ignore };
  const peer = engine?.createPeer([server], handlers);
  cleanups.push(() => peer?.close());
  await peer?.createOffer();
  const [message] = (await asked) as [Buffer];
  // A Binding request (RFC 8489 section 5).
  expect(message.readUInt16BE(0)).toBe(1);
});
