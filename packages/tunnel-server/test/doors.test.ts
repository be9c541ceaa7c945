import { describe, expect, test } from '@jest/globals';
import {
  CloseCode,
  decodeMessage,
  encodeRecord,
  newLinkId,
  passPayload,
  ServerToViewer,
  type Door,
} from '@wingman/protocol';
import { createHmac, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { ClientSocket } from './support/client-socket.js';
import { FakeHost } from './support/fake-host.js';
import { FakeViewer, openRelay } from './support/fake-viewer.js';
import { startServer, startSession } from './support/server.js';

// Whoever knows only a session's host name costs nothing and learns nothing.

const ATTEMPTS = 40;

/** What somebody without the link key can put into a URL. */
function keylessPaths(host: FakeHost, door: Door): string[] {
  const id = newLinkId();
  const withPass = (pass: string): string =>
    host.doorPath(door, id).replace(/pass=.*/, `pass=${pass}`);
  const forged = createHmac('sha256', randomBytes(32)).update(passPayload(door, id));
  const elsewhere = host.doorPath(door === 'relay' ? 'signal' : 'relay', id).split('pass=')[1];
  const another = host.doorPath(door, newLinkId()).split('pass=')[1];
  return [
    withPass(''),
    withPass('AAAA'),
    withPass(forged.digest('base64url')),
    withPass(elsewhere ?? ''),
    withPass(another ?? ''),
    host.doorPath(door, id).replace(/&pass=.*/, ''),
  ];
}

describe.each(['signal', 'relay'] as const)('the %s door', (door) => {
  test('closes without a pass of the link key, and says nothing of the session', async () => {
    const { host } = await startSession();
    for (const path of keylessPaths(host, door)) {
      const client = await ClientSocket.open(host.port, host.name, path);
      expect((await client.closed).code).toBe(CloseCode.HANDSHAKE_FAILED);
      const told = client.messages
        .drain()
        .map((bytes) => decodeMessage(ServerToViewer, bytes).message);
      // All bytes on the relay count as the host's, so the viewer would take a message for a handshake.
      const refusals = [{ $case: 'refusal', value: { code: 'HANDSHAKE_FAILED' } }];
      expect(told).toMatchObject(door === 'signal' ? refusals : []);
    }
  });
});

test('keyless viewers take no place, call no host, and leave those with the key alone', async () => {
  const server = await startServer({ maxViewers: 2 });
  const host = await FakeHost.start(server.port);
  const spare = await host.relays.next();
  const isDialled = (): boolean => host.relays.size > 0;
  const knocks = Array.from({ length: ATTEMPTS }, (_, index) => {
    const door = index % 2 === 0 ? 'signal' : 'relay';
    const path = host.doorPath(door, newLinkId()).replace(/pass=.*/, 'pass=');
    return ClientSocket.open(host.port, host.name, path);
  });
  for (const client of await Promise.all(knocks)) await client.closed;
  expect(isDialled()).toBe(false);
  expect(host.received.drain().map((message) => message?.$case)).not.toContain('connectionRequest');
  const viewers = [await FakeViewer.join(host), await FakeViewer.join(host)];
  for (const viewer of viewers) expect((await viewer.next()).$case).toBe('hostPresence');
  const relay = await openRelay(host);
  relay.send(Buffer.from('let in'));
  expect((await spare.messages.next()).toString()).toBe('let in');
});

test('a first flight without a pass is refused before its body is read', async () => {
  const { host } = await startSession();
  await host.relays.next();
  const path = host.doorPath('relay', newLinkId()).replace(/pass=.*/, 'pass=');
  const answer = await new Promise<{ status: number | undefined; code: unknown }>((resolve) => {
    const headers = { host: host.name, origin: `http://${host.name}` };
    const outgoing = request({ host: '127.0.0.1', port: host.port, path, method: 'POST', headers });
    outgoing.on('response', (response) => {
      resolve({ status: response.statusCode, code: response.headers['wingman-error'] });
      outgoing.destroy();
    });
    outgoing.on('error', () => undefined);
    // The body never ends.
    outgoing.write(encodeRecord(Buffer.from('not a handshake')));
  });
  expect(answer).toEqual({ status: 403, code: 'HANDSHAKE_FAILED' });
  expect(host.relays.size).toBe(0);
});

test('a pass is good for its own session only', async () => {
  const server = await startServer();
  const [one, other] = [await FakeHost.start(server.port), await FakeHost.start(server.port)];
  const client = await ClientSocket.open(one.port, one.name, other.doorPath('relay', newLinkId()));
  expect((await client.closed).code).toBe(CloseCode.HANDSHAKE_FAILED);
});
