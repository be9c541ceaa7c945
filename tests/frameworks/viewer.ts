import { closeBrowsers, launch, type BrowserName } from '../support/browser.js';
import { launchInsecure, startInsecureServer } from '../support/insecure-server.js';
import { Share, startServer } from '../support/share.js';
import { startTlsProxy } from '../support/tls-proxy.js';
import { WebKit } from '../support/webkit.js';
import { PuppeteerTab } from './puppeteer-tab.js';
import type { Tab } from './tab.js';
import { WebKitTab } from './webkit-tab.js';

/** The ways to a session; the last is the server's plain HTTP, without our page around the app. */
export type Path = 'p2p' | 'relay' | 'plain';

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
  const server = await startInsecureServer();
  const browser = await launchInsecure(name);
  return {
    paths: ['plain'],
    newTab: async () => new PuppeteerTab(await browser.newPage(), false),
    share: (port, more) => {
      const open = more.includes('--ingress') ? more : [...more, '--ingress', 'open'];
      return Share.start(port, [...open, ...server.address]);
    },
    end: async () => {
      await closeBrowsers();
      await server.stop();
    },
  };
}

/** WebKitGTK has no WebRTC, and takes no Secure cookie from plain http: its sessions are behind TLS. */
async function startWebKit(): Promise<Viewer> {
  const proxy = await startTlsProxy();
  const server = await startServer(['--public-url', `https://localhost:${proxy.port}`]);
  proxy.forwardTo(server.port);
  // A row looks at a page that is still streamed.
  const webkit = await WebKit.start('none');
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
