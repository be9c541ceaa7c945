import type { Browser } from 'puppeteer-core';
import { launch, type BrowserName } from './browser.js';
import { startForwarder } from './forwarder.js';
import { startServer } from './share.js';

// Free of Jest: the framework matrix uses it too.

/** By plain http it is no secure context: browsers have no service workers there, and the server shows the app itself. */
export const INSECURE_DOMAIN = 'wingman.test';

/** A tunnel server without TLS, on a name of its own. */
export interface InsecureServer {
  /** Options of a share on it. */
  readonly address: readonly string[];
  stop(): Promise<void>;
}

export async function startInsecureServer(): Promise<InsecureServer> {
  const forwarder = await startForwarder();
  const publicUrl = `http://${INSECURE_DOMAIN}:${forwarder.port}`;
  const { program, port } = await startServer(['--public-url', publicUrl, '--open-registration']);
  forwarder.forwardTo(port);
  return {
    address: ['--server', `http://127.0.0.1:${port}`],
    stop: async () => {
      await program.stop();
      await forwarder.close();
    },
  };
}

/** A browser for which all names of that domain are this machine. */
export function launchInsecure(
  name: BrowserName,
  prefs: Readonly<Record<string, unknown>> = {},
): Promise<Browser> {
  const args =
    name === 'chromium' ? [`--host-resolver-rules=MAP *.${INSECURE_DOMAIN} 127.0.0.1`] : [];
  return launch(name, args, { prefs: { ...prefs, 'network.dns.forceResolve': '127.0.0.1' } });
}
