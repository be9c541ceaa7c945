import { newLinkId, within, type ProblemCode } from '@wingman/protocol';
import type { Boot } from '../shared/boot.js';
import { BROWSER_LIMITS } from '../shared/limits.js';
import type { DocumentReport } from '../shared/shell-api.js';
import { NO_LINK } from '../shared/status.js';
import type { WorkerToShell } from '../shared/worker-messages.js';
import { AppFrame } from './app-frame.js';
import { doorFor, goToDoor } from './door.js';
import type { EarlyStart, EarlyTunnel } from './early-start.js';
import { FirstPage } from './first-page.js';
import { KeptShell } from './kept-shell.js';
import {
  appUrl,
  enterIngress,
  sessionOf,
  shareableUrl,
  storageOf,
  takeFragment,
} from './link-key.js';
import { LanePeers } from './lane-peers.js';
import { Mirror } from './mirror.js';
import { watchNetwork } from './network-watch.js';
import { Opening } from './opening.js';
import { P2pClient } from './p2p-client.js';
import { p2pWorld } from './p2p-world.js';
import { Reconnection } from './reconnection.js';
import { expectedFor, ServiceWorkerHost } from './service-worker-host.js';
import { endCode, Signaling, signalingUrl } from './signaling.js';
import type { OutgoingMessage, ServerMessage } from './signaling.js';
import { changeSiteData, forgetTunnel, watchCookies } from './site-data.js';
import { PillView } from './status-pill.js';
import { TogetherCode } from './together.js';
import { tellTunnelLost, TunnelClient } from './tunnel-client.js';
import { prefer, publish, type ShellParts } from './window-api.js';

