/** The names by which a page may call the machine it was written on. */
const NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);
const DEFAULT_PORT = 80;

/** A URL as far as it names a server: that of a page too. */
type Address = Pick<URL, 'protocol' | 'hostname' | 'port'>;

/**
 * The port of the developer's machine that a URL means; undefined when it means anything else. Who
 * wrote the page meant their own machine, never that of the reviewer.
 */
export function localPort(url: Address, page: Pick<URL, 'port'>): number | undefined {
  const isPlain = url.protocol === 'http:' || url.protocol === 'ws:';
  if (!isPlain || !isLocalName(url, page)) return undefined;
  return url.port === '' ? DEFAULT_PORT : Number(url.port);
}

/** A tunnel server on the same machine has its sessions at names below `localhost`, and at the port of their pages. */
function isLocalName({ hostname, port }: Address, page: Pick<URL, 'port'>): boolean {
  return NAMES.has(hostname) || (hostname.endsWith('.localhost') && port !== page.port);
}

/**
 * The place in the session that a URL means when it names the app by its address on the developer's machine;
 * undefined for all other URLs.
 */
export function inSession(
  url: string | URL,
  page: Pick<URL, 'origin' | 'port'> & { readonly base: string },
  appPort: number | undefined,
): string | undefined {
  if (appPort === undefined || !URL.canParse(url, page.base)) return undefined;
  const parsed = new URL(url, page.base);
  const { protocol, pathname, search, hash } = parsed;
  if (protocol !== 'http:' || localPort(parsed, page) !== appPort) return undefined;
  return page.origin + pathname + search + hash;
}

/** `localhost` is one site whatever the port, and cookies don't tell ports apart; the addresses are others. */
export function sharesCookies(url: URL): boolean {
  return url.hostname === 'localhost';
}

/** What a developer has to do so that a port can be used. */
export function howToShare(port: number): string {
  return `localhost:${port} of the developer's machine is not shared. To share it, the developer starts wingman with --also ${port}.`;
}
