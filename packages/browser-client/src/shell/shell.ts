import { newLinkId, systemClock } from '@wingman/protocol';
import { BROWSER_LIMITS } from '../shared/limits.js';
import type { ProblemCode } from '../shared/problems.js';
import { SHELL_API, type DocumentReport, type ShellApi } from '../shared/shell-api.js';
import { NO_LINK, type Preference, type WingmanStatus } from '../shared/status.js';
import type { Boot } from '../shared/boot.js';
import type { WorkerToShell } from '../shared/worker-messages.js';
import type { EarlyStart } from './early-start.js';
import { AppFrame } from './app-frame.js';
import type { Journey, Step } from './cover-state.js';
import { endCode, forgetTunnel } from './session-end.js';
import { watchNetwork } from './network-watch.js';
import { watchCookies, writeCookies } from './cookie-store.js';
import { drawCover } from './cover.js';
import { appUrl, findKey, keepKey, shareableUrl, storageOf } from './link-key.js';
import { isolate } from './isolate.js';
import { Mirror } from './mirror.js';
import { P2pClient } from './p2p-client.js';
import { peerFactory } from './webrtc-utils.js';
import { postToOpener } from './opener.js';
import { PillView } from './pill-view.js';
import { expectedFor, ServiceWorkerHost } from './service-worker-host.js';
import { Signaling, type ServerMessage } from './signaling.js';
import { TunnelClient } from './tunnel-client.js';

/** The page around the app: starts the tunnel, shows the app, tells what is wrong. */
export class Shell {
  readonly #tab = newLinkId();
  readonly #storage = storageOf(window);
  readonly #frame: AppFrame;
  readonly #mirror = new Mirror(document, window);
  readonly #pill: PillView;
  readonly #key: Uint8Array | null;
  readonly #appHash: string;
  readonly #done = new Set<Step>();
  #problem: ProblemCode | null = null;
  #hasEnded = false;
  #isLate = false;
  #tunnel: TunnelClient | undefined;
  #p2p: P2pClient | undefined;
  #signaling: Signaling | undefined;
  #serviceWorker: ServiceWorkerHost | undefined;
  #linkId: string | undefined;

  constructor(
    private readonly boot: Boot,
    private readonly early: EarlyStart | undefined,
  ) {
    const { key, appHash } = findKey(location.hash, this.#storage);
    this.#key = key;
    this.#appHash = appHash;
    const bare = location.pathname + location.search + appHash;
    if (location.hash !== appHash) history.replaceState(history.state, '', bare);
    this.#frame = new AppFrame(window, { onLoad: () => this.#loaded() });
    this.#pill = new PillView(document, () => this.#candidatePair(), {
      prefer: (preference) => this.prefer(preference),
      link: () => shareableUrl(location, this.#key),
      storage: this.#storage,
    });
    this.#listen();
  }

