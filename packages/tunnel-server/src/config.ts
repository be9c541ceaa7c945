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
} from '@wingman/node-kit';

const MIB = 1024 * 1024;

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
  /** Tokens of which a host needs one: with commas between them, or the path of a file; undefined: none is needed. */
  hostTokens: string | undefined;
  /** Whether a public server registers whoever has a key. */
  openRegistration: boolean;
  /** The path of a file with names, addresses and networks that are not served. */
  denyList: string | undefined;
  /** Whether each browser is told first that what follows is somebody's app and not the operator's. */
  notice: boolean;
  /** What /metrics asks for; undefined: nothing, and on a public server /metrics is closed. */
  metricsToken: string | undefined;
  /** What /admin asks for; undefined: there is no such page. */
  adminToken: string | undefined;
  maxSessions: number;
  /** Sessions of the hosts behind one IPv4 address or one /64 of IPv6. */
  maxSessionsPerAddress: number;
  /** TCP connections at once. */
  maxSockets: number;
  /** What may wait for readers in the server's memory, of all sessions together. */
  maxHeldBytes: number;
  /** Both ways and of all sessions together; undefined: as many as come. */
  maxBytesPerSecond: number | undefined;
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

/** Long enough that nobody guesses it, and of what a bearer token may have. */
const operatorToken = schemas.text.regex(/^[\w-]{20,128}$/);

const SETTINGS = {
  host: setting({
    variable: 'TUNNEL_HOST',
    option: '--host <address>',
    default: '127.0.0.1',
    good: '0.0.0.0',
    meaning: 'Address the tunnel server listens on.',
    schema: schemas.text,
  }),
  port: setting({
    variable: 'TUNNEL_PORT',
    option: '--port <port>',
    default: '8787',
    good: '8787',
    meaning: 'TCP port the tunnel server listens on; 0 takes any free one.',
    schema: schemas.integer(0, 65_535),
  }),
  domain: setting({
    variable: 'TUNNEL_DOMAIN',
    option: '--domain <domain>',
    default: 'localhost',
    good: 'tunnel.example.org',
    meaning: 'Domain of the sessions: each is <session>.<domain>.',
    schema: schemas.domainName,
  }),
  publicUrl: setting({
    variable: 'TUNNEL_PUBLIC_URL',
    option: '--public-url <url>',
    default: '',
    good: 'https://tunnel.example.org',
    meaning: "The tunnel server's own origin as browsers see it; empty: http://<domain>:<port>.",
    schema: schemas.httpOrigin,
  }),
  stunEmbedded: setting({
    variable: 'STUN_EMBEDDED',
    default: 'true',
    good: 'true',
    meaning: 'Whether the tunnel server answers STUN itself.',
    schema: schemas.flag,
  }),
  stunPort: setting({
    variable: 'STUN_PORT',
    option: '--stun-port <port>',
    default: '',
    good: '3478',
    meaning: "UDP port of the embedded STUN responder; empty: the tunnel server's port, or any.",
    schema: schemas.integer(0, 65_535),
  }),
  hostGraceMs: setting({
    variable: 'HOST_GRACE',
    default: '60s',
    good: '60s',
    meaning: 'How long a session waits for its host to come back: at most 1h.',
    schema: schemas.duration(1_000, 3_600_000),
  }),
  hostTokens: setting({
    variable: 'HOST_TOKENS',
    option: '--host-tokens <file>',
    default: '',
    good: './host-tokens.txt',
    meaning: 'Hosts need one of these tokens: a file with one a line, or a list with commas.',
    isSecret: true,
    schema: schemas.text,
  }),
  openRegistration: setting({
    variable: 'OPEN_REGISTRATION',
    option: '--open-registration',
    flagMeaning: 'Register any host without a token.',
    default: 'false',
    good: 'true',
    meaning: 'Whether a public server registers any host, without a token.',
    schema: schemas.flag,
  }),
  denyList: setting({
    variable: 'DENY_LIST',
    option: '--deny-list <file>',
    default: '',
    good: './deny-list.txt',
    meaning: 'File with sessions, addresses and networks that are not served, one a line.',
    schema: schemas.text,
  }),
  notice: setting({
    variable: 'TUNNEL_NOTICE',
    option: '--notice',
    flagMeaning: "Tell each browser first that what follows is somebody's app, not yours.",
    default: 'false',
    good: 'true',
    meaning: "Whether each browser is told first that what follows is somebody's app, not yours.",
    schema: schemas.flag,
  }),
  metricsToken: setting({
    variable: 'METRICS_TOKEN',
    default: '',
    good: 'the output of openssl rand -hex 32',
    meaning: 'Bearer token for /metrics; without it a public server shows no metrics.',
    isSecret: true,
    schema: operatorToken,
  }),
  adminToken: setting({
    variable: 'ADMIN_TOKEN',
    default: '',
    good: 'the output of openssl rand -hex 32',
    meaning: 'Bearer token for /admin, which lists and ends sessions; empty: no such page.',
    isSecret: true,
    schema: operatorToken,
  }),
  maxSessions: setting({
    variable: 'MAX_SESSIONS',
    option: '--max-sessions <n>',
    default: '1000',
    good: '1000',
    meaning: 'Sessions on one tunnel server at once.',
    schema: schemas.integer(1, 1_000_000),
  }),
  maxSessionsPerAddress: setting({
    variable: 'MAX_SESSIONS_PER_ADDRESS',
    option: '--max-sessions-per-address <n>',
    default: '200',
    good: '200',
    meaning: 'Sessions at once of the hosts behind one address, or one /64 of IPv6.',
    schema: schemas.integer(1, 1_000_000),
  }),
  maxSockets: setting({
    variable: 'MAX_SOCKETS',
    option: '--max-sockets <n>',
    default: '10000',
    good: '10000',
    meaning: 'TCP connections at once; one address gets at most as many as are left for others.',
    schema: schemas.integer(10, 1_000_000),
  }),
  maxHeldMib: setting({
    variable: 'MAX_HELD_MIB',
    option: '--max-held <MiB>',
    default: '512',
    good: '512',
    meaning: 'MiB that may wait for slow readers in memory, of all sessions together.',
    schema: schemas.integer(1, 1_000_000),
  }),
  maxMibPerSecond: setting({
    variable: 'MAX_MIB_PER_SECOND',
    option: '--max-rate <MiB/s>',
    default: '',
    good: '100',
    meaning: 'MiB a second, both ways, from which on nothing new is begun; empty: no limit.',
    schema: schemas.integer(1, 1_000_000),
  }),
  trustProxy: setting({
    variable: 'TRUST_PROXY',
    option: '--trust-proxy',
    flagMeaning: 'Believe X-Forwarded-For and X-Forwarded-Proto: a proxy of yours sets them.',
    default: 'false',
    good: 'true',
    meaning: 'Whether X-Forwarded-For and X-Forwarded-Proto come from a proxy of yours.',
    schema: schemas.flag,
  }),
  ...SHARED_SETTINGS,
};

