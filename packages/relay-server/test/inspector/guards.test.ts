import { createServer } from 'node:http';
import { networkInterfaces } from 'node:os';
import { connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { TOKEN_FIELD } from '@wingman/inspector';
import { inspected } from '../support/inspected.js';
import { cleanups } from '../support/cleanups.js';
import { tunnelTo } from '../support/served-app.js';
import { requestHead } from '../support/tunnel.js';
import { request } from '@wingman/protocol';

const quiet = () => inspected((_incoming, response) => response.end('app'));

describe('another name for the address', () => {
  test.each(['evil.example', 'localhost.evil.example', '127.0.0.1', '[::1]:4040', '0.0.0.0:4040'])(
    '%s is refused, page and data alike',
    async (host) => {
      const { ask, token } = await quiet();
      for (const path of ['/', '/api/har', '/api/events']) {
        const { status, text } = await ask(path, { host, [TOKEN_FIELD]: token });
        expect([status, text.includes(token)]).toEqual([421, false]);
      }
    },
  );

  test('localhost, as people type it, leads there, and opens nothing itself', async () => {
    const { ask, port, token, inspector } = await quiet();
    const host = `localhost:${port}`;
    const { status, headers } = await ask('/', { host });
    expect([status, headers.location]).toEqual([307, inspector.url]);
    expect((await ask('/api/har', { host, [TOKEN_FIELD]: token })).status).toBe(421);
  });
});

describe('another site', () => {
  test.each([
    [{ origin: 'https://evil.example' }],
    [{ origin: 'null' }],
    [{ origin: 'http://localhost:3000' }],
    [{ 'sec-fetch-site': 'cross-site' }],
    // Another port of this machine is of the same site.
    [{ 'sec-fetch-site': 'same-site' }],
  ])('%j gets nothing', async (fields) => {
    const { ask, token } = await quiet();
    for (const path of ['/', '/api/har'])
      expect((await ask(path, { ...fields, [TOKEN_FIELD]: token })).status).toBe(403);
    expect((await ask('/api/clear', { ...fields, [TOKEN_FIELD]: token }, 'POST')).status).toBe(403);
  });

  test('may lead to the page, and to nothing else', async () => {
    const { ask, token } = await quiet();
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' };
    expect((await ask('/', link)).status).toBe(200);
    expect((await ask('/', { ...link, 'sec-fetch-dest': 'iframe' })).status).toBe(403);
    expect((await ask('/api/har', { ...link, [TOKEN_FIELD]: token })).status).toBe(403);
  });
});

describe('the token', () => {
  test.each(['', 'wrong', 'x'.repeat(32)])('%j opens nothing', async (token) => {
    const { ask } = await quiet();
    for (const path of ['events', 'har', 'exchanges/1', 'exchanges/1/messages', 'exchanges/1/curl'])
      expect((await ask(`/api/${path}`, { [TOKEN_FIELD]: token })).status).toBe(403);
    for (const path of ['clear', 'replay', 'visitors/1/accept'])
      expect((await ask(`/api/${path}`, { [TOKEN_FIELD]: token }, 'POST')).status).toBe(403);
  });

  test('is another one for each inspector, and the page may be framed and scripted by nobody', async () => {
    const [one, other] = [await quiet(), await quiet()];
    expect(one.token).toMatch(/^[\w-]{32}$/);
    expect(other.token).not.toBe(one.token);
    const { headers } = await one.ask('/');
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toMatch(/script-src 'nonce-[\w+/=]+';/);
    expect(headers['x-frame-options']).toBe('DENY');
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(headers['cache-control']).toBe('no-store');
  });
});

describe('where it listens', () => {
  test('is 127.0.0.1 alone', async () => {
    const { port } = await quiet();
    const others = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .filter(({ address }) => address !== '127.0.0.1' && !address.startsWith('fe80'));
    for (const { address } of others) {
      const error = await new Promise((resolve) => {
        const socket = connect({ host: address, port });
        socket.once('error', resolve).once('connect', () => {
          socket.destroy();
          resolve(undefined);
        });
      });
      expect([address, error]).toMatchObject([address, { code: 'ECONNREFUSED' }]);
    }
  });

  test('is the next free port, where another has the usual one', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => {
      blocker.once('error', () => resolve()).listen(4040, '127.0.0.1', resolve);
    });
    cleanups.push(() => blocker.close());
    const [one, other] = [await quiet(), await quiet()];
    expect(one.port).toBeGreaterThan(4040);
    expect(other.port).toBeGreaterThan(4040);
    expect(other.port).not.toBe(one.port);
  });

  test('is not reached through a tunnel that shares its port', async () => {
    const { port, token } = await quiet();
    const tunnel = tunnelTo(port);
    for (const target of ['/', '/api/har']) {
      const head = requestHead({ target, headers: [TOKEN_FIELD, token] });
      const { head: answer } = await request(tunnel.mux, head);
      expect([target, answer.status]).toEqual([target, target === '/' ? 307 : 421]);
    }
  });
});
