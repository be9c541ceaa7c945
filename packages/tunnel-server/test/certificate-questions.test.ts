import { expect, test } from '@jest/globals';
import { SERVER_LIMITS } from '../src/limits.js';
import { FakeClock } from './support/fake-clock.js';
import { fetchWhole } from './support/http.js';
import { startServer, startSession } from './support/server.js';

type Asked = { host?: string; headers?: Record<string, string> };

/** The answer to a proxy that asks the server at this address. */
async function askFor(
  port: number,
  domain: string,
  { host, headers }: Asked = {},
): Promise<number> {
  const path = `/tls-ask?domain=${encodeURIComponent(domain)}`;
  return (await fetchWhole(port, host ?? `127.0.0.1:${port}`, path, { headers: headers ?? {} }))
    .status;
}

test("the server's own name and living sessions deserve a certificate, and nothing else", async () => {
  const { host, server } = await startSession({ label: 'shop' });
  const { port } = server;
  expect(await askFor(port, 'localhost')).toBe(200);
  expect(await askFor(port, `${host.session}.localhost`)).toBe(200);
  const strangers = [
    'nobody.localhost',
    `a.${host.session}.localhost`,
    'example.org',
    '127.0.0.1',
    '',
  ];
  for (const name of strangers) expect([name, await askFor(port, name)]).toEqual([name, 404]);
  host.send({ $case: 'endSession', value: { reason: 1 } });
  await host.signaling.closed;
  expect(await askFor(port, `${host.session}.localhost`)).toBe(404);
});

test('by the public name, or passed on by a proxy, there is no such page', async () => {
  const { host, server } = await startSession();
  const name = `${host.session}.localhost`;
  const strangers: Asked[] = [
    { host: 'localhost' },
    { headers: { 'x-forwarded-for': '192.0.2.7' } },
    { headers: { forwarded: 'for=192.0.2.7' } },
  ];
  for (const stranger of strangers) expect(await askFor(server.port, name, stranger)).toBe(404);
  const elsewhere = await startSession({}, { tlsAskFrom: ['192.0.2.0/24'] });
  const living = `${elsewhere.host.session}.localhost`;
  expect(await askFor(elsewhere.server.port, living)).toBe(404);
});

test('unknown names are answered at a limited rate, living ones always', async () => {
  const clock = new FakeClock();
  const { host, server } = await startSession({}, {}, clock);
  const { unknownCertificateBurst } = SERVER_LIMITS;
  const ask = () => askFor(server.port, 'nobody.localhost');
  const burst = Array.from({ length: unknownCertificateBurst }, ask);
  expect(new Set(await Promise.all(burst))).toEqual(new Set([404]));
  expect(await ask()).toBe(429);
  expect(await askFor(server.port, `${host.session}.localhost`)).toBe(200);
  clock.advance(1_000);
  expect(await ask()).toBe(404);
});

test('a list of proxies that is none stops the start', async () => {
  const { readTunnelServerConfig } = await import('../src/index.js');
  expect(() => readTunnelServerConfig({}, { TLS_ASK_FROM: '10.0.0.0/8,caddy' })).toThrow(
    /TLS_ASK_FROM/,
  );
  expect(readTunnelServerConfig({}, { TLS_ASK_FROM: '10.0.0.0/8' }).tlsAskFrom).toEqual([
    '10.0.0.0/8',
  ]);
  await startServer({ tlsAskFrom: [] });
});
