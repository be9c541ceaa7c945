import { isIPv4 } from 'node:net';
import { within } from '@wingman/protocol';
import type { Mapper, MapperOptions, Mapping, StartInfo } from 'port-mapper';
import { HOST_LIMITS } from '../../limits.js';
import type { MappedPort, PortMapper } from './port-mapping.js';

type Protocol = StartInfo['protocol'];

/** In the order of preference: an answer in one packet takes milliseconds (RFC 6886, RFC 6887), a search for UPnP seconds. */
const SEARCHES: readonly Protocol[][] = [['pcp', 'natpmp'], ['upnp']];

/** The library's types leave this event out. */
interface Fallible {
  on(event: 'error', listener: () => void): unknown;
}
type Router = Pick<Mapper, 'start' | 'map' | 'unmap' | 'close'> & Fallible;
type CreateRouter = (options: MapperOptions) => Router;

/** Loaded only where a port is wanted: no start waits for it. */
const loadLibrary = async (): Promise<CreateRouter> => {
  const { createMapper } = await import('port-mapper');
  return (options) => createMapper(options) as unknown as Router;
};

/** What has come of asking: told once for the search, and for each port that is mapped or refused. */
export type RouterNews = (news: { readonly protocol?: Protocol; readonly says: string }) => void;

/** The router's ports, by PCP, NAT-PMP or UPnP IGD, whichever it answers. It is looked for once. */
export class RouterPorts implements PortMapper {
  readonly #tell: RouterNews;
  readonly #load: () => Promise<CreateRouter>;
  /** The search, and then what it has found. */
  #found: Promise<Router | undefined> | undefined;
  /** Those that are asked whether they are one, and then the one that is. */
  #routers: Router[] = [];
  readonly #ports = new Set<number>();
  #isClosed = false;

  constructor(tell: RouterNews = () => undefined, load = loadLibrary) {
    this.#tell = tell;
    this.#load = load;
  }

  /** Looks for the router ahead of the first port: a search by UPnP takes seconds. */
  look(): void {
    this.#found ??= this.#find();
    // Whoever wants a port hears of it.
    this.#found.catch(() => undefined);
  }

  async map(localPort: number): Promise<MappedPort | undefined> {
    const isFull = this.#ports.size >= HOST_LIMITS.mappedPorts;
    if (this.#isClosed || isFull || this.#ports.has(localPort)) return undefined;
    this.#ports.add(localPort);
    const mapped = await this.#mapped(localPort).catch((error: unknown) => {
      this.#tell({ says: messageOf(error) });
      return undefined;
    });
    if (mapped === undefined) this.#ports.delete(localPort);
    return mapped;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    // Each takes back what is mapped before it ends.
    const closed = this.#routers.splice(0).map((router) => answerOf((done) => router.close(done)));
    await within(Promise.allSettled(closed), HOST_LIMITS.routerEndMs);
  }

  async #mapped(localPort: number): Promise<MappedPort | undefined> {
    this.look();
    const router = await this.#found;
    if (router === undefined || this.#isClosed) return undefined;
    const port = { internalPort: localPort, protocol: 'udp' } as const;
    const asked = answerOf<Mapping>((done) =>
      router.map({ ...port, externalPort: localPort }, done),
    );
    const mapping = await within(asked, HOST_LIMITS.routerAnswerMs);
    const release = (): void => {
      this.#ports.delete(localPort);
      if (!this.#isClosed) router.unmap(port, () => undefined);
    };
    if (mapping === undefined) void this.#refuseLate(localPort, asked, release);
    return this.#usable(mapping, release);
  }

  /** The client would renew what the router grants after nobody waits for it. */
  async #refuseLate(
    localPort: number,
    asked: Promise<Mapping>,
    release: () => void,
  ): Promise<void> {
    const mapping = await asked.catch(() => undefined);
    // Another may have asked for the same port since.
    if (mapping !== undefined && !this.#ports.has(localPort)) release();
  }

  /** A router without an address of its own may map ports all the same. */
  #usable(mapping: Mapping | undefined, release: () => void): MappedPort | undefined {
    const { externalIp: address, externalPort: port, via } = mapping ?? {};
    const isAddress = typeof address === 'string' && isIPv4(address) && address !== '0.0.0.0';
    if (!isAddress || !isPort(port)) {
      release();
      this.#tell({ says: 'the router has not answered with an address and a port' });
      return undefined;
    }
    this.#tell({ protocol: via as Protocol, says: `port ${port} of ${address}` });
    return { address, port, release };
  }

  async #find(): Promise<Router | undefined> {
    const create = await this.#load();
    if (this.#isClosed) return undefined;
    const routers = this.#created(create);
    this.#routers = routers;
    const searches = routers.map((router) => isThere(router));
    let found: Router | undefined;
    for (const [n, router] of routers.entries()) {
      if (found === undefined && (await searches[n]) === true) found = router;
      else router.close();
    }
    if (this.#isClosed) return undefined;
    this.#routers = found === undefined ? [] : [found];
    if (found === undefined && routers.length > 0)
      this.#tell({ says: 'no router here answers PCP, NAT-PMP or UPnP' });
    return found;
  }

  /** One for each search; none where the machine has no default gateway, which the library says in terms of its options. */
  #created(create: CreateRouter): Router[] {
    try {
      return SEARCHES.map((protocols) => create(optionsFor(protocols)));
    } catch (error) {
      if (!(error instanceof Error && error.message.includes('default gateway'))) throw error;
      this.#tell({ says: 'this machine has no default gateway, so there is no router to ask' });
      return [];
    }
  }
}

/** Whether there is a router that answers; what it has answered comes with each port. */
async function isThere(router: Router): Promise<boolean> {
  // An emitter without a listener throws.
  router.on('error', () => undefined);
  const started = answerOf<StartInfo>((done) => router.start(done));
  const info = await within(started, HOST_LIMITS.routerSearchMs).catch(() => undefined);
  return info !== undefined;
}

function optionsFor(protocols: Protocol[]): MapperOptions {
  return {
    protocols,
    description: 'wingman',
    lifetime: HOST_LIMITS.mappingSeconds,
    negotiateTimeout: HOST_LIMITS.routerSearchMs,
    httpTimeout: HOST_LIMITS.routerAnswerMs,
    searchTimeout: HOST_LIMITS.routerSsdpMs,
    searchMx: 1,
    retransmitAttempts: HOST_LIMITS.routerAttempts,
    // Whoever has asked for the port listens there, and releases it.
    ...{ checkLocalPort: false, cleanupOnExit: false, stun: false, announcements: false },
  };
}

/** The library's callbacks as a promise; rejects with the router's refusal. */
function answerOf<T>(ask: (done: (error?: Error | null, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    ask((error, value) => (error ? reject(error) : resolve(value as T)));
  });
}

function isPort(port: number | undefined): port is number {
  return port !== undefined && Number.isInteger(port) && port >= 1 && port <= 65_535;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
