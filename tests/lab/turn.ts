import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { Program } from '../support/program.js';
import type { TurnKind } from './cell.js';
import { PUBLIC_PORT, TURN_ADDRESS, TURN_PORT, type NatNetwork } from './nat-network.js';

export const TURN_SECRET = 'lab-secret';

/** What the tunnel server names for each kind. */
export const TURN_URLS: Readonly<Record<Exclude<TurnKind, 'none'>, string>> = {
  udp: `turn:${TURN_ADDRESS}:${TURN_PORT}?transport=udp`,
  tcp: `turn:${TURN_ADDRESS}:${TURN_PORT}?transport=tcp`,
  tls: `turns:${TURN_ADDRESS}:${PUBLIC_PORT}?transport=tcp`,
};

/** A real coturn beside the tunnel server, on UDP, TCP and TLS. Its certificate, in the folder, is signed by nobody. */
export function startTurn(network: NatNetwork, folder: string): Program {
  const [cert, key] = [join(folder, 'turn.pem'), join(folder, 'turn.key')];
  const names = ['-subj', '/CN=turn', '-addext', `subjectAltName=IP:${TURN_ADDRESS}`];
  const files = ['-keyout', key, '-out', cert];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  execFileSync('openssl', ['req', ...kind, ...names, ...files], { stdio: 'ignore' });
  const where = ['--listening-ip', TURN_ADDRESS, '--relay-ip', TURN_ADDRESS];
  const ports = [
    '--listening-port',
    String(TURN_PORT),
    '--tls-listening-port',
    String(PUBLIC_PORT),
  ];
  const who = ['--use-auth-secret', `--static-auth-secret=${TURN_SECRET}`, '--realm', 'lab'];
  const tls = ['--cert', cert, '--pkey', key, '--no-dtls'];
  const rest = ['-n', '--no-cli', '--log-file', 'stdout'];
  const command = ['turnserver', ...where, ...ports, ...who, ...tls, ...rest];
  return new Program(...network.inside('server', command), { group: true });
}
