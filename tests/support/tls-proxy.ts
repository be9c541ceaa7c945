import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';

/** Ends TLS for localhost and *.localhost in front of a server on this machine, as a public one's proxy does. */
export interface TlsProxy {
  port: number;
  /** File of the certificate, for clients to trust. */
  certificate: string;
  /** From now on connections go to this port. */
  forwardTo(port: number): void;
  close(): Promise<void>;
}

export async function startTlsProxy(): Promise<TlsProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'wingman-tls-'));
  const [key, certificate] = selfSigned(folder);
  const open = new Set<Socket>();
  let target = 0;
  const server = createServer(
    { key: readFileSync(key), cert: readFileSync(certificate) },
    (near) => {
      const far = connect(target, '127.0.0.1');
      near.pipe(far).pipe(near);
      for (const [one, other] of [[near, far] as const, [far, near] as const]) {
        open.add(one);
        one.on('error', () => other.destroy());
        one.on('close', () => {
          open.delete(one);
          other.destroy();
        });
      }
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    certificate,
    forwardTo: (port) => (target = port),
    close: () =>
      new Promise((resolve) => {
        for (const socket of open) socket.destroy();
        rmSync(folder, { recursive: true });
        server.close(() => resolve());
      }),
  };
}

/** Makes a certificate for localhost and *.localhost in a folder. */
export function selfSigned(folder: string): [key: string, certificate: string] {
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const names = 'subjectAltName=DNS:localhost,DNS:*.localhost';
  const wanted = ['-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost'];
  const files = ['-keyout', key, '-out', certificate];
  execFileSync('openssl', ['req', '-x509', ...wanted, '-addext', names, ...files], {
    stdio: 'ignore',
    timeout: 30_000,
  });
  return [key, certificate];
}
