import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { startFixtureApp } from '../support/fixture-app.js';
import { freePort } from '../support/free-port.js';
import { eventually, Program, ROOT, within } from '../support/program.js';
import { CLI, Share } from '../support/share.js';
import { curl } from './curl.js';
import { inFolder } from './in-folder.js';

const TOKEN = 'a-token-of-this-check-of-compose';
const SECRET = 'a-secret-of-this-check-of-compose';
/** A client that is refused asks again and again. */
const TURN_MS = 5_000;

/** A service of a compose file, as far as it is followed here. */
interface Service {
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly networks?: { readonly inside: { readonly ipv4_address: string } };
}

/** The compose files with what an operator puts beside them, on loopback addresses and free ports. */
interface Deployment {
  readonly folder: string;
  readonly services: ReadonlyMap<string, Service>;
  readonly https: number;
  readonly node: number;
}

/**
 * Runs what both compose files say, without containers, whose images are on a registry: Redis, both nodes, Caddy and coturn with
 * the commands, variables and addresses there.
 */
export function checkCompose(): Promise<string[]> {
  return inFolder(async (folder) => {
    const app = await startFixtureApp();
    const deployment = await read(folder);
    const started: Program[] = [];
    try {
      demandAddresses(deployment);
      started.push(...(await start(deployment)));
      const used = await use(deployment, app.port, started);
      return [used, await useTurn(deployment, started)];
    } catch (error) {
      const said = started.map((program) => program.output()).join('\n');
      throw new Error(said, { cause: error });
    } finally {
      await Promise.all(started.map((program) => program.stop()));
      await app.close();
    }
  });
}

async function read(folder: string): Promise<Deployment> {
  const [https, node, redis] = [await freePort(), await freePort(), await freePort()];
  writeFileSync(join(folder, 'host-tokens.txt'), `${TOKEN}\n`);
  const services = new Map<string, Service>();
  for (const file of ['compose.yaml', 'compose.cluster.yaml']) {
    const text = readFileSync(join(ROOT, 'deploy', file), 'utf8')
      .replaceAll('172.30.57.', '127.30.57.')
      .replaceAll(':8787', `:${node}`)
      .replaceAll('6379', String(redis))
      .replaceAll('https://${DOMAIN}', `https://localhost:${https}`)
      .replaceAll('${DOMAIN}', 'localhost')
      .replaceAll(/\$\{\w+\}/g, SECRET)
      .replaceAll('=/run/wingman/', `=${folder}/`);
    const { services: found } = parse(text) as { services: Record<string, Service> };
    for (const [name, service] of Object.entries(found)) {
      const before = services.get(name);
      const environment = { ...before?.environment, ...service.environment };
      services.set(name, { ...before, ...service, environment });
    }
  }
  return { folder, services, https, node };
}

/** Caddy passes on to the nodes and is the one that may ask for certificates, and each node says its own address. */
function demandAddresses({ services, node }: Deployment): void {
  const addressOf = (name: string): string =>
    services.get(name)?.networks?.inside.ipv4_address ?? `no ${name}`;
  const variable = (name: string, key: string): string =>
    services.get(name)?.environment?.[key] ?? '';
  const [one, other] = ['wingman', 'wingman2'].map((name) => `${addressOf(name)}:${node}`);
  const pairs = [
    [variable('caddy', 'WINGMAN'), one],
    [variable('caddy', 'WINGMAN_MORE'), other],
    [variable('wingman', 'NODE_URL'), `http://${one}`],
    [variable('wingman2', 'NODE_URL'), `http://${other}`],
    [variable('wingman', 'TLS_ASK_FROM'), addressOf('caddy')],
  ];
  for (const [found, wanted] of pairs) {
    if (found !== wanted) throw new Error(`${found} in a compose file should be ${wanted}`);
  }
}

