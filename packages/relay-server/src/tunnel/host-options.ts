import type { EmbeddedServer } from '../cli/embedded-server.js';
import { proxyFor, type ShareConfig } from '../config.js';
import type { RememberedAnswers } from '../entry/remembered-answers.js';
import type { HostOptions } from './host-types.js';
import type { HostIdentity } from './identity.js';
import type { LoadSpare } from './webrtc/spare-engine.js';
import { withMappedPorts, type PortMapper } from './webrtc/port-mapping.js';
import { loadEngine, type PeerEngine } from './webrtc/webrtc-adapter.js';

/** What a host needs beside its settings. */
export interface HostMeans {
  readonly identity: HostIdentity;
  readonly engine: PeerEngine | undefined;
  /** Asks the router for ports, where that is wanted. */
  readonly mapper?: PortMapper | undefined;
  /** The tunnel server in this process, where no other is set. */
  readonly embedded: Pick<EmbeddedServer, 'url' | 'bareOrigins' | 'token'> | undefined;
  /** What was said of visitors under this name before. */
  readonly answers: RememberedAnswers | undefined;
}

/** The options of a host with these settings. */
export function hostOptions(config: ShareConfig, means: HostMeans): HostOptions {
  const { answers, embedded, engine, identity, mapper } = means;
  const server = config.server ?? embedded?.url;
  if (server === undefined) throw new Error('there is no tunnel server');
  return {
    port: config.port,
    alsoPorts: config.alsoPorts,
    hostHeader: config.hostHeader,
    server,
    furtherServers: config.furtherServers,
    proxyFor,
    bareOrigins: embedded?.bareOrigins ?? [],
    identity,
    token: embedded?.token ?? config.token,
    takeOver: config.takeOver,
    sharedBy: config.sharedBy,
    ttlMs: config.sessionTtlMs,
    maxViewers: config.maxViewers,
    linkGraceMs: config.linkGraceMs,
    p2pTimeoutMs: config.p2pTimeoutMs,
    sparesRelay: config.sparesRelay,
    engine: mapping(engine, mapper),
    loadSpare: spareFor(config, mapper),
    stunServers: config.stunServers,
    ingress: config.ingress,
    entry: {
      passphrase: config.passphrase,
      asksDeveloper: config.asksDeveloper,
      answers,
    },
    isReadOnly: config.isReadOnly,
    compresses: config.compresses,
    pushes: config.pushes,
    isTogether: config.isTogether,
    basicAuth: config.basicAuth,
  };
}

/** A developer who has named an engine has chosen that one alone. */
function spareFor({ engine }: ShareConfig, mapper: PortMapper | undefined): LoadSpare | undefined {
  if (engine !== 'auto') return undefined;
  let loaded: Promise<PeerEngine | undefined> | undefined;
  const load = async (): Promise<PeerEngine | undefined> =>
    mapping((await loadEngine('wrtc')).engine, mapper);
  return () => (loaded ??= load());
}

function mapping(
  engine: PeerEngine | undefined,
  mapper: PortMapper | undefined,
): PeerEngine | undefined {
  return engine === undefined || mapper === undefined ? engine : withMappedPorts(engine, mapper);
}

/** The session's URL with a page of the app: its fragment stands behind the key. */
export function openAt(url: string, page: string): string {
  const { origin, hash: key } = new URL(url);
  const { pathname, search, hash } = new URL(page, origin);
  return origin + pathname + search + key + hash;
}
