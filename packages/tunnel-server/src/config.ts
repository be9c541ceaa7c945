import { z } from 'zod';

/** Everything `startTunnelServer` can be told; times in milliseconds. */
export interface TunnelServerConfig {
  /** The address to listen on. */
  host: string;
  /** TCP port; 0 takes any free one. */
  port: number;
  /** The server's own origin as browsers see it; undefined: `http://<domain>:<port>`. */
  publicUrl: string | undefined;
  /** Sessions are `<session>.<domain>`. */
  domain: string;
  /** Further STUN servers, e.g. `stun:stun.example.org:3478`. */
  stunServers: string[];
  stunEmbedded: boolean;
  /** UDP port of the embedded STUN responder; undefined: the HTTP port's number when free, else any. */
  stunPort: number | undefined;
  turnUrls: string[];
  /** coturn's `static-auth-secret`. */
  turnSecret: string | undefined;
  p2pEnabled: boolean;
  p2pTimeoutMs: number;
  /** The longest life a session is granted. */
  sessionTtlMs: number;
  /** How long a session waits for a host that is gone. */
  hostGraceMs: number;
  /** How long the link of a viewer's tab waits for a carrier. */
  linkGraceMs: number;
  maxSessions: number;
  /** Viewers per session. */
  maxViewers: number;
  logLevel: LogLevel;
  /** Whether X-Forwarded-For and X-Forwarded-Proto come from a proxy of ours. */
  trustProxy: boolean;
  /** Whether a bare address (127.0.0.1, [::1]) shows the session when there is exactly one. */
  answerBareAddress: boolean;
  /** Where the shell and its assets are; undefined: the package's own `assets`. */
  assetsDirectory: string | undefined;
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One environment variable, as `.env.example` shows it. */
export interface VariableDescription {
  name: string;
  /** As written in `.env`; empty when there is none. */
  default: string;
  meaning: string;
}

interface Variable {
  default: string;
  /** A value that would have been right, for the error. */
  good: string;
  meaning: string;
}

const DURATION_UNITS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `90s`, `15m`, `8h` or `2d`; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(text.trim()) ?? [];
  const scale = DURATION_UNITS[unit ?? ''];
  return scale === undefined || Number(amount) === 0 ? undefined : Number(amount) * scale;
}

const text = z.string().trim().min(1);
const flag = z
  .enum(['true', 'false', '1', '0', 'yes', 'no'])
  .transform((value) => value === 'true' || value === '1' || value === 'yes');
const list = (item: RegExp) =>
  z
    .string()
    .transform((value) => value.split(',').map((part) => part.trim()))
    .pipe(z.array(z.string().regex(item)));
const integer = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number)
    .pipe(z.number().min(least).max(most));
const duration = z.string().transform((value, context) => {
  const milliseconds = parseDuration(value);
  if (milliseconds !== undefined) return milliseconds;
  context.addIssue({ code: 'custom', message: 'not a duration' });
  return z.NEVER;
});
const domain = text
  .toLowerCase()
  .regex(/^(?=.{1,200}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/);
const origin = z.string().transform((value, context) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.pathname === '/' && !url.search) {
    return url.origin;
  }
  context.addIssue({ code: 'custom', message: 'not an origin' });
  return z.NEVER;
});

const environment = z.object({
  TUNNEL_HOST: text,
  TUNNEL_PORT: integer(0, 65_535),
  TUNNEL_DOMAIN: domain,
  TUNNEL_PUBLIC_URL: origin.optional(),
  STUN_SERVERS: list(/^stuns?:[^\s,/]+$/).default([]),
  STUN_EMBEDDED: flag,
  STUN_PORT: integer(0, 65_535).optional(),
  TURN_URLS: list(/^turns?:[^\s,/]+$/).default([]),
  TURN_SECRET: text.optional(),
  P2P_ENABLED: flag,
  P2P_TIMEOUT_MS: integer(500, 120_000),
  SESSION_TTL: duration.pipe(z.number().max(14 * 86_400_000)),
  HOST_GRACE: duration.pipe(z.number().max(3_600_000)),
  LINK_GRACE: duration.pipe(z.number().min(2_000).max(3_600_000)),
  MAX_SESSIONS: integer(1, 1_000_000),
  MAX_VIEWERS: integer(1, 1_000),
  LOG_LEVEL: z.enum(LOG_LEVELS),
  TRUST_PROXY: flag,
});

