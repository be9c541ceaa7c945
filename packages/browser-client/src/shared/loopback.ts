/** The names by which a page may call the machine it was written on. */
const NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);
const DEFAULT_PORT = 80;

/** A URL as far as it names a server: that of a page too. */
type Address = Pick<URL, 'protocol' | 'hostname' | 'port'>;

/**
 * The port of the developer's machine that a URL means; undefined when it means anything else. Who
 * wrote the page meant their own machine, never that of the reviewer.
 */
export function localPort(url: Address, page: Address): number | undefined {
  const isPlain = url.protocol === 'http:' || url.protocol === 'ws:';
  const isLocal = isPlain && isLocalName(url, page);
  const isBeside = (isPlain || page.protocol === 'https:') && isBesidePage(url, page);
  if (!isLocal && !isBeside) return undefined;
  return url.port === '' ? DEFAULT_PORT : Number(url.port);
}

/** A tunnel server on the same machine has its sessions at names below `localhost`, and at the port of their pages. */
function isLocalName({ hostname, port }: Address, page: Address): boolean {
  return NAMES.has(hostname) || (hostname.endsWith('.localhost') && port !== page.port);
}

/** A page that takes its host from `location`, and often the scheme, finds the session's there: webpack's client does. */
function isBesidePage({ hostname, port }: Address, page: Address): boolean {
  return hostname === page.hostname && port !== '' && port !== page.port;
}

/** What a document has said of the developer's machine. */
export interface LocalAddresses {
  /** The app's own port. */
  appPort: number | undefined;
  /** The origins at which other ports have their pages. */
  pageOrigins: ReadonlyMap<number, string>;
}

/** For what has to stay on the page's own origin. */
export const ownAddressOnly = ({ appPort }: Pick<LocalAddresses, 'appPort'>): LocalAddresses => ({
  appPort,
  pageOrigins: new Map(),
});

/**
 * The place in the session that a URL means when it names the app by its address on the developer's machine, or
 * another port that has pages; undefined for all other URLs.
 */
export function inSession(
  url: string | URL,
  page: Pick<URL, 'origin'> & { readonly base: string },
  { appPort, pageOrigins }: LocalAddresses,
): string | undefined {
  if (appPort === undefined || !URL.canParse(url, page.base)) return undefined;
  const parsed = new URL(url, page.base);
  const { protocol, pathname, search, hash } = parsed;
  const isForPages = protocol === 'http:' || protocol === 'https:';
  const port = isForPages ? localPort(parsed, new URL(page.origin)) : undefined;
  if (port === undefined) return undefined;
  const origin = port === appPort ? page.origin : pageOrigins.get(port);
  return origin === undefined ? undefined : origin + pathname + search + hash;
}

/** Reads what the host has written into the shim's element: ports with their origins. */
export function readPageOrigins(text: string | undefined): ReadonlyMap<number, string> {
  const pairs = (text ?? '').split(' ').filter((pair) => pair !== '');
  return new Map(
    pairs.map((pair) => {
      const [port = '', origin = ''] = pair.split('=');
      return [Number(port), origin] as const;
    }),
  );
}

/** `localhost`, which is the page's own name, is one site whatever the port, and cookies don't tell ports apart; the addresses are others. */
export function sharesCookies({ hostname }: URL, page: Pick<URL, 'hostname'>): boolean {
  return hostname === 'localhost' || hostname === page.hostname;
}

/** What a developer has to do so that a port can be used. */
export function howToShare(port: number): string {
  return `localhost:${port} of the developer's machine is not shared. To share it, the developer starts wingman with --also ${port}.`;
}
