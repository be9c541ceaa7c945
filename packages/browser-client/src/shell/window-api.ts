import { BROWSER_LIMITS } from '../shared/limits.js';
import {
  ISOLATED_MARK,
  isMarked,
  SHELL_API,
  type DocumentReport,
  type ShellApi,
} from '../shared/shell-api.js';
import { NO_LINK, type Preference, type WingmanStatus } from '../shared/status.js';
import type { AppFrame } from './app-frame.js';
import type { FirstPage } from './first-page.js';
import type { LanePeers } from './lane-peers.js';
import type { P2pClient } from './p2p-client.js';
import type { ServiceWorkerHost } from './service-worker-host.js';
import type { TunnelClient } from './tunnel-client.js';

/** The parts of the shell that the window's members lead to, as they are now. */
export interface ShellParts {
  readonly tab: string;
  readonly frame: Pick<AppFrame, 'url' | 'addresses'>;
  readonly firstPage: Pick<FirstPage, 'pastOf'>;
  readonly tunnel: TunnelClient | undefined;
  readonly p2p: P2pClient | undefined;
  readonly lanes: Pick<LanePeers, 'count'> | undefined;
  readonly serviceWorker: ServiceWorkerHost | undefined;
  reported(report: DocumentReport): void;
}

/** Puts in place what the app's documents and scripts find on the tab's window. */
export function publish(shell: ShellParts, tab: Window): void {
  const downloads = new DownloadFrames(shell, tab.document);
  const api: ShellApi = {
    tab: shell.tab,
    get tunnels() {
      return shell.tunnel !== undefined;
    },
    openWebSocket: (request, port) => shell.tunnel?.openWebSocket(request, port),
    get appPort() {
      return shell.frame.addresses.appPort;
    },
    set appPort(port) {
      shell.frame.addresses.appPort = port;
    },
    get pageOrigins() {
      return shell.frame.addresses.pageOrigins;
    },
    set pageOrigins(origins) {
      shell.frame.addresses.pageOrigins = origins;
    },
    report: (report) => shell.reported(report),
    pastOf: (url) => shell.firstPage.pastOf(url),
    download: (url, name) => void downloads.start(url, name),
    isolate: (isOn) => isolate(isOn, shell, tab),
    postToOpener: (...args) => post(tab.opener, args),
    postToParent: (...args) => post(tab.parent, args),
    parts: shell,
    cookiesChanged: (cookies) => shell.tunnel?.updateCookies(cookies),
  };
  const wingman = {
    status: () => statusOf(shell),
    prefer: (preference: Preference) => prefer(shell, preference),
  };
  Object.assign(tab, { [SHELL_API]: api, wingman });
}

/** What `window.wingman.status()` resolves to. */
async function statusOf({ tunnel, p2p, lanes }: ShellParts): Promise<WingmanStatus> {
  const status = (await tunnel?.status()) ?? NO_LINK;
  const { mode, rttMs, link, bytes, switches, relayConnected, directConnected } = status;
  const candidatePair = (await p2p?.candidatePair()) ?? null;
  const webrtcConnections = (p2p?.connectionCount ?? 0) + (lanes?.count ?? 0);
  return {
    ...{ mode, rttMs, link, bytes, candidatePair, switches },
    ...{ relayConnected, directConnected, webrtcConnections },
  };
}

/** Has the tunnel keep to a path, or choose again. */
export function prefer({ p2p, tunnel }: ShellParts, preference: Preference): void {
  tunnel?.prefer(preference);
  if (preference !== 'relay') p2p?.retryNow();
}

/**
 * Starts what `<a download>` asks for, each in a frame of its own. Chromium shows the navigation of a frame to the
 * service worker, but not the request of such a link.
 */
class DownloadFrames {
  readonly #frames: HTMLIFrameElement[] = [];

  constructor(
    private readonly shell: ShellParts,
    private readonly page: Document,
  ) {}

  async start(url: string, name: string): Promise<void> {
    this.shell.tunnel?.announceDownload(url, name);
    await this.shell.serviceWorker?.expect(url);
    const frame = this.page.createElement('iframe');
    frame.hidden = true;
    frame.src = url;
    this.#frames.push(frame);
    if (this.#frames.length > BROWSER_LIMITS.maxDownloads) this.#frames.shift()?.remove();
    this.page.body.append(frame);
  }
}

/**
 * Loads this tab again, cross-origin isolated or not, as the app's page wants it. The result is false when nothing
 * would be gained: a browser that got the headers and didn't isolate will not do so the next time.
 */
function isolate(isOn: boolean, { frame, serviceWorker }: ShellParts, tab: Window): boolean {
  const { url } = frame;
  if (serviceWorker === undefined || url === undefined) return false;
  if (isMarked(tab.document, ISOLATED_MARK) === isOn) return false;
  void serviceWorker.has({ kind: 'isolation', isOn }).then((isDone) => {
    if (!isDone) return;
    // The page that asked may not have reported its URL yet. The new URL also keeps a form from being posted again.
    tab.history.replaceState(tab.history.state, '', url);
    tab.location.reload();
  });
  return true;
}

/** Posts to a window from the shell's realm, which the receiver sees as the source (HTML, window post message steps). */
function post(window: unknown, args: unknown[]): void {
  (window as { postMessage(...args: unknown[]): void } | null)?.postMessage(...args);
}
