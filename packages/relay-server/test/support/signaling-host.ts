import { Backoff, Challenge, create, HostRegistered, WingmanError } from '@wingman/protocol';
import { HOST_LIMITS } from '../../src/limits.js';
import { SignalingClient } from '../../src/tunnel/signaling-client.js';
import { cleanups } from './cleanups.js';
import { FakeClock } from './fake-clock.js';
import {
  signalingServer,
  type SignalingConnection,
  type SignalingServer,
} from './signaling-server.js';

export const NONCE = new Uint8Array(32).fill(1);

export function challenge(connection: SignalingConnection): void {
  connection.send({ $case: 'challenge', value: create(Challenge, { nonce: NONCE }) });
}

export function welcome(connection: SignalingConnection): void {
  const value = create(HostRegistered, { origin: 'http://x.localhost', dialToken: 't' });
  connection.send({ $case: 'hostRegistered', value });
}

export function accept(connection: SignalingConnection): void {
  challenge(connection);
  connection.socket.once('message', () => welcome(connection));
}

export interface Seen {
  registered: number;
  /** Registrations after a loss. */
  backs: number;
  messages: string[];
  lost: WingmanError[];
  ended: WingmanError[];
}

export function connect(
  server: URL | readonly [URL, ...URL[]],
  clock = new FakeClock(),
): {
  connection: SignalingClient;
  clock: FakeClock;
  seen: Seen;
  refuses: boolean;
  isIdle: boolean;
} {
  const seen: Seen = { registered: 0, backs: 0, messages: [], lost: [], ended: [] };
  const connection: SignalingClient = new SignalingClient({
    servers: server instanceof URL ? [server] : server,
    clock,
    backoff: new Backoff(HOST_LIMITS.reconnectFirstMs, HOST_LIMITS.reconnectMaxMs, () => 1),
    isIdle: () => host.isIdle,
    register: (nonce) => ({ $case: 'registerHost', value: { session: 's', signature: nonce } }),
    registered: (_grant, isBack) => {
      if (host.refuses) throw new WingmanError('REFUSED', 'not ours');
      seen.registered++;
      if (isBack) seen.backs++;
    },
    message: (message) => seen.messages.push(String(message?.$case)),
    lost: (error) => seen.lost.push(error),
    ended: (error) => seen.ended.push(error),
  });
  cleanups.push(() => connection.close());
  const host = { connection, clock, seen, refuses: false, isIdle: false };
  return host;
}

export async function start(onConnection: (connection: SignalingConnection) => void): Promise<{
  server: SignalingServer;
  host: ReturnType<typeof connect>;
}> {
  const server = await signalingServer(onConnection);
  cleanups.push(() => server.close());
  return { server, host: connect(server.url) };
}
