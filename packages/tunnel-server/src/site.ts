import { isIP } from 'node:net';
import type { TunnelServerConfig } from './config.js';

type SiteConfig = Pick<
  TunnelServerConfig,
  'domain' | 'host' | 'publicUrl' | 'stunServers' | 'tlsCert'
>;

/** Where the server is to be found. The ports are known only once it listens. */
export class Site {
  port = 0;
  /** UDP port of the embedded STUN responder; undefined: there is none. */
  stunPort: number | undefined;
  readonly #config: SiteConfig;

  constructor(config: SiteConfig) {
    this.#config = config;
  }

  /** The server's own origin as browsers see it. */
  get url(): string {
    const { domain, publicUrl, tlsCert } = this.#config;
    const scheme = tlsCert === undefined ? 'http' : 'https';
    return publicUrl ?? new URL(`${scheme}://${domain}:${this.port}`).origin;
  }

  get scheme(): 'http' | 'https' {
    return this.url.startsWith('https:') ? 'https' : 'http';
  }

  /** A session's origin as browsers write it. */
  originOf(session: string): string {
    const { port, protocol } = new URL(this.url);
    return new URL(`${protocol}//${session}.${this.#config.domain}:${port}`).origin;
  }

  /** STUN URLs for viewers and hosts, the embedded responder's first. */
  get stunUrls(): string[] {
    const { stunServers } = this.#config;
    if (this.stunPort === undefined) return stunServers;
    return [`stun:${this.#stunHost}:${this.stunPort}`, ...stunServers];
  }

  /** `localhost` may resolve to ::1, where an IPv4 responder doesn't listen. */
  get #stunHost(): string {
    const { hostname } = new URL(this.url);
    const isLocal = hostname === 'localhost' || hostname.endsWith('.localhost');
    if (!isLocal) return hostname;
    const { host } = this.#config;
    return isIP(host) === 6 && host !== '::' ? `[${host}]` : '127.0.0.1';
  }
}
