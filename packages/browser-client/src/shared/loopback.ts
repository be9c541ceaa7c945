/** The names by which a page may call the machine it was written on. */
const NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);
const DEFAULT_PORT = 80;

/**
 * The port of the developer's machine that a URL means; undefined when it means anything else. Who
 * wrote the page meant their own machine, never that of the reviewer.
 */
export function localPort(url: URL): number | undefined {
  const isPlain = url.protocol === 'http:' || url.protocol === 'ws:';
  if (!isPlain || !NAMES.has(url.hostname)) return undefined;
  return url.port === '' ? DEFAULT_PORT : Number(url.port);
}

/** `localhost` is one site whatever the port, and cookies don't tell ports apart; the addresses are others. */
export function sharesCookies(url: URL): boolean {
  return url.hostname === 'localhost';
}

/** What a developer has to do so that a port can be used. */
export function howToShare(port: number): string {
  return `localhost:${port} of the developer's machine is not shared. To share it, the developer starts wingman with --also ${port}.`;
}