async function start(deployment: Deployment): Promise<Program[]> {
  const { folder, services, https, node } = deployment;
  const [command = '', ...args] = services.get('redis')?.command ?? [];
  const redis = new Program(command, args);
  const nodes = ['wingman', 'wingman2'].map((name) => {
    const { command: options = [], environment, networks } = services.get(name) ?? {};
    const host = networks?.inside.ipv4_address ?? '';
    // On loopback Caddy asks from another address than its own in the network of the containers.
    const env = { ...environment, TLS_ASK_FROM: '127.0.0.1', STUN_EMBEDDED: 'false' };
    const place = ['--host', host, '--port', String(node)];
    return new Program(process.execPath, [CLI, 'server', '--json', ...options, ...place], { env });
  });
  const home = join(folder, 'caddy');
  mkdirSync(home);
  const ports = { HTTP_PORT: String(await freePort()), HTTPS_PORT: String(https) };
  const here = { ...ports, CADDY_ADMIN: 'off', TLS_ISSUER: 'internal', XDG_DATA_HOME: folder };
  const env = { DOMAIN: 'localhost', ...services.get('caddy')?.environment, ...here };
  const config = ['--config', join(ROOT, 'deploy/Caddyfile'), '--adapter', 'caddyfile'];
  const caddy = new Program('caddy', ['run', ...config], {
    env: { ...env, XDG_CONFIG_HOME: home },
  });
  return [redis, ...nodes, caddy];
}

/** Shares an app through Caddy, and kills the node that has the session. */
async function use({ folder, https }: Deployment, port: number, all: Program[]): Promise<string> {
  const url = `https://localhost:${https}`;
  const [, ...nodes] = all;
  await eventually('both nodes', () => nodes.slice(0, 2).every(({ lines }) => lines.length > 0));
  await eventually('Caddy answers', async () => (await curl(`${url}/healthz`)).status === '200');
  const trust = { NODE_EXTRA_CA_CERTS: join(folder, 'caddy/pki/authorities/local/root.crt') };
  const options = ['--server', url, '--token', TOKEN, '--ingress', 'open', '--no-p2p'];
  const share = await Share.start(port, options, trust);
  all.push(share);
  const page = async (): Promise<string> => (await curl(`${share.origin}/`)).body;
  await eventually('the app', async () => (await page()).includes('plain app page'));
  const owner = nodes.find(({ errors }) => errors.join().includes('session registered'));
  if (owner === undefined) throw new Error('no node has the session');
  owner.signal('SIGKILL');
  await owner.exited;
  if (!(await page()).includes('plain app page')) throw new Error('not there after the kill');
  return 'both nodes, Redis and Caddy run as the files say, without containers; a session outlives its node';
}

/** Asks the coturn of the compose file for a relayed address, as whoever has the nodes' secret and as somebody else. */
async function useTurn({ folder, services }: Deployment, all: Program[]): Promise<string> {
  const port = String(await freePort());
  // On loopback, and without the files of a machine's own coturn.
  const here = ['-n', '--listening-ip', '127.0.0.1', '--relay-ip', '127.0.0.1'];
  const place = [...here, '--listening-port', port, '--no-tls', '--no-dtls'];
  const files = ['--log-file', 'stdout', '--pidfile', join(folder, 'coturn.pid')];
  const { command = [] } = services.get('coturn') ?? {};
  const coturn = new Program('turnserver', [...command, ...place, ...files]);
  all.push(coturn);
  const nodes = ['wingman', 'wingman2'].map((name) => services.get(name)?.environment);
  const secrets = new Set(nodes.map((environment) => environment?.['TURN_SECRET'] ?? ''));
  const [secret = ''] = secrets;
  if (secrets.size !== 1) throw new Error('the nodes have other secrets for coturn');
  const ask = async (...who: string[]): Promise<string> => {
    const peer = ['-e', '127.0.0.1', '-r', '9', '-n', '1', '-m', '1', '-v'];
    const client = new Program('turnutils_uclient', [...who, '-p', port, ...peer, '127.0.0.1']);
    await within(TURN_MS, 'an answer of coturn', client.exited).catch(() =>
      client.signal('SIGKILL'),
    );
    return client.output();
  };
  const own = await eventually('coturn answers', async () => {
    const said = await ask('-W', secret, '-u', 'someone');
    return said.includes('Received relay addr') && said;
  });
  if (!own.includes('403')) throw new Error(`it relays to its own machine:\n${own}`);
  if ((await ask('-W', `not ${secret}`, '-u', 'someone')).includes('Received relay addr'))
    throw new Error('coturn takes another secret');
  return "coturn runs with the file's command: it gives an address for the nodes' secret and none for another, and relays nothing to its own machine";
}
