import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import {
  BaseCarrier,
  createLinkKey,
  DialPreface,
  DialPurpose,
  encodeMessage,
  initiate,
  LIMITS,
  newLinkId,
  PrekeyRing,
} from '@wingman/protocol';
import { WebSocketServer, type WebSocket } from 'ws';
import { HOST_LIMITS } from '../src/limits.js';
import { Dialer } from '../src/tunnel/dialer.js';
import { cleanups } from './support/cleanups.js';
import { FakeClock } from './support/fake-clock.js';
import { until } from './support/until.js';

const KEY = createLinkKey();

/** What the tunnel server has of a dial-back. */
class Dialled extends BaseCarrier {
  ended: { code: number; reason: string } | undefined;

  constructor(readonly socket: WebSocket) {
    super();
    socket.on('message', (data: Buffer) => this.receive(data));
    socket.on('close', (code, reason) => (this.ended = { code, reason: reason.toString() }));
  }

  readonly writable = true;

  send(message: Uint8Array): void {
    this.socket.send(message);
  }

  protected shut(code: number): void {
    this.socket.close(code);
  }

  /** Splices it with a viewer, who has said nothing yet. */
  splice(): void {
    this.send(encodeMessage(DialPreface, { viewerId: newLinkId() }));
  }
}

/** A host's dial-backs to a server of the test's. */
async function start() {
  const http = createServer();
  const server = new WebSocketServer({ server: http });
  const dialled: Dialled[] = [];
  server.on('connection', (socket) => dialled.push(new Dialled(socket)));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const clock = new FakeClock();
  const attached: string[] = [];
  const dialBack = new Dialer({
    linkKey: KEY,
    prekeys: await PrekeyRing.create(),
    ingressAllowed: true,
    clock,
    attachViewer: (linkId) => attached.push(linkId),
    attachIngress: () => undefined,
    failed: () => undefined,
  });
  cleanups.push(() => {
    dialBack.close();
    for (const client of server.clients) client.terminate();
    http.close();
  });
  const url = new URL(`http://127.0.0.1:${(http.address() as AddressInfo).port}`);
  const dial = async (): Promise<Dialled> => {
    const count = dialled.length;
    dialBack.dial(DialPurpose.RELAY, { server: url, session: 'session', token: 'token' });
    await until(() => dialled.length > count, 'the host dials');
    // The server has the connection a moment before the host knows that it is open.
    await until(() => !clock.pending.includes(HOST_LIMITS.dialMs), 'the host has dialled');
    return dialled[count]!;
  };
  return { clock, attached, dial };
}

/** The host has heard of a viewer. */
async function heard(clock: FakeClock): Promise<void> {
  await until(() => clock.pending.includes(LIMITS.handshakeMs), 'the deadline runs');
}

test('a viewer that proves nothing loses the connection in time, and others are served meanwhile', async () => {
  const { clock, attached, dial } = await start();
  const silent = [await dial(), await dial(), await dial()];
  const ready = await dial();
  for (const each of silent) each.splice();
  await until(
    () => clock.pending.filter((at) => at === LIMITS.handshakeMs).length === silent.length,
    'the deadlines run',
  );
  const linkId = newLinkId();
  ready.splice();
  await initiate(ready, { key: KEY, kind: 'relay', linkId });
  await until(() => attached.length === 1, 'who proves the key is let in');
  clock.advance(LIMITS.handshakeMs);
  await until(() => silent.every(({ ended }) => ended !== undefined), 'the silent ones are cut');
  expect(silent.map(({ ended }) => ended)).toEqual(
    silent.map(() => ({ code: 4008, reason: 'TIMEOUT' })),
  );
  expect(ready.ended).toBeUndefined();
  expect(attached).toEqual([linkId]);
});

test('a connection that is kept ready waits for its viewer', async () => {
  const { clock, attached, dial } = await start();
  const ready = await dial();
  clock.advance(LIMITS.handshakeMs);
  ready.splice();
  await heard(clock);
  await initiate(ready, { key: KEY, kind: 'relay', linkId: newLinkId() });
  await until(() => attached.length === 1, 'the viewer is let in');
});
