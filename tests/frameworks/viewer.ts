import { closeBrowsers, launch, type BrowserName } from '../support/browser.js';
import { startForwarder } from '../support/forwarder.js';
import { Share, startServer } from '../support/share.js';
import { startTlsProxy } from '../support/tls-proxy.js';
import { WebKit } from '../support/webkit.js';
import { PuppeteerTab } from './puppeteer-tab.js';
import type { Tab } from './tab.js';
import { WebKitTab } from './webkit-tab.js';

/** The ways to a session; the last is the server's plain HTTP, without our page around the app. */
export type Path = 'p2p' | 'relay' | 'plain';

/** By http it is no secure context: browsers have no service workers there, and the server shows the app itself. */
const INSECURE_DOMAIN = 'wingman.test';

/** A browser, and how apps are shared with it. */
export interface Viewer {
  readonly paths: readonly Path[];
  /** `isFramed`: the tab is for a session, so the app is inside the shell. */
  newTab(isFramed: boolean): Promise<Tab>;
  /** `framesHttp`: see the row. */
  share(port: number, args: readonly string[], framesHttp: boolean): Promise<Share>;
  end(): Promise<void>;
}

/** Whoever looks at apps, by the name for `--browser`. */
export const VIEWERS = {
  chromium: () => startPuppeteer('chromium'),
  firefox: () => startPuppeteer('firefox'),
  webkit: startWebKit,
  'chromium-plain': () => startPlain('chromium'),
  'firefox-plain': () => startPlain('firefox'),
} satisfies Record<string, () => Promise<Viewer>>;

export type ViewerName = keyof typeof VIEWERS;

/** Whether somebody has no tunnel. */
export const isPlain = (name: ViewerName): boolean => name.endsWith('-plain');

async function startPuppeteer(name: BrowserName): Promise<Viewer> {
  const browser = await launch(name);
  return {
    paths: ['p2p', 'relay'],
    newTab: async (isFramed) => new PuppeteerTab(await browser.newPage(), isFramed),
    share: (port, args) => Share.start(port, args),
    end: closeBrowsers,
  };
}

/** Sessions with an open ingress, on a name without TLS. */
async function startPlain(name: BrowserName): Promise<Viewer> {
  const forwarder = await startForwarder();
  const publicUrl = `http://${INSECURE_DOMAIN}:${forwarder.port}`;
  const server = await startServer(['--public-url', publicUrl, '--open-registration']);
  forwarder.forwardTo(server.port);
  const args =
    name === 'chromium' ? [`--host-resolver-rules=MAP *.${INSECURE_DOMAIN} 127.0.0.1`] : [];
  const browser = await launch(name, args, { prefs: { 'network.dns.forceResolve': '127.0.0.1' } });
  return {
    paths: ['plain'],
    newTab: async () => new PuppeteerTab(await browser.newPage(), false),
    share: (port, more) => {
      const open = more.includes('--ingress') ? more : [...more, '--ingress', 'open'];
      return Share.start(port, [...open, '--server', `http://127.0.0.1:${server.port}`]);
    },
    end: async () => {
      await closeBrowsers();
      await server.program.stop();
      await forwarder.close();
    },
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
