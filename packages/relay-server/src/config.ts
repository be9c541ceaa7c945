import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse as parseDotenv } from 'dotenv';
import { getProxyForUrl } from 'proxy-from-env';
import {
  ConfigError,
  isLoopbackHost,
  isSet,
  optionsOf,
  readSettings,
  variablesOf,
  type Environment,
  type Given,
  type LogLevel,
  NoSmallFile,
  readSmallFile,
} from '@wingman/node-kit';
import { tunnelServerVariables } from '@wingman/tunnel-server';
import type { Credentials } from './exchange/basic-auth.js';
import type { IngressMode } from './exchange/ingress-key.js';
import { HOST_LIMITS } from './limits.js';
import { SETTINGS } from './settings.js';
import { meantBy } from './slip.js';
import type { EngineChoice } from './tunnel/webrtc/webrtc-adapter.js';

/** What `wingman share` runs with; times in milliseconds. */
export interface ShareConfig {
  readonly port: number;
  /** The page that the link opens: path, query and fragment of the address that was typed. */
  readonly firstPage: string;
  /** Further local ports that the app's pages may use. */
  readonly alsoPorts: number[];
  /** Undefined: the tunnel server runs in this process. */
  readonly server: URL | undefined;
  /** Where the session goes, in turn, when that one is gone. */
  readonly furtherServers: readonly URL[];
  /** What requests to the app say in Host: `localhost`, `session` or a name, with or without a port. */
  readonly hostHeader: string;
  /** TCP port of the tunnel server in this process; 0 is any free one. */
  readonly tunnelPort: number;
  /** Whether it was asked for: no other one will do then. */
  readonly isTunnelPortSet: boolean;
  /** Whether the tunnel server in this process serves the local network too. */
  readonly isOnLan: boolean;
  /** Whether it does so by TLS, with a certificate of this machine. */
  readonly hasLanTls: boolean;
  /** This machine's address there; undefined: one is chosen. */
  readonly lanAddress: string | undefined;
  readonly name: string | undefined;
  /** For a tunnel server that registers only hosts with a token. */
  readonly token: string | undefined;
  /** Whether to replace another host that shares under the same name. */
  readonly takeOver: boolean;
  /** What viewers read of who shares. */
  readonly sharedBy: string | undefined;
  readonly sessionTtlMs: number;
  readonly maxViewers: number;
  /** How long a viewer's link waits for a carrier. */
  readonly linkGraceMs: number;
  readonly p2pEnabled: boolean;
  readonly p2pTimeoutMs: number;
  /** Whether the relay carries only what no direct path can. */
  readonly sparesRelay: boolean;
  readonly stunServers: string[];
  readonly turnUrls: string[];
  readonly turnSecret: string | undefined;
  readonly engine: EngineChoice;
  /** Whether the router may be asked for ports. */
  readonly mapsPorts: boolean;
  /** Whether somebody has said so: it is done without a terminal then, too. */
  readonly isPortMappingSet: boolean;
  readonly ingress: IngressMode;
  /** What visitors have to type, as the developer has chosen it. */
  readonly passphrase: string | undefined;
  /** Whether there is to be a passphrase; one is made where none was chosen. */
  readonly asksPassphrase: boolean;
  /** Whether the developer lets each visitor in by hand. */
  readonly asksDeveloper: boolean;
  /** Whether requests may only look at the app. */
  readonly isReadOnly: boolean;
  /** What lets plain HTTP in beside the key. */
  readonly basicAuth: Credentials | undefined;
  /** Whether code may be compressed on its way to viewers. */
  readonly compresses: boolean;
  /** Whether what a page's code imports is sent ahead. */
  readonly pushes: boolean;
  /** Whether viewers may look at the app together. */
  readonly isTogether: boolean;
  /** Whether what passes is recorded and shown at 127.0.0.1. */
  readonly hasInspector: boolean;
  readonly logLevel: LogLevel;
}

/** What the command line has said, as typed; it wins over the environment. */
export type ShareGiven = Given<typeof SETTINGS>;

/** The environment variables of a host, for `.env.example` and the docs. */
export const hostVariables = variablesOf(SETTINGS);
/** The options of `wingman share`. */
export const shareOptions = optionsOf(SETTINGS);

