import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse as parseDotenv } from 'dotenv';
import { isSessionLabel, MAX_LABEL_CHARS } from '@wingman/protocol';
import { z } from 'zod';
import { isIceUrl, type EngineChoice } from './tunnel/webrtc/webrtc-adapter.js';

/** What `wingman share` runs with; times in milliseconds. */
export interface ShareConfig {
  readonly port: number;
  /** Further local ports that the app's pages may use. */
  readonly alsoPorts: number[];
  /** Undefined: the tunnel server runs in this process. */
  readonly server: URL | undefined;
  readonly name: string | undefined;
  readonly ttlMs: number;
  readonly maxViewers: number;
  /** How long a viewer's link waits for a carrier. */
  readonly linkGraceMs: number;
  readonly p2pEnabled: boolean;
  readonly p2pTimeoutMs: number;
  readonly stunServers: string[];
  readonly turnUrls: string[];
  readonly turnSecret: string | undefined;
  readonly engine: EngineChoice;
  readonly logLevel: LogLevel;
}

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A value somebody has to correct: the message names where it came from and shows a good one. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** One environment variable, as `.env.example` shows it. */
export interface VariableDescription {
  readonly name: string;
  /** As written in `.env`; empty when there is none. */
  readonly default: string;
  readonly meaning: string;
}

interface Setting<T> {
  /** Environment variable; none for what only the command line knows. */
  readonly variable?: string;
  /** As a person types it. */
  readonly option?: string;
  readonly default: string;
  readonly good: string;
  readonly meaning: string;
  /** Reads a value that isn't empty. */
  readonly schema: z.ZodType<T, string>;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
/** Timers overflow beyond 24 days, and a forgotten session should end. */
const MAX_TTL_MS = 14 * 86_400_000;

const flag = z
  .enum(['true', 'false', '1', '0', 'yes', 'no'])
  .transform((value) => ['true', '1', 'yes'].includes(value));
const integer = (least: number, most: number): z.ZodType<number, string> =>
  z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number)
    .pipe(z.number().min(least).max(most));
const iceUrls = (scheme: RegExp): z.ZodType<string[], string> =>
  z
    .string()
    .transform((value) => value.split(',').map((part) => part.trim()))
    .pipe(z.array(z.string().refine((url) => scheme.test(url) && isIceUrl(url))));
/** Each is a client and a jar of sockets of its own; an app with more parts than this is rare. */
const MAX_ALSO_PORTS = 16;
const ports = z
  .string()
  .transform((value) => value.split(',').map((part) => part.trim()))
  .pipe(z.array(integer(1, 65_535)).max(MAX_ALSO_PORTS));
const duration = z
  .string()
  .regex(/^\d{1,6}[smhd]$/)
  .transform((value) => Number(value.slice(0, -1)) * (UNIT_MS[value.slice(-1)] ?? 0))
  .pipe(z.number().min(1_000).max(MAX_TTL_MS));
const httpOrigin = z
  .url({ protocol: /^https?$/ })
  .transform((value) => new URL(value))
  .refine((url) => url.pathname === '/' && url.search === '' && url.hash === '');

