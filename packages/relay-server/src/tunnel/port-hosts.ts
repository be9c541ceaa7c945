import { toWingmanError } from '@wingman/protocol';
import { Host } from './host.js';
import type { HostOptions, ViewerInfo } from './host-types.js';

/**
 * A main host, and the hosts that show the pages of the ports of `--also`: each has a session of its own, for as long as
 * the main one. They have visitors and cookies in common, and what happens at them the main host tells.
 */
export class PortHosts {
  readonly #hosts = new Map<number, Host>();
  #isOver = false;

  private constructor(readonly main: Host) {
    main.once('closing', () => void this.close());
  }

  /**
   * Starts a host for each port; resolves once each is registered or has failed. A port whose host has failed has no
   * pages, but the main one's pages can use it all the same.
   */
  static async start(main: Host, options: HostOptions): Promise<PortHosts> {
    const started = new PortHosts(main);
    const { alsoPorts = [], port: mainPort } = options;
    const ports = [...new Set(alsoPorts)].filter((port) => port !== mainPort);
    if (ports.length === 0) return started;
    main.commons.pageOrigins.set(mainPort, new URL(main.url).origin);
    const all = [mainPort, ...ports];
    await Promise.all(ports.map((port) => started.#start(port, all, options)));
    return started;
  }

  /** What is known of a viewer at any of the ports. */
  viewer(id: string): ViewerInfo | undefined {
    for (const host of this.all) {
      const info = host.viewer(id);
      if (info !== undefined) return info;
    }
    return undefined;
  }

  /** Everybody who is here. */
  get viewers(): ViewerInfo[] {
    return [...this.main.commons.viewers].flatMap((id) => this.viewer(id) ?? []);
  }

  /** The main host first, and those of the other ports that have pages. */
  get all(): Host[] {
    return [this.main, ...this.#hosts.values()];
  }

  /** Requests that have not been answered to the end, and WebSockets that are not closed. */
  get activeExchanges(): number {
    return this.all.reduce((sum, host) => sum + host.activeExchanges, 0);
  }

  /** Ends the sessions of the other ports, which the end of the main one does too. */
  async close(): Promise<void> {
    this.#isOver = true;
    await Promise.all([...this.#hosts.values()].map((host) => host.close()));
  }

  async #start(port: number, all: readonly number[], options: HostOptions): Promise<void> {
    try {
      const host = await Host.start(
        {
          ...options,
          port,
          // A name of its own is the app's, not that of another server.
          hostHeader: options.hostHeader === 'session' ? 'session' : 'localhost',
          alsoPorts: all.filter((other) => other !== port),
          identity: await options.identity.forPort(port),
          // What lets in without the key was said of the app alone.
          ingress: options.ingress === 'open' ? 'key' : options.ingress,
          basicAuth: undefined,
          // The server shows the main session there.
          bareOrigins: [],
          // The main session's registration has decided whose the name is.
          takeOver: true,
          ttlMs: this.main.expiresAt - Date.now(),
          commons: this.main.commons,
        },
        (starting) => this.#watch(starting),
      );
      if (this.#isOver) return await host.close();
      const { pageOrigins } = this.main.commons;
      this.#hosts.set(port, host);
      pageOrigins.set(port, new URL(host.url).origin);
      host.once('stopped', () => pageOrigins.delete(port));
    } catch (error) {
      const { code, message } = toWingmanError(error, 'INTERNAL');
      this.main.emit('problem', { code, message: `localhost:${port} has no pages: ${message}` });
    }
  }

  #watch(host: Host): void {
    const main = this.main;
    host.on('problem', (event) => main.emit('problem', event));
    host.on('request', (event) => main.emit('request', event));
    host.on('transfer', (event) => main.emit('transfer', event));
    host.on('viewer-joined', (event) => main.emit('viewer-joined', event));
    host.on('path-changed', (event) => main.emit('path-changed', event));
    host.on('viewer-left', (event) => main.emit('viewer-left', event));
  }
}