/** What the command line has said about a tunnel server, as typed. */
export type ServerGiven = Given<typeof SETTINGS>;

/** The environment variables of a tunnel server, for `.env.example` and the docs. */
export const tunnelServerVariables = variablesOf(SETTINGS);
/** The options of `wingman server`. */
export const tunnelServerOptions = optionsOf(SETTINGS);

/** Puts options and environment (empty means unset) together; throws ConfigError. */
export function readTunnelServerConfig(given: ServerGiven, env: Environment): TunnelServerConfig {
  const { maxHeldMib, maxMibPerSecond, publicUrl, ...values } = readSettings(SETTINGS, given, env);
  const hasDomain = publicUrl === undefined || isSet(SETTINGS.domain, given.domain, env);
  return verified({
    ...values,
    domain: hasDomain ? values.domain : publicUrl.hostname,
    publicUrl: publicUrl?.origin,
    maxHeldBytes: maxHeldMib * MIB,
    maxBytesPerSecond: maxMibPerSecond && maxMibPerSecond * MIB,
    stunServers: values.stunServers ?? [],
    turnUrls: values.turnUrls ?? [],
    answerBareAddress: false,
    assetsDirectory: undefined,
  });
}

/** The defaults with `overrides` on top, for programs that embed the server; throws ConfigError. */
export function tunnelServerConfig(
  overrides: Partial<TunnelServerConfig> = {},
): TunnelServerConfig {
  return verified({ ...readTunnelServerConfig({}, {}), ...overrides });
}

function verified(config: TunnelServerConfig): TunnelServerConfig {
  if (config.turnUrls.length > 0 && config.turnSecret === undefined) {
    throw new ConfigError(
      'TURN_URLS needs TURN_SECRET. A good value: TURN_SECRET=<the static-auth-secret of your coturn>',
    );
  }
  demandRegistration(config);
  return config;
}

/** Who may register on a server that others can reach is the operator's choice, and neither choice is made for them. */
function demandRegistration(config: TunnelServerConfig): void {
  const { hostTokens, openRegistration } = config;
  if (hostTokens !== undefined && openRegistration) {
    throw new ConfigError('HOST_TOKENS and OPEN_REGISTRATION contradict each other: choose one.');
  }
  if (!isPublic(config) || hostTokens !== undefined || openRegistration) return;
  throw new ConfigError(
    'A server that others can reach has to say who may register. Choose one: HOST_TOKENS=./host-tokens.txt (--host-tokens: only hosts with a token in that file) or OPEN_REGISTRATION=true (--open-registration: anybody).',
  );
}

/** Whether others than this machine's users reach the server: by its address, or through a proxy for its name. */
export function isPublic({ domain, host }: Pick<TunnelServerConfig, 'domain' | 'host'>): boolean {
  const isLoopback = host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host);
  const isLocalName = domain === 'localhost' || domain.endsWith('.localhost');
  return !isLoopback || !isLocalName;
}
