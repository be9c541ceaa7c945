import {
  ConfigError,
  isSet,
  optionsOf,
  readSettings,
  variablesOf,
  type Environment,
  type Given,
  type LogLevel,
} from '@wingman/node-kit';
import { SETTINGS } from './settings.js';

const MIB = 1024 * 1024;

/** A second address of the same server, as for the local network. */
export interface SecondDoor {
  readonly host: string;
  /** A certificate and its key, and the certificate of who has signed it, for visitors to install; as PEM. Undefined: plain HTTP. */
  readonly tls:
    { readonly cert: string; readonly key: string; readonly authority: string } | undefined;
}

/** Everything `startTunnelServer` can be told; times in milliseconds. */
export interface TunnelServerConfig {
  /** The address to listen on. */
  host: string;
  /** TCP port; 0 takes any free one. */
  port: number;
  /** The server's own origin as browsers see it; undefined: `http://<domain>:<port>`, or https with a certificate. */
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
  /** Whether the relay carries only what no direct path can. */
  sparesRelay: boolean;
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
  /** The path of a file that notes who registers and who comes; undefined: nobody notes that. */
  auditLog: string | undefined;
  /** Whether each browser is told first that what follows is somebody's app and not the operator's. */
  notice: boolean;
  /** What /metrics asks for; undefined: nothing, and on a public server /metrics is closed. */
  metricsToken: string | undefined;
  /** What /admin asks for; undefined: there is no such page. */
  adminToken: string | undefined;
  /** The path of the Unix socket for commands of the operator; undefined: there is none. */
  adminSocket: string | undefined;
  maxSessions: number;
  /** Sessions of the hosts behind one IPv4 address or one /64 of IPv6. */
  maxSessionsPerAddress: number;
  /** TCP connections at once. */
  maxSockets: number;
  /** What may wait for readers in the server's memory, of all sessions together. */
  maxHeldBytes: number;
  /** Both ways and of all sessions together; undefined: as many as come. */
  maxBytesPerSecond: number | undefined;
  /** Viewers per session, however many its host lets in. */
  maxViewers: number;
  logLevel: LogLevel;
  /** Whether X-Forwarded-For and X-Forwarded-Proto come from a proxy of ours. */
  trustProxy: boolean;
  /** Files with a certificate and its key; undefined: the server speaks plain HTTP. */
  tlsCert: string | undefined;
  tlsKey: string | undefined;
  /** Addresses and networks that may ask whether a name should get a certificate. */
  tlsAskFrom: string[];
  /** The Redis in which several nodes record which node has which session; undefined: this node is the only one. */
  redisUrl: string | undefined;
  /** The URL at which other nodes reach this one. */
  nodeUrl: string | undefined;
  /** The secret that all nodes share and prove to each other. */
  clusterSecret: string | undefined;
  /** Where else the server listens, on the same port; undefined: nowhere. */
  secondDoor: SecondDoor | undefined;
  /** Whether a bare address (127.0.0.1, [::1]) shows the session when there is exactly one. */
  answerBareAddress: boolean;
  /** Where the shell and its assets are; undefined: the package's own `assets`. */
  assetsDirectory: string | undefined;
}

/** What the command line has said about a tunnel server, as typed. */
export type ServerGiven = Given<typeof SETTINGS>;

/** The environment variables of a tunnel server, for `.env.example` and the docs. */
export const tunnelServerVariables = variablesOf(SETTINGS);
/** The options of `wingman server`. */
export const tunnelServerOptions = optionsOf(SETTINGS);

/** What `wingman admin` has to know of a server: where it takes commands. */
const ADMIN_SETTINGS = { adminSocket: SETTINGS.adminSocket };

/** The options of `wingman admin`. */
export const adminOptions = optionsOf(ADMIN_SETTINGS);

/** Where the server of this machine takes commands; throws ConfigError when nobody has said so. */
export function readAdminSocket(given: Given<typeof ADMIN_SETTINGS>, env: Environment): string {
  const { adminSocket } = readSettings(ADMIN_SETTINGS, given, env);
  if (adminSocket !== undefined) return adminSocket;
  throw new ConfigError(
    'ADMIN_SOCKET (--admin-socket) is missing: the same path as at the server. A good value: ADMIN_SOCKET=/run/wingman/admin.sock',
  );
}

/** Puts options and environment (empty means unset) together; throws ConfigError. */
export function readTunnelServerConfig(given: ServerGiven, env: Environment): TunnelServerConfig {
  const { maxHeldMib, maxMibPerSecond, nodeUrl, publicUrl, ...values } = readSettings(
    SETTINGS,
    given,
    env,
  );
  const hasDomain = publicUrl === undefined || isSet(SETTINGS.domain, given.domain, env);
  return verified({
    ...values,
    domain: hasDomain ? values.domain : publicUrl.hostname,
    publicUrl: publicUrl?.origin,
    nodeUrl: nodeUrl?.origin,
    maxHeldBytes: maxHeldMib * MIB,
    maxBytesPerSecond: maxMibPerSecond && maxMibPerSecond * MIB,
    stunServers: values.stunServers ?? [],
    turnUrls: values.turnUrls ?? [],
    secondDoor: undefined,
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
  if ((config.tlsCert === undefined) !== (config.tlsKey === undefined)) {
    throw new ConfigError(
      'TLS_CERT and TLS_KEY (--tls-cert, --tls-key) go together: a certificate is useless without its key.',
    );
  }
  demandCluster(config);
  demandRegistration(config);
  return config;
}

/** A node among several needs a URL, the shared secret, and a proxy in front: only the proxy knows the addresses of clients. */
function demandCluster({ clusterSecret, nodeUrl, redisUrl, trustProxy }: TunnelServerConfig): void {
  const given = [redisUrl, nodeUrl, clusterSecret].filter((value) => value !== undefined).length;
  if (given === 0 || (given === 3 && trustProxy)) return;
  throw new ConfigError(
    'Several nodes need all of REDIS_URL, NODE_URL, CLUSTER_SECRET and TRUST_PROXY=true.',
  );
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
export function isPublic({
  domain,
  host,
  secondDoor,
}: Pick<TunnelServerConfig, 'domain' | 'host' | 'secondDoor'>): boolean {
  const isLoopback = host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host);
  const isLocalName = domain === 'localhost' || domain.endsWith('.localhost');
  return !isLoopback || !isLocalName || secondDoor !== undefined;
}
