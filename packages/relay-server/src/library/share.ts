import { EventEmitter } from 'node:events';
import { ConfigError } from '@wingman/node-kit';
import { startEmbeddedServer, type EmbeddedServer } from '../cli/embedded-server.js';
import type { Announcement } from '../cli/lan/announcement.js';
import { announceOn, lanInfo } from '../cli/lan/lan-info.js';
import { createLogger, holdProcess } from '../cli/process.js';
import { configDirectory, shareConfig, type ShareConfig, type ShareGiven } from '../config.js';
import { Host } from '../tunnel/host.js';
import { hostOptions, openAt } from '../tunnel/host-options.js';
import { HostIdentity, namedIdentity } from '../tunnel/identity.js';
import { PortHosts } from '../tunnel/port-hosts.js';
import { loadEngine } from '../tunnel/webrtc/webrtc-adapter.js';
import type { OnLan, SharedApp, ShareEvents, ShareOptions } from './shared-app.js';

export type { OnLan, SharedApp, ShareEvents, ShareOptions, ViewerPath } from './shared-app.js';

/** Each option is a setting of `wingman share`. */
const SETTING_OF = {
  port: 'port',
  also: 'alsoPorts',
  server: 'server',
  token: 'token',
  name: 'name',
  takeOver: 'takeOver',
  sharedBy: 'sharedBy',
  hostHeader: 'hostHeader',
  expires: 'sessionTtlMs',
  maxViewers: 'maxViewers',
  linkGrace: 'linkGraceMs',
  p2p: 'p2pEnabled',
  p2pTimeoutMs: 'p2pTimeoutMs',
  spareRelay: 'sparesRelay',
  stun: 'stunServers',
  turn: 'turnUrls',
  turnSecret: 'turnSecret',
  engine: 'engine',
  lan: 'isOnLan',
  lanTls: 'hasLanTls',
  lanAddress: 'lanAddress',
  passphrase: 'passphrase',
  readOnly: 'isReadOnly',
  compression: 'compresses',
  push: 'pushes',
  together: 'isTogether',
  ingress: 'ingress',
  basicAuth: 'basicAuth',
  logLevel: 'logLevel',
} as const satisfies Record<keyof ShareOptions, keyof ShareGiven>;

/**
 * Shares a local port; resolves once the session is open. Reads neither the environment nor `.env`. Rejects with an
 * error whose `code` is CONFIG_INVALID for a wrong option, TIMEOUT when the server can't be reached, or the server's refusal.
 */
export async function share(options: ShareOptions): Promise<SharedApp> {
  const config = shareConfig({ logLevel: 'silent', ...givenBy(options) }, {});
  const logger = createLogger(config.logLevel);
  // Also while its server is away: a program that only shares has nothing else that would hold it.
  const letGo = holdProcess();
  let embedded: EmbeddedServer | undefined;
  try {
    if (config.server === undefined)
      embedded = await startEmbeddedServer(config, logger, process.env);
    const hosts = await start(config, embedded);
    const lan = lanInfo(config, hosts.main, embedded);
    const announcement = await announceOn(config, { lan, session: hosts.main.session }, logger);
    return new OpenSession(config, { hosts, embedded, lan, announcement, letGo });
  } catch (error) {
    await embedded?.close();
    letGo();
    throw error;
  }
}

type Value = ShareOptions[keyof ShareOptions];

/** As it would be typed. */
function givenBy(options: ShareOptions): ShareGiven {
  const given = Object.entries<Value>({ ...options }).flatMap(([name, value]) =>
    value === undefined ? [] : [[settingOf(name), String(value)]],
  );
  return Object.fromEntries(given) as ShareGiven;
}

/** An option that isn't one is a mistake of somebody who isn't helped by a compiler. */
function settingOf(name: string): string {
  if (Object.hasOwn(SETTING_OF, name)) return SETTING_OF[name as keyof ShareOptions];
  throw new ConfigError(`${name} is not an option of share().`);
}

async function start(
  config: ShareConfig,
  embedded: EmbeddedServer | undefined,
): Promise<PortHosts> {
  const { name, p2pEnabled } = config;
  const identity =
    name === undefined
      ? await HostIdentity.create()
      : await namedIdentity(configDirectory(process.env), name);
  const engine = p2pEnabled ? (await loadEngine(config.engine)).engine : undefined;
  const options = hostOptions(config, { identity, engine, embedded, answers: undefined });
  return PortHosts.start(await Host.start(options), options);
}

/** What a session consists of: it has a tunnel server of its own, or is announced on a network, where that is wanted. */
interface Parts {
  readonly hosts: PortHosts;
  readonly embedded: EmbeddedServer | undefined;
  readonly lan: OnLan | undefined;
  readonly announcement: Announcement | undefined;
  /** Lets the process end. */
  readonly letGo: () => void;
}

/** A session that is open, and all that ends with it. */
class OpenSession implements SharedApp {
  readonly session: string;
  readonly expiresAt: Date;
  readonly ingressToken: string | undefined;
  readonly lan: OnLan | undefined;
  readonly #events = new EventEmitter();
  readonly #host: Host;
  readonly #firstPage: string;
  readonly #over: Promise<void>;

  constructor(config: ShareConfig, { hosts, embedded, lan, announcement, letGo }: Parts) {
    const { main: host } = hosts;
    this.#host = host;
    this.lan = lan;
    this.#firstPage = config.firstPage;
    this.session = host.session;
    this.expiresAt = new Date(host.expiresAt);
    this.ingressToken = config.ingress === 'key' ? host.ingressToken : undefined;
    host.on('viewer-joined', (event) => this.#tell('viewer-joined', event));
    host.on('path-changed', (event) => this.#tell('path-changed', event));
    host.on('viewer-left', (event) => this.#tell('viewer-left', event));
    host.on('reconnected', () => this.#tell('reconnected', undefined));
    host.on('moved', ({ server }) => this.#tell('moved', { server, url: this.url }));
    host.on('problem', (event) => this.#tell('problem', event));
    this.#over = new Promise((resolve) => {
      // However it ends: by `close`, by its time, or by the server.
      host.once('stopped', (event) => {
        const ends = Promise.all([announcement?.withdraw(), hosts.close(), embedded?.close()]);
        resolve(ends.then(letGo));
        this.#tell('stopped', event);
      });
    });
  }

  get url(): string {
    return openAt(this.#host.url, this.#firstPage);
  }

  get server(): string {
    return this.#host.server.origin;
  }

  on: SharedApp['on'] = (event, listener) => {
    this.#events.on(event, listener);
    return this;
  };

  once: SharedApp['once'] = (event, listener) => {
    this.#events.once(event, listener);
    return this;
  };

  off: SharedApp['off'] = (event, listener) => {
    this.#events.off(event, listener);
    return this;
  };

  async close(): Promise<void> {
    await this.#host.close();
    await this.#over;
  }

  #tell<Name extends keyof ShareEvents>(name: Name, event: ShareEvents[Name]): void {
    this.#events.emit(name, event);
  }
}
