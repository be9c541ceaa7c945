import { get } from 'node:http';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, jest, test } from '@jest/globals';
import { pino } from 'pino';
import { cleanups } from './support/cleanups.js';
import { scratchFolder } from './support/scratch.js';
import { freePort } from './support/servers.js';

/** All of 127/8 is this machine's; here one of it passes for an address on a network. */
const HERE = '127.0.0.2';
const os = await import('node:os');
const LAN0 = [{ address: HERE, family: 'IPv4', internal: false }] as NetworkInterfaceInfo[];
jest.unstable_mockModule('node:os', () => ({ ...os, networkInterfaces: () => ({ lan0: LAN0 }) }));
const { originAt, startEmbeddedServer } = await import('../src/cli/embedded-server.js');
const { shareConfig } = await import('../src/config.js');

const silent = pino({ level: 'silent' });

async function start(given: Record<string, string>, env: Record<string, string> = {}) {
  const settings = { port: '3000', ...given };
  const config = shareConfig(settings, { STUN_EMBEDDED: 'false', TUNNEL_PORT: '0', ...env });
  const server = await startEmbeddedServer(config, silent, env);
  cleanups.push(() => server.close());
  return server;
}

/** The status at that address; 0 when nobody listens there. */
function statusAt(host: string, port: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    get({ host, port, path: '/healthz', agent: false }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    }).once('error', () => resolve(0));
  });
}

describe('a tunnel server with --lan', () => {
  test('listens at this machine and the address on the network, and at no other one', async () => {
    const { bareOrigins, lan, token, url } = await start({ isOnLan: 'true', lanAddress: HERE });
    const at = (host: string): string => `http://${host}:${url.port}`;
    expect(lan).toEqual({ origin: at(HERE), certificate: undefined });
    expect(bareOrigins).toEqual([at('127.0.0.1'), at(HERE)]);
    const statuses = ['127.0.0.1', HERE, '127.0.0.3'].map((host) => statusAt(host, url.port));
    expect(await Promise.all(statuses)).toEqual([200, 200, 0]);
    expect(token).toMatch(/^[0-9a-f]{64}$/);
  });

  test('has a token of its own each time, and without a network none', async () => {
    const [one, other] = [await start({ isOnLan: 'true' }), await start({ isOnLan: 'true' })];
    expect(one.token).not.toBe(other.token);
    const alone = await start({});
    expect([alone.token, alone.lan, await statusAt(HERE, alone.url.port)]).toEqual([
      undefined,
      undefined,
      0,
    ]);
  });

  test('is gone from both addresses once it is closed', async () => {
    const server = await start({ isOnLan: 'true' }, { TUNNEL_PORT: String(await freePort()) });
    await server.close();
    const statuses = ['127.0.0.1', HERE].map((host) => statusAt(host, server.url.port));
    expect(await Promise.all(statuses)).toEqual([0, 0]);
  });

  test('that finds its port taken at the network leaves nothing at this machine', async () => {
    const port = await freePort();
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(port, HERE, resolve));
    cleanups.push(() => new Promise((resolve) => other.close(resolve)));
    await expect(start({ isOnLan: 'true' }, { TUNNEL_PORT: String(port) })).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining(`port ${port}`),
    });
    expect(await statusAt('127.0.0.1', String(port))).toBe(0);
  });

  test('is not started for an address of another machine', async () => {
    await expect(start({ isOnLan: 'true', lanAddress: '192.0.2.7' })).rejects.toMatchObject({
      code: 'REFUSED',
      message: `192.0.2.7 is no address of this machine. It has: ${HERE}`,
    });
  });

  test('makes no key for an address that is none of a private network', async () => {
    const folder = scratchFolder();
    const env = { XDG_CONFIG_HOME: folder, HOME: folder };
    await expect(start({ hasLanTls: 'true' }, env)).rejects.toMatchObject({ code: 'REFUSED' });
    expect(readdirSync(folder)).toEqual([]);
  });
});

test.each([
  ['http', 8787, 'http://10.0.0.7:8787'],
  ['http', 80, 'http://10.0.0.7'],
  ['https', 443, 'https://10.0.0.7'],
  ['https', 80, 'https://10.0.0.7:80'],
  ['http', 443, 'http://10.0.0.7:443'],
] as const)('the origin by %s at port %i is %s, as browsers say it', (scheme, port, origin) => {
  expect(originAt(scheme, '10.0.0.7', port)).toBe(origin);
});
