import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse as parseDotenv } from 'dotenv';
import {
  ConfigError,
  isSet,
  optionsOf,
  readSettings,
  schemas,
  setting,
  SHARED_SETTINGS,
  variablesOf,
  type Environment,
  type Given,
  type LogLevel,
  NoSmallFile,
  readSmallFile,
} from '@wingman/node-kit';
import { isSessionLabel, MAX_LABEL_CHARS } from '@wingman/protocol';
import type { Credentials } from './exchange/basic-auth.js';
import { INGRESS_MODES, type IngressMode } from './exchange/ingress-key.js';
import { credentials, hostName, localAddress } from './host-schemas.js';
import { HOST_LIMITS } from './limits.js';
import { ENGINE_CHOICES, type EngineChoice } from './tunnel/webrtc/webrtc-adapter.js';

/** What `wingman share` runs with; times in milliseconds. */
export interface ShareConfig {
  readonly port: number;
  /** The page that the link opens: path, query and fragment of the address that was typed. */
  readonly firstPage: string;
  /** Further local ports that the app's pages may use. */
  readonly alsoPorts: number[];
  /** Undefined: the tunnel server runs in this process. */
  readonly server: URL | undefined;
  /** What requests to the app say in Host: `localhost`, `session` or a name, with or without a port. */
  readonly hostHeader: string;
  /** TCP port of the tunnel server in this process; 0 is any free one. */
  readonly tunnelPort: number;
  /** Whether it was asked for: no other one will do then. */
  readonly isTunnelPortSet: boolean;
  readonly name: string | undefined;
  /** For a tunnel server that registers only hosts with a token. */
  readonly token: string | undefined;
  /** Whether to replace another host that shares under the same name. */
  readonly takeOver: boolean;
  readonly sessionTtlMs: number;
  readonly maxViewers: number;
  /** How long a viewer's link waits for a carrier. */
  readonly linkGraceMs: number;
  readonly p2pEnabled: boolean;
  readonly p2pTimeoutMs: number;
  readonly stunServers: string[];
  readonly turnUrls: string[];
  readonly turnSecret: string | undefined;
  readonly engine: EngineChoice;
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
  /** Whether what passes is recorded and shown at 127.0.0.1. */
  readonly hasInspector: boolean;
  readonly logLevel: LogLevel;
}

/** Each is a client and a jar of sockets of its own; an app with more parts than this is rare. */
const MAX_ALSO_PORTS = 16;

/** With the attempts in a minute that limits.ts allows, eight characters of a word list are safe for a session's life. */
const MIN_PASSPHRASE_CHARS = 8;
/** The form that brings it has room for this, whatever the characters. */
const MAX_PASSPHRASE_CHARS = 200;