  /** Brings the app up, on the best way this browser and the session allow. */
  async start(): Promise<void> {
    systemClock.setTimeout(() => {
      this.#isLate = true;
      this.#draw();
    }, BROWSER_LIMITS.progressDelayMs);
    this.#draw();
    const { serviceWorker } = navigator as { serviceWorker?: ServiceWorkerContainer };
    if (serviceWorker !== undefined) {
      this.#serviceWorker = new ServiceWorkerHost(serviceWorker, this.#tab, () => this.#tunnel);
    }
    if (this.#key === null) return this.#withoutTunnel('KEY_MISSING');
    if (this.#serviceWorker === undefined || this.early === undefined) {
      return this.#withoutTunnel('UNSUPPORTED');
    }
    this.#startTunnel(this.early);
    this.#publish();
    if (!(await this.#serviceWorker.register())) {
      this.#stopTunnel();
      return this.#withoutTunnel('UNSUPPORTED');
    }
    this.#step('browser');
    await this.#load();
  }

  async status(): Promise<WingmanStatus> {
    const status = (await this.#tunnel?.status()) ?? NO_LINK;
    const { mode, rttMs, link, bytes, switches, relayConnected } = status;
    const candidatePair = await this.#candidatePair();
    const webrtcConnections = this.#p2p?.connectionCount ?? 0;
    return { mode, rttMs, link, bytes, candidatePair, switches, relayConnected, webrtcConnections };
  }

  prefer(preference: Preference): void {
    this.#tunnel?.prefer(preference);
    if (preference !== 'relay') this.#p2p?.retryNow();
  }

  #startTunnel(early: EarlyStart): void {
    const socketOrigin = location.origin.replace(/^http/, 'ws');
    const tunnel = new TunnelClient(early, (message) => this.#workerSays(message));
    this.#tunnel = tunnel;
    tunnel.serveWorkers(this.#tab);
    this.#p2p = new P2pClient({
      clock: systemClock,
      createPeer: peerFactory(),
      signal: (message) => this.#signaling?.send(message) ?? false,
      giveChannel: (attempt, channel) => tunnel.giveChannel(attempt, channel),
      giveFingerprints: (attempt, fingerprints) => tunnel.giveFingerprints(attempt, fingerprints),
      endChannel: (attempt) => tunnel.endChannel(attempt),
      timeoutMs: this.boot.p2p.timeoutMs,
    });
    this.#signaling = new Signaling({
      url: `${socketOrigin}/__wingman/signal`,
      onOpen: () => {
        if (this.#problem === 'SERVER_UNREACHABLE') this.#trouble(null);
        this.#tunnel?.wake();
        this.#p2p?.signalingOpened();
      },
      onMessage: (message) => this.#serverSays(message),
      onTrouble: (code) => this.#trouble(code),
    });
    this.#signaling.connect();
    systemClock.setTimeout(() => {
      if (!this.#done.has('host') && this.#problem === null) this.#trouble('TIMEOUT');
    }, BROWSER_LIMITS.connectMs);
  }

  #stopTunnel(): void {
    this.#p2p?.close();
    this.#p2p = undefined;
    this.#tunnel?.terminate();
    this.#tunnel = undefined;
    this.#publish();
  }

  /** No tunnel in this tab: the way through the server, where the developer allows it. */
  async #withoutTunnel(reason: ProblemCode): Promise<void> {
    this.#publish();
    if (!this.boot.ingressAllowed) return this.#trouble(reason);
    await this.#serviceWorker?.stepAside(expectedFor(appUrl(location, this.#appHash), document));
    this.#step('browser');
    this.#step('host');
    this.#frame.load(appUrl(location, this.#appHash));
  }

  async #load(): Promise<void> {
    const url = appUrl(location, this.#appHash);
    await this.#serviceWorker?.introduce(expectedFor(url, document));
    this.#frame.load(url);
  }

  /** Puts in place what the app's documents and scripts find on this window. */
  #publish(): void {
    const api: ShellApi = {
      tab: this.#tab,
      tunnels: this.#tunnel !== undefined,
      openWebSocket: (request, port) => this.#tunnel?.openWebSocket(request, port),
      report: (report) => this.#reported(report),
      isolate: (isOn) => isolate(isOn, this.#frame, this.#serviceWorker),
      postToOpener,
      cookiesChanged: (cookies) => this.#tunnel?.updateCookies(cookies),
    };
    const wingman = {
      status: () => this.status(),
      prefer: (preference: Preference) => this.prefer(preference),
    };
    Object.assign(window, { [SHELL_API]: api, wingman });
  }

