import { closeBrowsers, launch, type BrowserName, type Engine } from '../support/browser.js';
import { Share, startServer } from '../support/share.js';
import { startTlsProxy } from '../support/tls-proxy.js';
import { WebKit } from '../support/webkit.js';
import { PuppeteerTab } from './puppeteer-tab.js';
import type { Tab } from './tab.js';
import { WebKitTab } from './webkit-tab.js';

/** The ways to a session; `ingress` is plain HTTP, which the tunnel server can read. */
export type Path = 'p2p' | 'relay' | 'ingress';

/** A browser, or one that has no service workers and so no tunnel. */
export type ViewerName = Engine | `${BrowserName}-plain`;

/** A browser, and how apps are shared with it. */
export interface Viewer {
  readonly paths: readonly Path[];
  /** `isFramed`: the tab is for a session, so the app is inside the shell. */
  newTab(isFramed: boolean): Promise<Tab>;
  /** `framesHttp`: see the row. */
  share(port: number, args: readonly string[], framesHttp: boolean): Promise<Share>;
  end(): Promise<void>;
}

export function startViewer(name: ViewerName): Promise<Viewer> {
  switch (name) {
    case 'webkit':
      return startWebKit();
    case 'chromium-plain':
      return startPuppeteer('chromium', true);
    case 'firefox-plain':
      return startPuppeteer('firefox', true);
    default:
      return startPuppeteer(name, false);
  }
}

async function startPuppeteer(name: BrowserName, isPlain: boolean): Promise<Viewer> {
  const prefs = isPlain ? { 'dom.serviceWorkers.enabled': false } : {};
  const browser = await launch(name, [], { prefs });
  return {
    paths: isPlain ? ['ingress'] : ['p2p', 'relay'],
    newTab: async (isFramed) => {
      const page = await browser.newPage();
      if (isPlain) await page.evaluateOnNewDocument(refuseServiceWorkers);
      return new PuppeteerTab(page, isFramed);
    },
    share: (port, args) => Share.start(port, args),
    end: closeBrowsers,
  };
}

/** Chromium has no switch for it; it refuses so where cookies are blocked. */
function refuseServiceWorkers(): void {
  const { serviceWorker } = navigator as { serviceWorker?: ServiceWorkerContainer };
  if (serviceWorker === undefined) return;
  serviceWorker.register = () => Promise.reject(new DOMException('refused', 'SecurityError'));
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
