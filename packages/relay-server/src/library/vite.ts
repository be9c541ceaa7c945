import { share } from './share.js';
import type { ShareOptions, SharedApp } from './shared-app.js';

/** What is shared is Vite's own server, so its port isn't asked for. */
export type WingmanViteOptions = Omit<ShareOptions, 'port'>;

/** What the plugin uses of Vite's dev server; no types of Vite's are needed to read these. */
export interface ViteServer {
  readonly config: {
    readonly base: string;
    readonly logger: { info(message: string): void; warn(message: string): void };
  };
  /** Null where another server has Vite as a part of it. */
  readonly httpServer: {
    once(event: 'listening', listener: () => void): unknown;
    address(): { readonly port: number } | string | null;
  } | null;
  printUrls(): void;
}

export interface WingmanVitePlugin {
  readonly name: string;
  /** For the dev server alone. */
  readonly apply: 'serve';
  configureServer(server: ViteServer): void;
  closeBundle(): Promise<void>;
}

/** A plugin for Vite that shares the dev server while it runs, and prints the session's URL beside Vite's own. */
export function wingman(options: WingmanViteOptions = {}): WingmanVitePlugin {
  let opening: Promise<SharedApp | undefined> | undefined;
  return {
    name: 'wingman-tunnel',
    apply: 'serve',
    configureServer: (server) => {
      const { config, httpServer } = server;
      if (httpServer === null) {
        return config.logger.warn('wingman: Vite runs within another server; share that one.');
      }
      let line = '';
      const printOwn = server.printUrls.bind(server);
      server.printUrls = () => {
        printOwn();
        if (line !== '') config.logger.info(line);
      };
      httpServer.once('listening', () => {
        opening = open(server, options);
        void opening.then((shared) => {
          if (shared === undefined) return;
          line = `  ➜  Session: ${shared.url}`;
          if (shared.lan !== undefined) line += `\n  ➜  Session on this network: ${shared.lan.url}`;
          config.logger.info(line);
          shared.on('stopped', ({ message, reason }) => {
            line = '';
            if (reason !== 'closed') config.logger.warn(`wingman: the session is over: ${message}`);
          });
        });
      });
    },
    // Vite calls it when the server closes, and before it starts anew.
    closeBundle: async () => (await opening)?.close(),
  };
}

/** The session, with Vite's base as the page that its link opens. Undefined, and told, when there is none: Vite goes on. */
async function open(
  { config, httpServer }: ViteServer,
  options: WingmanViteOptions,
): Promise<SharedApp | undefined> {
  const address = httpServer?.address() ?? null;
  if (address === null || typeof address !== 'object') {
    config.logger.warn('wingman: the dev server isn’t shared: it listens on no port.');
    return undefined;
  }
  const page = config.base.startsWith('/') ? config.base : '/';
  try {
    return await share({ ...options, port: `${address.port}${page}` });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    config.logger.warn(`wingman: the dev server isn’t shared: ${message}`);
    return undefined;
  }
}
