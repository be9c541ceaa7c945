import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../support/free-port.js';
import { Program, ROOT, eventually } from '../support/program.js';
import { selfSigned } from '../support/tls-proxy.js';
import { curl } from './curl.js';
import { tryFront } from './front.js';
import { overHttp3 } from './http3.js';
import { inFolder, output } from './in-folder.js';

/** Caddy with certificates on demand, which asks the tunnel server for each name. */
export function checkCaddy(): Promise<string[]> {
  return inFolder(async (folder) => {
    const [httpPort, port, upstream] = [await freePort(), await freePort(), await freePort()];
    const env = {
      HTTP_PORT: String(httpPort),
      HTTPS_PORT: String(port),
      CADDY_ADMIN: 'off',
      DOMAIN: 'localhost',
      TLS_ISSUER: 'internal',
      WINGMAN: `127.0.0.1:${upstream}`,
      XDG_DATA_HOME: folder,
      XDG_CONFIG_HOME: folder,
    };
    const args = ['run', '--config', join(ROOT, 'deploy/Caddyfile'), '--adapter', 'caddyfile'];
    const program = new Program('caddy', args, { env });
    const authority = join(folder, 'caddy/pki/authorities/local/root.crt');
    await eventually('Caddy has its authority', () => readFileSync(authority).byteLength > 0);
    try {
      const stranger = curl.bind(undefined, `https://nobody.localhost:${port}/`);
      const signer = join(folder, 'caddy/pki/authorities/local/intermediate.crt');
      const lines = await tryFront({ port, upstream, authority }, async (share) => {
        if ((await stranger()).status !== '000')
          throw new Error('a name without a session got a certificate');
        return ['a name without a session gets no certificate', await overHttp3(share, signer)];
      });
      return [version('caddy', 'version'), ...lines];
    } catch (error) {
      throw new Error(program.output(), { cause: error });
    } finally {
      await program.stop();
    }
  });
}

/** nginx with one certificate for all names. */
export function checkNginx(): Promise<string[]> {
  return inFolder(async (folder) => {
    const [port, upstream] = [await freePort(), await freePort()];
    const [key, authority] = selfSigned(folder);
    const site = readFileSync(join(ROOT, 'deploy/nginx.conf'), 'utf8')
      .replace('listen 443', `listen 127.0.0.1:${port}`)
      .replace('127.0.0.1:8787', `127.0.0.1:${upstream}`)
      .replace(/ssl_certificate .*;/, `ssl_certificate ${authority};`)
      .replace(/ssl_certificate_key .*;/, `ssl_certificate_key ${key};`)
      .replaceAll('tunnel.example.org', 'localhost');
    for (const name of ['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']) mkdirSync(join(folder, name));
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${join(folder, name.replace('client_', ''))};`,
    );
    const main = `daemon off; pid ${join(folder, 'pid')}; error_log stderr; events {}
      http { access_log off; ${temporary.join(' ')} ${site} }`;
    writeFileSync(join(folder, 'nginx.conf'), main);
    const program = new Program('/usr/sbin/nginx', ['-c', join(folder, 'nginx.conf')]);
    try {
      return [version('/usr/sbin/nginx', '-v'), ...(await tryFront({ port, upstream, authority }))];
    } catch (error) {
      throw new Error(program.output(), { cause: error });
    } finally {
      await program.stop();
    }
  });
}

function version(command: string, argument: string): string {
  return output('sh', '-c', `${command} ${argument} 2>&1`);
}