/** The page around the app: starts the tunnel, shows the app, tells what is wrong. */
export class Shell implements ShellParts {
  readonly tab = newLinkId();
  readonly frame: AppFrame;
  readonly firstPage = new FirstPage(window);
  tunnel: TunnelClient | undefined;
  p2p: P2pClient | undefined;
  lanes: LanePeers | undefined;
  serviceWorker: ServiceWorkerHost | undefined;
  readonly #opening: Opening;
  readonly #mirror: Mirror;
  readonly #kept = new KeptShell(window, this, (code) => this.#trouble(code));
  readonly #pill: PillView;
  readonly #appHash: string;
  readonly #reconnection = new Reconnection(() => {
    return { signaling: this.#signaling, tunnel: this.tunnel, p2p: this.p2p };
  });
  #hasEnded = false;
  #signaling: Signaling | undefined;
  #linkId: string | undefined;

  constructor(
    private readonly boot: Boot,
    private readonly early: EarlyStart | undefined,
    pillCss: string,
  ) {
    const { key, appHash } = takeFragment(window);
    this.#appHash = appHash;
    this.frame = new AppFrame(window, { onLoad: () => this.#loaded() });
    this.#opening = new Opening(document, {
      frame: this.frame,
      drawPill: () => this.#drawPill(),
      onRetry: () => this.#reconnection.retry(),
    });
    this.#mirror = new Mirror(document, window, this, this.#opening.painted);
    this.#pill = new PillView(document, pillCss, this.#candidatePair, {
      prefer: (preference) => prefer(this, preference),
      link: key === null ? undefined : () => shareableUrl(location, key),
      storage: storageOf(window),
      retry: () => this.#reconnection.retry(),
      whyNot: () => this.p2p?.whyNot,
      leave: () => this.#leaveByHand(),
      showTogether: new TogetherCode(this.frame).show,
    });
    this.#listen();
    publish(this, window);
  }

  /** Brings the app up, on the best way this browser and the session allow. */
  async start(): Promise<void> {
    this.#opening.begin();
    const { serviceWorker } = navigator as { serviceWorker?: ServiceWorkerContainer };
    if (serviceWorker !== undefined) this.serviceWorker = this.#hostOf(serviceWorker);
    const key = await this.early?.key;
    const door = key === null && doorFor(this.boot.session, location);
    if (door) return goToDoor(door, window);
    if (key === null) return this.#withoutTunnel('KEY_MISSING', key);
    const tunnel = await this.early?.tunnel;
    if (this.serviceWorker === undefined || key === undefined || tunnel === undefined) {
      return this.#withoutTunnel('UNSUPPORTED', key ?? null);
    }
    this.#startTunnel(tunnel, key);
    const session = sessionOf(key);
    if (!(await this.serviceWorker.register())) {
      this.#stopTunnel();
      return this.#withoutTunnel('UNSUPPORTED', key);
    }
    this.serviceWorker.session = await session;
    this.#opening.step('browser');
    const url = appUrl(location, this.#appHash);
    // The app may load the tab anew at once, and needs the key then.
    await Promise.all([this.serviceWorker.introduce(expectedFor(url, document)), this.early?.kept]);
    this.frame.load(url);
  }

  /** A document of the app says what it is. */
  reported(report: DocumentReport): void {
    this.#mirror.show(report);
    if (!this.#opening.isDone('app')) this.frame.focus();
    this.#opening.step('app');
  }

  #hostOf(container: ServiceWorkerContainer): ServiceWorkerHost {
    return new ServiceWorkerHost(container, this.tab, () => this.tunnel, {
      onFile: (isSaved) => this.#opening.fileComes(isSaved),
      onHang: (isHopeless) => this.#serviceWorkerHangs(isHopeless),
    });
  }

  #startTunnel(early: EarlyTunnel, key: CryptoKey): void {
    const tunnel = new TunnelClient(early, this.tab, {
      onMessage: (message) => this.#workerSays(message),
      onLost: (why, isReplaced) => this.#tunnelLost(why, isReplaced),
    });
    this.tunnel = tunnel;
    if (document.visibilityState === 'hidden') tunnel.watched(false);
    this.lanes = new LanePeers(tunnel);
    const signal = (message: OutgoingMessage): boolean => this.#signaling?.send(message) ?? false;
    this.p2p = new P2pClient(p2pWorld(tunnel, key, signal, this.boot.p2p.timeoutMs));
    void this.#startSignaling(key);
    this.#opening.awaitHost(() => this.#trouble('TIMEOUT'));
  }

  /** Connects to signaling, as soon as the pass is made. */
  async #startSignaling(key: CryptoKey): Promise<void> {
    this.#signaling = new Signaling({
      url: await signalingUrl(location.origin, this.tab, key),
      onOpen: () => {
        if (this.#opening.problem === 'SERVER_UNREACHABLE') this.#trouble(null);
        this.tunnel?.wake();
        this.p2p?.signalingOpened();
      },
      onMessage: (message) => this.#serverSays(message),
      onTrouble: (code) => this.#trouble(code),
    });
    this.#signaling.connect();
  }

  #stopTunnel(): void {
    this.#closePeers();
    this.p2p = undefined;
    this.tunnel?.terminate();
    this.tunnel = undefined;
  }

  /** Loads the app through the server, where the developer allows that; this tab has no tunnel. */
  async #withoutTunnel(reason: ProblemCode, key: CryptoKey | null): Promise<void> {
    if (!this.boot.ingressAllowed) return this.#trouble(reason);
    if (!(await enterIngress(this.boot.session, key))) {
      return this.#trouble(key === null ? 'KEY_MISSING' : 'HANDSHAKE_FAILED');
    }
    const url = appUrl(location, this.#appHash);
    await this.serviceWorker?.stepAside(expectedFor(url, document));
    this.#opening.step('browser');
    this.#opening.step('host');
    this.frame.load(url);
  }

  #workerSays(message: WorkerToShell): void {
    switch (message.kind) {
      case 'link':
        return this.#newLink(message.id);
      case 'connected':
        return this.#connected();
      case 'status':
        this.#reconnection.hear(message.status);
        return this.#opening.draw();
      case 'p2p': {
        const { attempt, event, code } = message;
        return this.p2p?.workerSays(attempt, event, code === 'HANDSHAKE_FAILED');
      }
      case 'lane':
        return this.lanes?.handle(message.lane, message.step);
      case 'trouble':
        return this.#trouble(message.code);
      case 'site-data':
        return void changeSiteData(message, window);
      case 'keep-alive':
        return void this.serviceWorker?.keepAlive();
    }
  }

  #closePeers(): void {
    this.p2p?.close();
    this.lanes?.close();
  }

  /** The tunnel worker has ended. Everybody who waits for an answer of it is told that none will come. */
  #tunnelLost(why: string, isReplaced: boolean): void {
    const next = isReplaced ? 'Another one takes its place.' : 'It has ended too often.';
    console.error(`The tunnel worker has ended, with what was under way: ${why}. ${next}`);
    this.#closePeers();
    tellTunnelLost(this.tab);
    this.serviceWorker?.tunnelLost(isReplaced);
    if (isReplaced) this.#opening.draw();
    else this.#giveUp('TUNNEL_CRASHED');
  }

  /** Loads the tab anew, because every request of the app would wait for ever. */
  #serviceWorkerHangs(isHopeless: boolean): void {
    console.error('The service worker does not answer, and has been taken out of service.');
    if (isHopeless) this.#giveUp('TUNNEL_CRASHED');
    else location.reload();
  }

  #serverSays(message: ServerMessage): void {
    if (message?.$case === 'connectionAccept') return this.#accepted(message);
    if (message?.$case === 'move') return this.#reconnection.move();
    if (message?.$case !== 'hostPresence') return this.p2p?.handle(message);
    const { endReason, online, sessionEnded } = message.value;
    this.#pill.learn(message.value);
    if (sessionEnded) return this.#ended(endCode(endReason));
    if (this.#hasEnded && online) return location.reload();
    // The host's process may have died, so the paths to it have to prove that they live.
    this.tunnel?.wake();
    if (!online) return this.#trouble('HOST_OFFLINE');
    if (this.#opening.problem === 'HOST_OFFLINE') this.#trouble(null);
    this.p2p?.hostReturned();
  }

  /** The direct path may be tried. Nothing waits for it, so the app's first paint comes first. */
  #accepted(message: Extract<ServerMessage, { $case: 'connectionAccept' }>): void {
    this.lanes?.use(message.value.iceServers);
    const painted = within(this.#opening.painted, BROWSER_LIMITS.directStartMs);
    void painted.then(() => this.p2p?.handle(message));
  }

  #connected(): void {
    this.#opening.show(null);
    this.#opening.step('host');
    this.frame.retryProblem();
  }

  #loaded(): void {
    this.#mirror.showLoaded(this.frame);
    this.firstPage.loaded();
    this.#opening.step('app');
    this.frame.focus();
    // The link may have come back while this page was on its way.
    if ((this.tunnel?.last ?? NO_LINK).mode !== 'offline') this.frame.retryProblem();
    void this.#opening.painted.then(() => this.serviceWorker?.warmCache());
  }

  #trouble(code: ProblemCode | null): void {
    // What fails after the end is no news.
    if (this.#hasEnded) return;
    if (!this.#opening.isDone('host') && this.#kept.doubts(code)) return;
    if (code === 'SESSION_ENDED') return this.#ended(code);
    this.#opening.show(code);
  }

  /** Nothing goes on in this tab until it is loaded anew. */
  #giveUp(code: ProblemCode): void {
    this.#hasEnded = true;
    this.#opening.show(code);
  }

  /** Takes everything of the session away. Signaling stays, to hear when the session returns under the same name. */
  #ended(code: ProblemCode): void {
    // The server's reason, which says more, has come first.
    if (this.#hasEnded && code === 'SESSION_ENDED') return;
    // The server has to say so itself: its answer makes the browser forget the app's data, too.
    if (!this.#opening.isDone('host') && this.#kept.doubts('SESSION_ENDED')) return;
    this.#stopTunnel();
    this.frame.remove();
    void forgetTunnel(navigator.serviceWorker, globalThis.caches, this.serviceWorker);
    this.#giveUp(code);
  }

  #newLink(id: string): void {
    if (this.#linkId !== undefined) this.#signaling?.reconnect();
    this.#linkId = id;
    // The server hears of the link at once: a tab that leaves early would hold its place among the viewers.
    this.p2p?.setLink(id);
  }

  #drawPill(): void {
    const isIngress = this.tunnel === undefined && this.#opening.isDone('host') && !this.#hasEnded;
    const { problem } = this.#opening;
    this.#pill.draw({ status: this.tunnel?.last ?? NO_LINK, isIngress, problem });
  }

  readonly #candidatePair = async () => (await this.p2p?.candidatePair()) ?? null;

  #listen(): void {
    watchCookies(document, (cookies) => this.tunnel?.updateCookies(cookies));
    watchNetwork(window, {
      doubt: () => this.#reconnection.doubt(),
      seen: (isSeen) => this.tunnel?.watched(isSeen),
      wake: () => {
        this.serviceWorker?.woken();
        this.#reconnection.retry();
      },
      leave: (isForGood) => {
        this.firstPage.keep(this.frame);
        this.#closePeers();
        if (isForGood) this.#signaling?.leave();
      },
      freeze: () => this.#signaling?.tellFrozen(),
    });
  }

  /** The link ends at once, and nothing opens it again but the person who has left. */
  #leaveByHand(): void {
    this.#hasEnded = true;
    this.#signaling?.end();
    this.#signaling = undefined;
    this.#stopTunnel();
    this.frame.remove();
    this.#pill.remove();
    this.#opening.showLeft();
  }
}
