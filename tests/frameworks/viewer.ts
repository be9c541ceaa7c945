import { closeBrowsers, launch, type BrowserName, type Engine } from '../support/browser.js';
import { Share, startServer } from '../support/share.js';
import { startTlsProxy } from '../support/tls-proxy.js';
import { WebKit } from '../support/webkit.js';
import { PuppeteerTab } from './puppeteer-tab.js';
import type { Tab } from './tab.js';
import { WebKitTab } from './webkit-tab.js';

/** The ways to a session. */
export type Path = 'p2p' | 'relay';

/** A browser, and how apps are shared with it. */
export interface Viewer {
  readonly paths: readonly Path[];
  /** `isFramed`: the tab is for a session, so the app is inside the shell. */
  newTab(isFramed: boolean): Promise<Tab>;
  /** `framesHttp`: see the row. */
  share(port: number, args: readonly string[], framesHttp: boolean): Promise<Share>;
  end(): Promise<void>;
}

export function startViewer(engine: Engine): Promise<Viewer> {
  return engine === 'webkit' ? startWebKit() : startPuppeteer(engine);
}

async function startPuppeteer(name: BrowserName): Promise<Viewer> {
  const browser = await launch(name);
  return {
    paths: ['p2p', 'relay'],
    newTab: async (isFramed) => new PuppeteerTab(await browser.newPage(), isFramed),
    share: (port, args) => Share.start(port, args),
    end: closeBrowsers,
  };
}

/** WebKitGTK has no WebRTC, and takes no Secure cookie from plain http: its sessions are behind TLS. */
async function startWebKit(): Promise<Viewer> {
  const proxy = await startTlsProxy();
  const server = await startServer(['--public-url', `https://localhost:${proxy.port}`]);
  proxy.forwardTo(server.port);
  const webkit = await WebKit.start();
  const { driver } = webkit;
  const env = { NODE_EXTRA_CA_CERTS: proxy.certificate };
  // For what a row starts itself: npm takes no certificate for `*.localhost`.
  process.env['npm_config_strict_ssl'] = 'false';
  return {
    paths: ['relay'],
    newTab: async (isFramed) =>
      new WebKitTab(driver, await driver.newWindow(), isFramed, (url) => webkit.resolve(url)),
    share: (port, args, framesHttp) =>
      framesHttp
        ? Share.start(port, args)
        : Share.start(port, [...args, '--server', `https://localhost:${proxy.port}`], env),
    end: async () => {
      Reflect.deleteProperty(process.env, 'npm_config_strict_ssl');
      await webkit.stop();
      await server.program.stop();
      await proxy.close();
    },
  };
}