  #workerSays(message: WorkerToShell): void {
    switch (message.kind) {
      case 'link':
        return this.#newLink(message.id);
      case 'connected':
        return this.#connected();
      case 'status':
        return this.#draw();
      case 'p2p': {
        const { attempt, event, code } = message;
        return this.#p2p?.workerSays(attempt, event, code === 'HANDSHAKE_FAILED');
      }
      case 'trouble':
        return this.#trouble(message.code);
      case 'set-cookies':
        return message.reply.postMessage(writeCookies(message.lines, document));
      case 'keep-alive':
        return void this.#serviceWorker?.keepAlive();
    }
  }

  #serverSays(message: ServerMessage): void {
    if (message?.$case !== 'hostPresence') return this.#p2p?.handle(message);
    const { endReason, online, sessionEnded } = message.value;
    if (sessionEnded) return this.#ended(endCode(endReason));
    if (this.#hasEnded && online) return location.reload();
    // Its process may have died: the paths to it have to prove that they live.
    if (!online) this.#tunnel?.wake();
    if (!online) return this.#trouble('HOST_OFFLINE');
    if (this.#problem === 'HOST_OFFLINE') this.#trouble(null);
    this.#tunnel?.wake();
    this.#p2p?.hostReturned();
  }

  #connected(): void {
    this.#problem = null;
    this.#step('host');
    // What said that the host was away has done its duty.
    if (this.#frame.showsProblem) this.#frame.reload();
  }

  #reported(report: DocumentReport): void {
    this.#mirror.show(report);
    this.#step('app');
  }

  #loaded(): void {
    const page = this.#frame.document;
    const { url } = this.#frame;
    // Images and the like have no shim to report for them.
    if (page !== undefined && url !== undefined && !this.#frame.showsProblem) {
      this.#mirror.showUrlAndTitle(url, page.title);
    }
    this.#step('app');
    this.#frame.focus();
    this.#serviceWorker?.warmCache();
  }

  #step(step: Step): void {
    this.#done.add(step);
    this.#draw();
  }

  #trouble(code: ProblemCode | null): void {
    // Nothing that fails afterwards is worth telling.
    if (this.#hasEnded) return;
    if (code === 'SESSION_ENDED') return this.#ended(code);
    this.#problem = code;
    this.#draw();
  }

  /** Everything of the session goes; signaling stays and would hear of its return under the same name. */
  #ended(code: ProblemCode): void {
    // The link may have said so before, without the reason.
    if (this.#hasEnded && code === 'SESSION_ENDED') return;
    this.#hasEnded = true;
    this.#problem = code;
    this.#stopTunnel();
    this.#frame.remove();
    this.#serviceWorker?.endApp();
    void forgetTunnel(navigator.serviceWorker, globalThis.caches);
    this.#draw();
  }

  #newLink(id: string): void {
    const isFirst = this.#linkId === undefined;
    this.#linkId = id;
    if (!isFirst) this.#signaling?.reconnect();
    this.#p2p?.setLink(id);
  }

  #draw(): void {
    const cover = document.getElementById('wingman-cover');
    const journey: Journey = { done: this.#done, problem: this.#problem, isLate: this.#isLate };
    if (cover !== null) drawCover(cover, journey, () => this.#retry());
    const status = this.#tunnel?.last ?? NO_LINK;
    const isIngress = this.#tunnel === undefined && this.#done.has('host') && !this.#hasEnded;
    if (this.#done.has('app')) this.#pill.draw(status, isIngress);
  }

  async #candidatePair(): ReturnType<P2pClient['candidatePair']> {
    return (await this.#p2p?.candidatePair()) ?? null;
  }

  #retry(): void {
    this.#signaling?.connect();
    this.#tunnel?.wake();
    this.#p2p?.retryNow();
  }

  #listen(): void {
    watchCookies(document, (cookies) => this.#tunnel?.updateCookies(cookies));
    watchNetwork(window, {
      wake: () => this.#retry(),
      leave: (isForGood) => {
        if (this.#key !== null) keepKey(this.#key, this.#storage);
        this.#p2p?.close();
        if (isForGood) this.#signaling?.leave();
      },
    });
    addEventListener('hashchange', () => {
      // A new link was pasted over this one.
      if (location.hash.startsWith('#k=')) location.reload();
      else this.#frame.setHash(location.hash);
    });
  }
}
