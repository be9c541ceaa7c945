import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse as parseDotenv } from 'dotenv';
import {
  ConfigError,
  optionsOf,
  readSettings,
  schemas,
  setting,
  SHARED_SETTINGS,
  variablesOf,
  type Environment,
  type Given,
  type LogLevel,
} from '@wingman/node-kit';
import { isSessionLabel, MAX_LABEL_CHARS } from '@wingman/protocol';
import { z } from 'zod';
import type { Credentials } from './exchange/basic-auth.js';
import { INGRESS_MODES, type IngressMode } from './exchange/ingress-key.js';
import { ENGINE_CHOICES, type EngineChoice } from './tunnel/webrtc/webrtc-adapter.js';

/** What `wingman share` runs with; times in milliseconds. */
export interface ShareConfig {
  readonly port: number;
  /** Further local ports that the app's pages may use. */
  readonly alsoPorts: number[];
  /** Undefined: the tunnel server runs in this process. */
  readonly server: URL | undefined;
  /** What requests to the app say in Host: `localhost`, `session` or a name, with or without a port. */
  readonly hostHeader: string;
  readonly name: string | undefined;
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
  /** What lets plain HTTP in beside the key. */
  readonly basicAuth: Credentials | undefined;
  readonly logLevel: LogLevel;
}

/** Each is a client and a jar of sockets of its own; an app with more parts than this is rare. */
const MAX_ALSO_PORTS = 16;

/** The name and port of a host (RFC 9110 section 7.2); no address of IPv6. */
const HOST_NAME = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?$/i;

/** A user name has no colon (RFC 7617 section 2), and neither part a control character. */
const CREDENTIALS = /^([^:\p{Cc}]{1,64}):(\P{Cc}{8,128})$/u;

const credentials: z.ZodType<Credentials, string> = z
  .string()
  .regex(CREDENTIALS)
  .transform((text) => {
    const [, user = '', password = ''] = CREDENTIALS.exec(text) ?? [];
    return { user, password };
  });

const SETTINGS = {
  port: setting({
    option: '<port>',
    default: '',
    good: '3000',
    meaning: 'Local port to share.',
    schema: schemas.integer(1, 65_535),
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
    schema: schemas.httpOrigin,
  }),
  hostHeader: setting({
    variable: 'HOST_HEADER',
    option: '--host-header <name>',
    default: 'localhost',
    good: 'session',
    meaning:
      'What the app sees in Host: localhost, session (the public name) or a name of your own.',
    schema: schemas.text.refine((text) => HOST_NAME.test(text)),
  }),
  name: setting({
    option: '--name <name>',
    default: '',
    good: 'my-app',
    meaning: `Keeps the session's URL over restarts: a-z, 0-9 and inner hyphens, at most ${MAX_LABEL_CHARS}.`,
    schema: schemas.text.refine(isSessionLabel),
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
  const { port, alsoPorts, stunServers, turnUrls, ...values } = readSettings(SETTINGS, given, env);
  if (port === undefined) throw new ConfigError('<port> is missing. A good value: 3000');
  if (values.basicAuth !== undefined && values.ingress !== 'key') {
    throw new ConfigError(
      '--basic-auth lets plain HTTP in beside the key: it needs --ingress key.',
    );
  }
  return {
    ...values,
    port,
    alsoPorts: alsoPorts ?? [],
    stunServers: stunServers ?? [],
    turnUrls: turnUrls ?? [],
  };
}

/** The environment over the `.env` file of a directory, if it has one. */
export function environment(
  directory: string = process.cwd(),
  processEnv: Environment = process.env,
): Environment {
  return { ...parseDotenv(readIfThere(join(directory, '.env'))), ...processEnv };
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

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
