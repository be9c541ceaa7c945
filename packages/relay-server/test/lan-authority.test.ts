import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { checkServerIdentity, connect, createServer } from 'node:tls';
import { lanCertificate } from '../src/cli/lan/authority.js';
import { createAuthority, createCertificate } from '../src/cli/lan/certificate.js';
import { cleanups } from './support/cleanups.js';
import { scratchFolder } from './support/scratch.js';

const ADDRESS = '192.168.1.5';
const DAY_MS = 86_400_000;
let directory: string;
let file: string;

beforeEach(() => {
  directory = scratchFolder();
  file = join(directory, 'wingman/lan/authority.json');
});

afterEach(() => {
  jest.restoreAllMocks();
});

describe('the certificate of a server on the local network', () => {
  test('is new each time, and its authority stays', () => {
    const first = lanCertificate(directory, ADDRESS);
    const second = lanCertificate(directory, '10.0.0.7');
    expect(second.authority).toBe(first.authority);
    expect(second.cert).not.toBe(first.cert);
    expect(new X509Certificate(second.cert).subjectAltName).toBe('IP Address:10.0.0.7');
    expect(first.fingerprint).toBe(new X509Certificate(first.authority).fingerprint256);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).not.toContain(first.key.split('\n')[1]);
  });

  test('comes from a new authority when the old one would end before', () => {
    const now = Date.now();
    const clock = jest.spyOn(Date, 'now').mockReturnValue(now - 710 * DAY_MS);
    const old = lanCertificate(directory, ADDRESS);
    clock.mockReturnValue(now - 15 * DAY_MS);
    expect(lanCertificate(directory, ADDRESS).authority).toBe(old.authority);
    clock.mockReturnValue(now);
    expect(lanCertificate(directory, ADDRESS).authority).not.toBe(old.authority);
  });

  test.each(['8.8.8.8', '172.32.0.1', '127.0.0.1'])('is not made for %s', (address) => {
    expect(() => lanCertificate(directory, address)).toThrow(/private IPv4 addresses.*--server/);
  });

  test('is not made with a key that others can read, or that is damaged', () => {
    lanCertificate(directory, ADDRESS);
    chmodSync(file, 0o644);
    expect(() => lanCertificate(directory, ADDRESS)).toThrow(/others on this machine/);
    writeFileSync(file, '{');
    chmodSync(file, 0o600);
    expect(() => lanCertificate(directory, ADDRESS)).toThrow(/is damaged; delete it/);
  });
});

describe('a browser that trusts the authority', () => {
  const authority = createAuthority('Wingman on a test');

  /** What a TLS client says of a certificate for that address. */
  async function verdict(address: string): Promise<string> {
    const server = createServer(createCertificate(authority, address));
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as AddressInfo;
    return new Promise((resolve) => {
      const socket = connect({
        ...{ host: '127.0.0.1', port, ca: authority.cert },
        checkServerIdentity: (_, certificate) => checkServerIdentity(address, certificate),
      });
      socket.once('secureConnect', () => resolve('trusted'));
      socket.once('error', ({ message }: Error) => resolve(message));
      cleanups.push(() => socket.destroy());
    });
  }

  test.each(['10.1.2.3', '172.16.0.1', '172.31.255.1', '192.168.1.5', '169.254.9.9'])(
    'trusts it for the private address %s',
    async (address) => {
      expect(await verdict(address)).toBe('trusted');
    },
  );

  test.each(['8.8.8.8', '172.32.0.1'])('never for %s, whoever has its key', async (address) => {
    expect(await verdict(address)).toBe('permitted subtree violation');
  });
});
