import { expect, test } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { connect, createServer } from 'node:net';
import { headerValue, newLinkId, type IncomingRequest } from '@wingman/protocol';
import { freePort } from '../../node-kit/test/support/free-port.js';
import { tunnelServerConfig, type SecondDoor, type TunnelServerConfig } from '../src/index.js';
import { makeCertificate } from './support/certificate.js';
import { answer } from './support/fake-host.js';
import { fetchHead } from './support/http.js';
import { startServer, startSession } from './support/server.js';

/** Loopback has a whole network of addresses (RFC 1122 section 3.2.1.3). */
const HOST = '127.0.0.2';
const TOKEN = 'a-token-of-twenty-characters';
const files = makeCertificate('lan');
const tls = {
  cert: readFileSync(files.cert, 'utf8'),
  key: readFileSync(files.key, 'utf8'),
  // It has signed itself.
  authority: readFileSync(files.cert, 'utf8'),
};

function startAt(secondDoor: SecondDoor, more: Partial<TunnelServerConfig> = {}) {
  const overrides = { secondDoor, hostTokens: TOKEN, answerBareAddress: true, ...more };
  const request = (incoming: IncomingRequest): void => {
    const field = (name: string): string => headerValue(incoming.head.headers, name) ?? '';
    answer(incoming, 200, `${field('x-forwarded-proto')}://${field('x-forwarded-host')}`);
  };
  return startSession({ token: TOKEN, request }, overrides);
}

interface Asked {
  readonly port: number;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
}

/** What somebody at the second address is answered. */
async function answered({ port, ...asked }: Asked, isTls = false) {
  const options = { host: HOST, port, agent: false, rejectUnauthorized: false, ...asked };
  const sent = (isTls ? tlsRequest : plainRequest)(options);
  sent.end();
  const response = await fetchHead(sent);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const { headers, statusCode: status } = response;
  return { status, type: headers['content-type'], bytes, text: bytes.toString() };
}

test.each([
  ['plain HTTP', undefined],
  ['TLS', tls],
])('the only session is shown at the second address, by %s', async (_, pair) => {
  const { server } = await startAt({ host: HOST, tls: pair });
  const { status, text } = await answered({ port: server.port }, pair !== undefined);
  const scheme = pair === undefined ? 'http' : 'https';
  expect([status, text]).toEqual([200, `${scheme}://${HOST}:${server.port}`]);
});

test.each([
  ['its own scheme', 'https', 400],
  ['another scheme', 'http', 403],
])('a page by TLS has to come from an origin of %s', async (_, scheme, status) => {
  const { server, host } = await startAt({ host: HOST, tls });
  const origin = `${scheme}://${HOST}:${server.port}`;
  const path = host.doorPath('relay', newLinkId()).replace(/link=[^&]*/, 'link=none');
  const asked = { port: server.port, path, method: 'POST', headers: { origin } };
  expect((await answered(asked, true)).status).toBe(status);
});

test('the certificate to trust is there to be installed, and only where there is one', async () => {
  const path = '/__wingman/certificate';
  const byTls = await startAt({ host: HOST, tls });
  const { port } = byTls.server;
  const found = await answered({ port, path }, true);
  expect(found).toMatchObject({ status: 200, type: 'application/x-x509-ca-cert' });
  expect(found.bytes.equals(new X509Certificate(tls.authority).raw)).toBe(true);
  const plain = await startAt({ host: HOST, tls: undefined });
  expect((await answered({ port: plain.server.port, path })).status).toBe(404);
});

test('whoever is not done with the handshake when the server closes is cut', async () => {
  const { server } = await startAt({ host: HOST, tls });
  const socket = connect({ host: HOST, port: server.port });
  await once(socket, 'connect');
  const cut = once(socket, 'close');
  await server.close(50);
  await cut;
  await expect(answered({ port: server.port }, true)).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  });
});

test('a crowd that begins no handshake takes no more places than there are', async () => {
  const maxSockets = 8;
  const { server } = await startAt({ host: HOST, tls }, { maxSockets });
  const crowd = Array.from({ length: maxSockets }, () =>
    connect({ host: HOST, port: server.port }),
  );
  await Promise.all(crowd.map((socket) => once(socket, 'connect')));
  const late = connect({ host: HOST, port: server.port });
  late.on('error', () => undefined);
  await once(late, 'close');
  for (const socket of crowd) socket.destroy();
});

test('a port that is taken there is told, and nothing is left running', async () => {
  const other = createServer();
  const port = await freePort();
  other.listen(port, HOST);
  await once(other, 'listening');
  const overrides = { port, secondDoor: { host: HOST, tls: undefined }, hostTokens: TOKEN };
  await expect(startServer(overrides)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await new Promise((resolve) => other.close(resolve));
  expect((await startServer(overrides)).port).toBe(port);
});

test('a server with one has to say who may register', () => {
  const secondDoor = { host: HOST, tls: undefined };
  expect(() => tunnelServerConfig({ secondDoor })).toThrow(/HOST_TOKENS/);
});
