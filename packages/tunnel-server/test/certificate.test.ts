import { beforeEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:tls';
import { WebSocket } from 'ws';
import { readTunnelServerConfig, type TunnelServer } from '../src/index.js';
import { SERVER_LIMITS } from '../src/limits.js';
import { makeCertificate, type CertificateFiles } from './support/certificate.js';
import { FakeClock } from './support/fake-clock.js';
import { startServer } from './support/server.js';

const first = makeCertificate('first');
const second = makeCertificate('second');
/** The files that the server reads and somebody renews. */
let files: CertificateFiles;

beforeEach(() => {
  files = { cert: `${first.cert}.live`, key: `${first.key}.live` };
  install(first);
});

function install(certificate: CertificateFiles): void {
  copyFileSync(certificate.key, files.key);
  copyFileSync(certificate.cert, files.cert);
}

function start(clock?: FakeClock): Promise<TunnelServer> {
  return startServer({ tlsCert: files.cert, tlsKey: files.key }, clock);
}

/** The name in the certificate that a new connection gets. */
async function nameAt({ port }: TunnelServer): Promise<string> {
  const socket = connect({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    rejectUnauthorized: false,
  });
  await once(socket, 'secureConnect');
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return [subject.CN].flat().join();
}

function get(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      port,
      host: '127.0.0.1',
      path,
      ca: readFileSync(first.cert),
      servername: 'localhost',
    };
    const asked = request(
      { ...options, headers: { host: 'localhost' }, agent: false },
      (response) => {
        response.setEncoding('utf8').on('data', (text: string) => resolve(text));
      },
    );
    asked.on('error', reject).end();
  });
}

test('with a certificate the server speaks https, and says so in its URL', async () => {
  const server = await start();
  expect(server.url).toBe(`https://localhost:${server.port}`);
  expect(JSON.parse(await get(server.port, '/healthz'))).toMatchObject({ status: 'ok' });
  expect(await server.metrics.value('wingman_sockets')).toBeGreaterThan(0);
});

test('a renewed certificate is found within two seconds, and open connections stay', async () => {
  const clock = new FakeClock();
  const server = await start(clock);
  const options = {
    ca: readFileSync(first.cert),
    servername: 'localhost',
    headers: { host: 'localhost' },
  };
  const host = new WebSocket(`wss://127.0.0.1:${server.port}/__wingman/host`, options);
  await once(host, 'message');
  install(second);
  expect(await nameAt(server)).toBe('first');
  clock.advance(SERVER_LIMITS.listFileMs);
  expect(await nameAt(server)).toBe('second');
  host.ping();
  await once(host, 'pong');
  host.terminate();
});

test('it is read again at once when it is asked for', async () => {
  const server = await start();
  install(second);
  server.reload();
  expect(await nameAt(server)).toBe('second');
});

test('a certificate whose key is not there yet changes nothing', async () => {
  const clock = new FakeClock();
  const server = await start(clock);
  copyFileSync(second.cert, files.cert);
  clock.advance(SERVER_LIMITS.listFileMs);
  expect(await nameAt(server)).toBe('first');
  copyFileSync(second.key, files.key);
  clock.advance(SERVER_LIMITS.listFileMs);
  expect(await nameAt(server)).toBe('second');
});

test('what is no certificate stops the start, and so does one without its key', async () => {
  writeFileSync(files.cert, 'nothing');
  await expect(start()).rejects.toThrow(`${files.cert} and ${files.key} can't be used for TLS`);
  expect(() => readTunnelServerConfig({ tlsCert: './cert.pem' }, {})).toThrow(/go together/);
});
