import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * An SSH server and a client that know nobody but each other, with fresh keys in a folder: the words that start
 * the server on a port, with further lines in its configuration, and the client at an address, with further options.
 */
export function throwawaySsh(folder, port, lines = []) {
  const [hostKey, userKey] = [join(folder, 'host'), join(folder, 'user')];
  for (const file of [hostKey, userKey]) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
  }
  mkdirSync('/run/sshd', { recursive: true });
  const config = join(folder, 'sshd.conf');
  writeFileSync(
    config,
    [
      ...[`Port ${port}`, `HostKey ${hostKey}`, `AuthorizedKeysFile ${userKey}.pub`],
      ...['StrictModes no', 'UsePAM no', 'GatewayPorts yes', 'PidFile none'],
      ...lines,
    ].join('\n'),
  );
  const options = [
    ...['ExitOnForwardFailure=yes', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null'],
    'BatchMode=yes',
  ].flatMap((option) => ['-o', option]);
  return {
    server: ['/usr/sbin/sshd', '-D', '-e', '-f', config],
    client: (address, more) => [
      ...['ssh', '-N', '-i', userKey, ...options, ...more],
      ...['-p', String(port), `root@${address}`],
    ],
  };
}
