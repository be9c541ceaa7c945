import { beforeEach, describe, expect, test } from '@jest/globals';
import { Challenge, create, HostRegistered, Refusal } from '@wingman/protocol';
import { Host } from '../src/tunnel/host.js';
import type { HostOptions } from '../src/tunnel/host-types.js';
import { HostIdentity } from '../src/tunnel/identity.js';
import { PortHosts } from '../src/tunnel/port-hosts.js';
import { cleanups } from './support/cleanups.js';
import {
  signalingServer,
  type SignalingConnection,
  type SignalingServer,
} from './support/signaling-server.js';
import { until } from './support/until.js';

const HOUR_MS = 3_600_000;

let server: SignalingServer;
let identity: HostIdentity;
/** Sessions that the server doesn't take. */
let unwanted: string[];

/** The name that a connection has asked for. */
function nameOf({ received }: SignalingConnection): string | undefined {
  const first = received.find((message) => message?.$case === 'registerHost');
  return first?.value.session;
}

function answer(connection: SignalingConnection): void {
  const session = nameOf(connection) ?? '';
  if (unwanted.includes(session)) {
    const value = create(Refusal, { code: 'REFUSED', message: 'no room' });
    connection.send({ $case: 'refusal', value });
    return connection.socket.close(4001);
  }
  const expiresAtMs = BigInt(Date.now() + HOUR_MS);
  const grant = { origin: `http://${session}.localhost`, dialToken: 't', expiresAtMs };
  connection.send({ $case: 'hostRegistered', value: create(HostRegistered, grant) });
}

beforeEach(async () => {
  unwanted = [];
  identity = await HostIdentity.create();
  server = await signalingServer((connection) => {
    connection.send({
      $case: 'challenge',
      value: create(Challenge, { nonce: new Uint8Array(32) }),
    });
    connection.socket.once('message', () => answer(connection));
  });
  cleanups.push(() => server.close());
});

async function start(more: Partial<HostOptions> = {}) {
  const options: HostOptions = {
    ...{ port: 3000, alsoPorts: [8080, 9000, 3000, 8080], server: server.url, identity },
    ...{ ttlMs: HOUR_MS, maxViewers: 5, p2pTimeoutMs: 1_000, engine: undefined, stunServers: [] },
    ...{ ingress: 'open', ...more },
  };
  const main = await Host.start(options);
  const problems: string[] = [];
  main.on('problem', ({ message }) => problems.push(message));
  cleanups.push(() => main.close());
  const hosts = await PortHosts.start(main, options);
  return { main, hosts, problems };
}

const names = (): (string | undefined)[] => server.connections.map(nameOf).sort();

describe('the ports of --also', () => {
  test('have a session each, under the main one’s name', async () => {
    const { main } = await start();
    const { session } = identity;
    expect(names()).toEqual([session, `${session}-8080`, `${session}-9000`]);
    expect([...main.commons.pageOrigins].sort(([one], [other]) => one - other)).toEqual([
      [3000, `http://${session}.localhost`],
      [8080, `http://${session}-8080.localhost`],
      [9000, `http://${session}-9000.localhost`],
    ]);
  });

  test('cost nothing where there are none', async () => {
    const { main } = await start({ alsoPorts: [] });
    expect(names()).toEqual([identity.session]);
    expect(main.commons.pageOrigins.size).toBe(0);
  });

  test('have no pages when the server does not take them, and the developer is told', async () => {
    unwanted = [`${identity.session}-8080`];
    const { main, problems } = await start();
    expect([...main.commons.pageOrigins.keys()]).toEqual(expect.arrayContaining([3000, 9000]));
    expect(main.commons.pageOrigins.has(8080)).toBe(false);
    expect(problems).toContain('localhost:8080 has no pages: no room');
  });

  test('end with the main session', async () => {
    const { main, hosts } = await start();
    await main.close();
    await hosts.close();
    const isEnded = ({ received }: SignalingConnection): boolean =>
      received.some((message) => message?.$case === 'endSession');
    await until(() => server.connections.every(isEnded), 'the end of all sessions');
    expect([...main.commons.pageOrigins.keys()]).toEqual([3000]);
  });
});