/** Puts options and environment together; throws ConfigError. */
export function shareConfig(given: ShareGiven, env: Environment): ShareConfig {
  const { port: local, alsoPorts, server: servers, ...others } = readSettings(SETTINGS, given, env);
  const { stunServers, turnUrls, ...rest } = others;
  const [server, ...furtherServers] = servers ?? [];
  const values = { ...rest, server, furtherServers };
  if (local === undefined) throw new ConfigError('<port> is missing. A good value: 3000');
  const asksPassphrase = values.asksPassphrase || values.passphrase !== undefined;
  const ingress = asksPassphrase || values.asksDeveloper ? closedIngress(values) : values.ingress;
  if (values.basicAuth !== undefined && ingress !== 'key') {
    throw new ConfigError(
      '--basic-auth lets plain HTTP in beside the key: it needs --ingress key.',
    );
  }
  const isOnLan = values.isOnLan || values.hasLanTls;
  if (isOnLan) demandLan({ ...values, ingress });
  else if (values.lanAddress !== undefined) {
    throw new ConfigError('--lan-address says where --lan listens: add --lan or --lan-tls.');
  }
  demandServerOfToken(given, values);
  return {
    ...values,
    ...local,
    isTunnelPortSet: isSet(SETTINGS.tunnelPort, given.tunnelPort, env),
    isPortMappingSet: isSet(SETTINGS.mapsPorts, given.mapsPorts, env),
    asksPassphrase,
    ingress,
    isOnLan,
    alsoPorts: alsoPorts ?? [],
    stunServers: stunServers ?? [],
    turnUrls: turnUrls ?? [],
  };
}

/** A token that was typed is for somebody's server. One in the environment may stand there for other sessions. */
function demandServerOfToken(given: ShareGiven, { server }: Pick<ShareConfig, 'server'>): void {
  if ((given.token ?? '') === '' || server !== undefined) return;
  throw new ConfigError(
    '--token is for a tunnel server that asks for one, and none is named. What is missing: --server https://tunnel.example.org',
  );
}

/** What the local network is served with is the tunnel server in this process, and without TLS plain HTTP. */
function demandLan({
  hasLanTls,
  ingress,
  server,
}: Pick<ShareConfig, 'hasLanTls' | 'ingress' | 'server'>): void {
  if (server !== undefined) {
    throw new ConfigError(
      '--lan is for the tunnel server in this process, and --server names another one: choose one.',
    );
  }
  if (ingress !== 'off' || hasLanTls) return;
  throw new ConfigError(
    '--lan goes by plain HTTP, which --ingress off, --passphrase and --approve refuse. What goes with them: --lan-tls',
  );
}

/** Plain HTTP passes the server in the clear: no passphrase may be typed there, and nobody can be told from others. */
function closedIngress({ ingress }: { readonly ingress: IngressMode }): 'off' {
  if (ingress !== 'open') return 'off';
  throw new ConfigError(
    '--ingress open is not possible with a passphrase or --approve, which plain HTTP would go round. A good value: --ingress off',
  );
}

/**
 * Whether the router is asked for ports: where a person sees what happens, or where somebody has said so. Viewers of a
 * server in this process are on this machine, and need none.
 */
export function asksRouter(
  {
    isPortMappingSet,
    mapsPorts,
    server,
  }: Pick<ShareConfig, 'isPortMappingSet' | 'mapsPorts' | 'server'>,
  isWatched: boolean,
): boolean {
  return mapsPorts && (isPortMappingSet || (isWatched && server !== undefined));
}

/** The environment over the `.env` file of a directory, if it has one. */
export function environment(
  directory: string = process.cwd(),
  processEnv: Environment = process.env,
): Environment {
  return { ...dotenv(directory), ...processEnv };
}

/** What the `.env` file of a directory says, if it has one. */
function dotenv(directory: string = process.cwd()): Environment {
  return parseDotenv(readIfThere(join(directory, '.env')));
}

/**
 * The proxy by which a server is reached, as the system's own variables say (HTTPS_PROXY, HTTP_PROXY, NO_PROXY);
 * undefined where there is none. No proxy is asked for this machine itself.
 */
export function proxyFor(server: URL): string | undefined {
  return isLoopbackHost(server.hostname) ? undefined : getProxyForUrl(server) || undefined;
}

/** Where a user's own settings are kept (XDG Base Directory Specification). */
export function configDirectory(env: Environment): string {
  const xdg = env['XDG_CONFIG_HOME'];
  return xdg !== undefined && xdg.startsWith('/') ? xdg : resolve(homedir(), '.config');
}

/** Whether colours are unwelcome, whatever else is said (no-color.org). */
export function refusesColor(env: Environment): boolean {
  return (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
}

/** Whether this is a build server, which sets a variable by convention. */
export function isBuild(env: Environment): boolean {
  return (env['CI'] ?? '') !== '';
}

/** What can't be read is left alone, as is the folder of this name that Python's virtual environments are often in. */
function readIfThere(path: string): string {
  try {
    return readSmallFile(path, HOST_LIMITS.dotenvBytes)?.text ?? '';
  } catch (error) {
    if (!(error instanceof NoSmallFile) || error.stats.isDirectory()) return '';
    throw new ConfigError(error.message);
  }
}

/** What to say of names in `.env` that are one slip away from a setting. Other names may be the app's own. */
export function envTypos(names: readonly string[] = Object.keys(dotenv())): string[] {
  const known = [...hostVariables, ...tunnelServerVariables].map(({ name }) => name);
  return names.flatMap((name) => {
    if (known.includes(name)) return [];
    const meant = meantBy(
      name,
      known.filter((other) => !names.includes(other)),
    );
    return meant === undefined ? [] : [`${name} in .env is no setting. Is ${meant} meant?`];
  });
}