const VARIABLES: Readonly<Record<keyof typeof environment.shape, Variable>> = {
  TUNNEL_HOST: {
    default: '127.0.0.1',
    good: '0.0.0.0',
    meaning: 'Address the tunnel server listens on.',
  },
  TUNNEL_PORT: {
    default: '8787',
    good: '8787',
    meaning: 'TCP port the tunnel server listens on; 0 takes any free one.',
  },
  TUNNEL_DOMAIN: {
    default: 'localhost',
    good: 'tunnel.example.org',
    meaning: 'Domain of the sessions: each is <session>.<domain>.',
  },
  TUNNEL_PUBLIC_URL: {
    default: '',
    good: 'https://tunnel.example.org',
    meaning: "The tunnel server's own origin as browsers see it; empty: http://<domain>:<port>.",
  },
  STUN_SERVERS: {
    default: '',
    good: 'stun:stun.example.org:3478,stun:192.0.2.7',
    meaning: 'Further STUN servers, separated by commas; empty: the embedded responder only.',
  },
  STUN_EMBEDDED: {
    default: 'true',
    good: 'true',
    meaning: 'Whether the tunnel server answers STUN itself.',
  },
  STUN_PORT: {
    default: '',
    good: '3478',
    meaning: "UDP port of the embedded STUN responder; empty: the tunnel server's port, or any.",
  },
  TURN_URLS: {
    default: '',
    good: 'turn:turn.example.org:3478?transport=udp',
    meaning: 'TURN servers (coturn), separated by commas; needs TURN_SECRET.',
  },
  TURN_SECRET: {
    default: '',
    good: 'the static-auth-secret of your coturn',
    meaning: "coturn's static-auth-secret, from which credentials with an expiry are made.",
  },
  P2P_ENABLED: {
    default: 'true',
    good: 'true',
    meaning: 'Whether direct WebRTC paths are tried; false: relay only.',
  },
  P2P_TIMEOUT_MS: {
    default: '10000',
    good: '10000',
    meaning: 'How long one attempt at a direct path may take, in milliseconds.',
  },
  SESSION_TTL: {
    default: '8h',
    good: '8h',
    meaning: 'How long a session lives at most: a number with s, m, h or d; at most 14d.',
  },
  HOST_GRACE: {
    default: '60s',
    good: '60s',
    meaning: 'How long a session waits for its host to come back: at most 1h.',
  },
  LINK_GRACE: {
    default: '60s',
    good: '60s',
    meaning:
      "How long a tab's tunnel that nothing carries waits for a way back before what is under way fails: 2s to 1h.",
  },
  MAX_SESSIONS: {
    default: '1000',
    good: '1000',
    meaning: 'Sessions on one tunnel server at once.',
  },
  MAX_VIEWERS: {
    default: '8',
    good: '8',
    meaning: 'Viewers of one session at once.',
  },
  LOG_LEVEL: {
    default: 'info',
    good: 'info',
    meaning: `What is logged: ${LOG_LEVELS.join(', ')}.`,
  },
  TRUST_PROXY: {
    default: 'false',
    good: 'true',
    meaning: 'Whether X-Forwarded-For and X-Forwarded-Proto come from a proxy of yours.',
  },
};

/** What `tunnelServerConfigFromEnvironment` reads, for `.env.example` and the docs. */
export const tunnelServerVariables: readonly VariableDescription[] = Object.entries(VARIABLES).map(
  ([name, variable]) => ({ name, default: variable.default, meaning: variable.meaning }),
);

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the environment (empty means unset); throws an Error that names the variable and shows a good value. */
export function tunnelServerConfigFromEnvironment(env: Environment): TunnelServerConfig {
  const values = parseEnvironment(env);
  const publicHost = values.TUNNEL_PUBLIC_URL && new URL(values.TUNNEL_PUBLIC_URL).hostname;
  return verified({
    host: values.TUNNEL_HOST,
    port: values.TUNNEL_PORT,
    domain: env['TUNNEL_DOMAIN'] ? values.TUNNEL_DOMAIN : (publicHost ?? values.TUNNEL_DOMAIN),
    publicUrl: values.TUNNEL_PUBLIC_URL,
    stunServers: values.STUN_SERVERS,
    stunEmbedded: values.STUN_EMBEDDED,
    stunPort: values.STUN_PORT,
    turnUrls: values.TURN_URLS,
    turnSecret: values.TURN_SECRET,
    p2pEnabled: values.P2P_ENABLED,
    p2pTimeoutMs: values.P2P_TIMEOUT_MS,
    sessionTtlMs: values.SESSION_TTL,
    hostGraceMs: values.HOST_GRACE,
    linkGraceMs: values.LINK_GRACE,
    maxSessions: values.MAX_SESSIONS,
    maxViewers: values.MAX_VIEWERS,
    logLevel: values.LOG_LEVEL,
    trustProxy: values.TRUST_PROXY,
    answerBareAddress: false,
    assetsDirectory: undefined,
  });
}

/** The defaults with `overrides` on top, for programs that embed the server; throws as the above does. */
export function tunnelServerConfig(
  overrides: Partial<TunnelServerConfig> = {},
): TunnelServerConfig {
  return verified({ ...tunnelServerConfigFromEnvironment({}), ...overrides });
}

function parseEnvironment(env: Environment): z.output<typeof environment> {
  const given: Record<string, string> = {};
  for (const [name, variable] of Object.entries(VARIABLES)) {
    const value = env[name]?.trim() || variable.default;
    if (value !== '') given[name] = value;
  }
  const result = environment.safeParse(given);
  if (result.success) return result.data;
  throw invalid(String(result.error.issues[0]?.path[0]), given);
}

function invalid(name: string, given: Record<string, string>): Error {
  const good = Object.entries(VARIABLES).find(([key]) => key === name)?.[1].good;
  const shown = name === 'TURN_SECRET' ? '' : ` "${given[name]}"`;
  return new Error(`${name}${shown} is not valid. A good value: ${name}=${good}`);
}

function verified(config: TunnelServerConfig): TunnelServerConfig {
  if (config.turnUrls.length > 0 && config.turnSecret === undefined) {
    throw new Error(
      'TURN_URLS needs TURN_SECRET. A good value: TURN_SECRET=<the static-auth-secret of your coturn>',
    );
  }
  return config;
}