const SETTINGS = {
  port: setting({
    option: '<port>',
    default: '',
    good: '3000',
    meaning:
      'Local port to share, an address on localhost with the page to begin at, or a folder of files.',
    schema: localAddress,
  }),
  alsoPorts: setting({
    variable: 'ALSO_PORTS',
    option: '--also <port>',
    default: '',
    good: '8080',
    isRepeatable: true,
    meaning: `Further local ports that the app's pages may use, separated by commas; at most ${MAX_ALSO_PORTS}.`,
    schema: schemas.list(schemas.integer(1, 65_535), MAX_ALSO_PORTS),
  }),
  server: setting({
    variable: 'TUNNEL_SERVER_URL',
    option: '--server <url>',
    default: '',
    good: 'https://tunnel.example.org',
    meaning: 'Tunnel server to use; empty: one in the process of `wingman share` itself.',
    schema: schemas.serverOrigin,
  }),
  tunnelPort: setting({
    variable: 'TUNNEL_PORT',
    default: '8787',
    good: '8787',
    meaning: 'TCP port the tunnel server listens on; 0 takes any free one.',
    schema: schemas.integer(0, 65_535),
  }),
  hostHeader: setting({
    variable: 'HOST_HEADER',
    option: '--host-header <name>',
    default: 'localhost',
    good: 'session',
    meaning:
      'What the app sees in Host: localhost, session (the public name) or a name of your own.',
    schema: hostName,
  }),
  name: setting({
    option: '--name <name>',
    default: '',
    good: 'my-app',
    meaning: `Keeps the session's URL over restarts: a-z, 0-9 and inner hyphens, at most ${MAX_LABEL_CHARS}.`,
    schema: schemas.text.refine(isSessionLabel),
  }),
  token: setting({
    variable: 'WINGMAN_TOKEN',
    option: '--token <token>',
    default: '',
    good: 'the token that the operator has given you',
    meaning: 'Token for a tunnel server that registers only hosts with one; it is never sent.',
    isSecret: true,
    schema: schemas.text,
  }),
  takeOver: setting({
    option: '--take-over',
    flagMeaning: 'Replace another host that shares under the same name.',
    default: 'false',
    good: 'true',
    meaning: 'Whether to replace another host that shares under the same name.',
    schema: schemas.flag,
  }),
  engine: setting({
    variable: 'WEBRTC_ENGINE',
    option: '--engine <name>',
    default: 'auto',
    good: 'auto',
    meaning: 'WebRTC engine of the host: auto, node-datachannel or wrtc.',
    schema: schemas.oneOf(ENGINE_CHOICES),
  }),
  ingress: setting({
    variable: 'INGRESS',
    option: '--ingress <who>',
    default: 'key',
    good: 'key',
    meaning:
      'Who may use plain HTTP, which the server can read: key (who has the link, the token or a signed URL), open (who knows the host name) or off.',
    schema: schemas.oneOf(INGRESS_MODES),
  }),
  // What stands on a command line every user of the machine can read, so the option has no value.
  asksPassphrase: setting({
    option: '--passphrase',
    flagMeaning:
      'Viewers have to type a passphrase: the one in PASSPHRASE, or one that is made and printed.',
    default: 'false',
    good: 'true',
    meaning: 'Whether viewers have to type a passphrase.',
    schema: schemas.flag,
  }),
  passphrase: setting({
    variable: 'PASSPHRASE',
    default: '',
    good: 'some words that nobody guesses',
    meaning: `What viewers have to type before they see the app, ${MIN_PASSPHRASE_CHARS} to ${MAX_PASSPHRASE_CHARS} characters; empty: none, or one that is made (--passphrase).`,
    isSecret: true,
    schema: schemas.text.min(MIN_PASSPHRASE_CHARS).max(MAX_PASSPHRASE_CHARS),
  }),
  asksDeveloper: setting({
    variable: 'APPROVE',
    option: '--approve',
    flagMeaning: 'Let each viewer in by hand, in this terminal.',
    default: 'false',
    good: 'true',
    meaning: 'Whether each viewer waits until the developer lets them in by hand.',
    schema: schemas.flag,
  }),
  isReadOnly: setting({
    variable: 'READ_ONLY',
    option: '--read-only',
    flagMeaning: 'Refuse every request but GET, HEAD and OPTIONS; WebSockets pass.',
    default: 'false',
    good: 'true',
    meaning: 'Whether every request but GET, HEAD and OPTIONS is refused; WebSockets pass.',
    schema: schemas.flag,
  }),
  basicAuth: setting({
    variable: 'BASIC_AUTH',
    option: '--basic-auth <user:password>',
    default: '',
    good: 'me:correct-horse',
    isSecret: true,
    meaning:
      'User name and password, of at least 8 characters, that also let plain HTTP in. On the command line other users of this machine can see them.',
    schema: credentials,
  }),
  hasInspector: setting({
    variable: 'INSPECTOR',
    option: '--no-inspector',
    flagMeaning: 'Record nothing, and show no page of what passes at 127.0.0.1:4040.',
    default: 'true',
    good: 'true',
    meaning:
      'Whether what passes is recorded in memory and shown at 127.0.0.1, to this machine alone.',
    schema: schemas.flag,
  }),
  ...SHARED_SETTINGS,
};

/** What the command line has said, as typed; it wins over the environment. */
export type ShareGiven = Given<typeof SETTINGS>;

/** The environment variables of a host, for `.env.example` and the docs. */
export const hostVariables = variablesOf(SETTINGS);
/** The options of `wingman share`. */
export const shareOptions = optionsOf(SETTINGS);

/** Puts options and environment together; throws ConfigError. */
export function shareConfig(given: ShareGiven, env: Environment): ShareConfig {
  const { port: local, alsoPorts, ...others } = readSettings(SETTINGS, given, env);
  const { stunServers, turnUrls, ...values } = others;
  if (local === undefined) throw new ConfigError('<port> is missing. A good value: 3000');
  const asksPassphrase = values.asksPassphrase || values.passphrase !== undefined;
  const ingress = asksPassphrase || values.asksDeveloper ? closedIngress(values) : values.ingress;
  if (values.basicAuth !== undefined && ingress !== 'key') {
    throw new ConfigError(
      '--basic-auth lets plain HTTP in beside the key: it needs --ingress key.',
    );
  }
  return {
    ...values,
    ...local,
    isTunnelPortSet: isSet(SETTINGS.tunnelPort, given.tunnelPort, env),
    asksPassphrase,
    ingress,
    alsoPorts: alsoPorts ?? [],
    stunServers: stunServers ?? [],
    turnUrls: turnUrls ?? [],
  };
}

/** Plain HTTP passes the server in the clear: no passphrase may be typed there, and nobody can be told from others. */
function closedIngress({ ingress }: { readonly ingress: IngressMode }): 'off' {
  if (ingress !== 'open') return 'off';
  throw new ConfigError(
    '--ingress open is not possible with a passphrase or --approve, which plain HTTP would go round. A good value: --ingress off',
  );
}

/** The environment over the `.env` file of a directory, if it has one. */
export function environment(
  directory: string = process.cwd(),
  processEnv: Environment = process.env,
): Environment {
  return { ...dotenv(directory), ...processEnv };
}

/** What the `.env` file of a directory says, if it has one. */
export function dotenv(directory: string = process.cwd()): Environment {
  return parseDotenv(readIfThere(join(directory, '.env')));
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