const SETTINGS = {
  port: {
    default: '',
    option: '<port>',
    good: '3000',
    meaning: 'Local port to share.',
    schema: integer(1, 65_535),
  },
  alsoPorts: {
    variable: 'ALSO_PORTS',
    option: '--also',
    default: '',
    good: '8080',
    meaning: `Further local ports that the app's pages may use, separated by commas; at most ${MAX_ALSO_PORTS}.`,
    schema: ports,
  },
  server: {
    variable: 'TUNNEL_SERVER_URL',
    option: '--server',
    default: '',
    good: 'https://tunnel.example.org',
    meaning: 'Tunnel server to use; empty: one in the process of `wingman share` itself.',
    schema: httpOrigin,
  },
  name: {
    default: '',
    option: '--name',
    good: 'my-app',
    meaning: `Keeps the session's URL over restarts: a-z, 0-9 and inner hyphens, at most ${MAX_LABEL_CHARS}.`,
    schema: z.string().refine(isSessionLabel),
  },
  ttlMs: {
    variable: 'SESSION_TTL',
    option: '--expires',
    default: '8h',
    good: '8h',
    meaning: 'How long a session lives at most: a number with s, m, h or d; at most 14d.',
    schema: duration,
  },
  maxViewers: {
    variable: 'MAX_VIEWERS',
    option: '--max-viewers',
    default: '8',
    good: '8',
    meaning: 'Viewers of one session at once.',
    schema: integer(1, 1_000),
  },
  linkGraceMs: {
    variable: 'LINK_GRACE',
    option: '--link-grace',
    default: '60s',
    good: '60s',
    meaning:
      "How long a tab's tunnel that nothing carries waits for a way back before what is under way fails: 2s to 1h.",
    schema: duration.pipe(z.number().min(2_000).max(3_600_000)),
  },
  p2pEnabled: {
    variable: 'P2P_ENABLED',
    option: '--no-p2p',
    default: 'true',
    good: 'true',
    meaning: 'Whether direct WebRTC paths are tried; false: relay only.',
    schema: flag,
  },
  p2pTimeoutMs: {
    variable: 'P2P_TIMEOUT_MS',
    option: '--p2p-timeout',
    default: '10000',
    good: '10000',
    meaning: 'How long one attempt at a direct path may take, in milliseconds.',
    schema: integer(500, 120_000),
  },
  stunServers: {
    variable: 'STUN_SERVERS',
    option: '--stun',
    default: '',
    good: 'stun:stun.example.org:3478,stun:192.0.2.7',
    meaning: 'Further STUN servers, separated by commas; empty: the embedded responder only.',
    schema: iceUrls(/^stuns?:/),
  },
  turnUrls: {
    variable: 'TURN_URLS',
    default: '',
    good: 'turn:turn.example.org:3478?transport=udp',
    meaning: 'TURN servers (coturn), separated by commas; needs TURN_SECRET.',
    schema: iceUrls(/^turns?:/),
  },
  turnSecret: {
    variable: 'TURN_SECRET',
    default: '',
    good: 'the static-auth-secret of your coturn',
    meaning: "coturn's static-auth-secret, from which credentials with an expiry are made.",
    schema: z.string(),
  },
  engine: {
    variable: 'WEBRTC_ENGINE',
    option: '--engine',
    default: 'auto',
    good: 'auto',
    meaning: 'WebRTC engine of the host: auto, node-datachannel or wrtc.',
    schema: z.enum(['auto', 'node-datachannel', 'wrtc']),
  },
  logLevel: {
    variable: 'LOG_LEVEL',
    option: '--log-level',
    default: 'info',
    good: 'info',
    meaning: `What is logged: ${LOG_LEVELS.join(', ')}.`,
    schema: z.enum(LOG_LEVELS),
  },
} satisfies Record<string, Setting<unknown>>;

type SettingName = keyof typeof SETTINGS;
type Value<Name extends SettingName> = z.output<(typeof SETTINGS)[Name]['schema']>;

/** What the command line has said, as typed; it wins over the environment. */
export type Given = Partial<Record<SettingName, string>>;

/** The environment variables `shareConfig` reads, for `.env.example` and the docs. */
export const hostVariables: readonly VariableDescription[] = Object.values<Setting<unknown>>(
  SETTINGS,
).flatMap(({ variable, default: value, meaning }) =>
  variable === undefined ? [] : [{ name: variable, default: value, meaning }],
);

type Environment = Readonly<Record<string, string | undefined>>;

/** Puts options and environment together; throws ConfigError. */
export function shareConfig(given: Given, env: Environment): ShareConfig {
  const read = <Name extends SettingName>(name: Name): Value<Name> | undefined =>
    readSetting(SETTINGS[name] as unknown as Setting<Value<Name>>, given[name], env);
  return {
    port: required(read('port')),
    alsoPorts: read('alsoPorts') ?? [],
    server: read('server'),
    name: read('name'),
    ttlMs: required(read('ttlMs')),
    maxViewers: required(read('maxViewers')),
    linkGraceMs: required(read('linkGraceMs')),
    p2pEnabled: required(read('p2pEnabled')),
    p2pTimeoutMs: required(read('p2pTimeoutMs')),
    stunServers: read('stunServers') ?? [],
    turnUrls: read('turnUrls') ?? [],
    turnSecret: read('turnSecret'),
    engine: required(read('engine')),
    logLevel: required(read('logLevel')),
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

function readSetting<T>(
  setting: Setting<T>,
  option: string | undefined,
  env: Environment,
): T | undefined {
  const fromEnv = setting.variable === undefined ? '' : (env[setting.variable] ?? '').trim();
  const text = option ?? (fromEnv === '' ? setting.default : fromEnv);
  if (text === '' && option === undefined) return undefined;
  const result = setting.schema.safeParse(text);
  if (result.success) return result.data;
  throw new ConfigError(explain(setting, text, option !== undefined));
}

function explain(setting: Setting<unknown>, text: string, fromOption: boolean): string {
  const isSecret = setting.variable === 'TURN_SECRET';
  const where = (fromOption ? setting.option : setting.variable) ?? '';
  const assign = fromOption && where.startsWith('--') ? `${where} ` : `${where}=`;
  const good = where === '<port>' ? setting.good : `${assign}${setting.good}`;
  const shown = isSecret ? '' : ` "${text}"`;
  return `${where}${shown} is not valid (${setting.meaning.replace(/\.$/, '')}). A good value: ${good}`;
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new ConfigError('<port> is missing. A good value: 3000');
  return value;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
