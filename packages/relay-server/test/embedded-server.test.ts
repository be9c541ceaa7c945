import { get } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { portTaken, startEmbeddedServer } from '../src/cli/embedded-server.js';
import { shareConfig } from '../src/config.js';
import { cleanups } from './support/cleanups.js';
import { freePort, listen } from './support/servers.js';

const silent = pino({ level: 'silent' });

async function start(env: Record<string, string>, given: { tunnelPort?: string } = {}) {
  const config = shareConfig({ port: '3000', ...given }, { STUN_EMBEDDED: 'false', ...env });
  const server = await startEmbeddedServer(config, silent);
  cleanups.push(() => server.close());
  return server;
}

async function takenPort(): Promise<number> {
  const other = await listen(() => undefined);
  cleanups.push(() => other.close());
  return other.port;
}

function status(url: URL): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { host: url.host };
    get({ host: '127.0.0.1', port: url.port, path: '/healthz', headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    }).once('error', reject);
  });
}

describe('a tunnel server in this process', () => {
  test('listens on the port that was asked for, on this machine only', async () => {
    const port = await freePort();
    const server = await start({ TUNNEL_PORT: String(port) });
    expect(server.url.href).toBe(`http://localhost:${port}/`);
    expect([server.bareOrigins, server.takenPort]).toEqual([
      [`http://127.0.0.1:${port}`],
      undefined,
    ]);
    expect(await status(server.url)).toBe(200);
  });

  test('says what to do when another program has the port that was asked for', async () => {
    const port = await takenPort();
    await expect(start({ TUNNEL_PORT: String(port) })).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringMatching(new RegExp(`listens on port ${port}\\. .*TUNNEL_PORT=0`)),
    });
  });

  test('takes any free port when another program has the usual one, and says so', async () => {
    const port = await takenPort();
    const config = shareConfig({ port: '3000' }, { STUN_EMBEDDED: 'false' });
    const unasked = { ...config, tunnelPort: port, isTunnelPortSet: false };
    const server = await startEmbeddedServer(unasked, silent);
    cleanups.push(() => server.close());
    expect(server.takenPort).toBe(port);
    expect(Number(server.url.port)).not.toBe(port);
    expect(await status(server.url)).toBe(200);
  });

  test('hands on every other failure', async () => {
    const config = { ...shareConfig({ port: '3000' }, {}), tunnelPort: 65_536 };
    await expect(startEmbeddedServer(config, silent)).rejects.toMatchObject({
      code: 'ERR_SOCKET_BAD_PORT',
    });
  });

  test('is gone once it is closed', async () => {
    const server = await start({ TUNNEL_PORT: String(await freePort()) });
    await server.close();
    await expect(status(server.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('a taken port is told with its number and the cure', () => {
    const { code, message } = portTaken(8787, '--port 0');
    expect([code, message]).toEqual([
      'REFUSED',
      'another program listens on port 8787. Stop that one, choose another port, or take any free one: --port 0',
    ]);
  });
});
