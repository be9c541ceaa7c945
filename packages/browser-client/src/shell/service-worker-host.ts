import { AppWorkerHost } from '@wingman/app-worker/shell';
import { SERVICE_WORKER_SCRIPT } from './early-start.js';
import { withoutHash } from './link-key.js';
import { Workbox } from 'workbox-window';
import { ISOLATED_MARK, isMarked, POSTED_MARK } from '../shared/shell-api.js';
import { systemClock, within, type Clock } from '@wingman/protocol';
import { answer, ask } from '@wingman/protocol/ports';
import { Heartbeat } from './heartbeat.js';
import { BROWSER_LIMITS } from '../shared/limits.js';
import type {
  Complaint,
  FileNews,
  Introduction,
  PortWanted,
  ServiceWorkerAnswer,
  ShellToServiceWorker,
} from '../shared/service-worker-messages.js';

/** What the host needs of the tunnel; without one, requests go to the network. */
export interface PortSource {
  addServiceWorker(instance: string, port: MessagePort): void;
  serviceWorkerAlive(instance: string): void;
}

/** What the shell hears of its service worker. */
export interface ServiceWorkerEvents {
  /** What the frame navigates to is a file, which is on its way or has been saved. */
  onFile: (isSaved: boolean) => void;
  /** It hangs. The next load of the tab has another one, unless `isHopeless`: that one hung too. */
  onHang: (isHopeless: boolean) => void;
}

const RHYTHM = {
  questionMs: BROWSER_LIMITS.serviceWorkerQuestionMs,
  maxUnanswered: BROWSER_LIMITS.serviceWorkerUnanswered,
};

/** When the tab was last loaded anew for the sake of its service worker; by the wall clock, because it outlives the page. */
const HUNG_AT_KEY = 'wingman.hung';

/** From the service worker, or from elsewhere. */
type Heard = PortWanted | Complaint | FileNews | undefined;

/** The first URL that the frame loads. */
export interface Expected {
  expects: string | null;
  isPosted: boolean;
}

/** What to say of the first URL that the frame loads. */
export function expectedFor(url: string, page: Document): Expected {
  return { expects: withoutHash(url), isPosted: isMarked(page, POSTED_MARK) };
}

/** The shell's side of the service worker: registers it, gives it ports, keeps it alive. */
export class ServiceWorkerHost {
  #active: ServiceWorker | undefined;
  #isWarm = false;
  readonly #isIsolated = isMarked(document, ISOLATED_MARK);
  readonly #appWorkers: AppWorkerHost;
  readonly #heartbeat: Heartbeat;

  constructor(
    private readonly container: ServiceWorkerContainer,
    private readonly tab: string,
    private readonly tunnel: () => PortSource | undefined,
    private readonly events: ServiceWorkerEvents,
    clock: Clock = systemClock,
  ) {
    this.#appWorkers = new AppWorkerHost(container);
    const silent = (): void => void this.#silent();
    this.#heartbeat = new Heartbeat(() => this.#question(), silent, RHYTHM, clock);
    container.addEventListener('message', (event: MessageEvent<Heard>) => {
      if (!this.#appWorkers.heard(event)) this.#heard(event);
    });
    container.startMessages();
  }

  /** Resolves with true once our service worker is active; with false when it can't be, in time. */
  async register(): Promise<boolean> {
    const running = this.container.controller;
    const workbox = new Workbox(SERVICE_WORKER_SCRIPT, { scope: '/', updateViaCache: 'none' });
    const registered = workbox.register({ immediate: true });
    registered.catch(() => undefined);
    this.#active = isOurs(running) ? running : await this.#activated(workbox, registered);
    if (this.#active !== undefined) this.#heartbeat.start();
    return this.#active !== undefined;
  }

  /** Introduces this shell, and the URL its frame is about to load; resolves when the service worker knows, or after a deadline. */
  async introduce(expected: Expected): Promise<void> {
    await this.#introduceTo(this.#active, expected);
  }

  /** Without a tunnel: a service worker of an earlier visit must let requests through to the network. */
  async stepAside(expected: Expected): Promise<void> {
    const running = this.container.controller;
    if (isOurs(running)) await this.#introduceTo(running, expected);
  }

  /** The next frame to load this URL is of this tab; resolves when the service worker knows, or after a deadline. */
  async expect(url: string): Promise<void> {
    const { tab } = this;
    const target = this.container.controller ?? this.#active;
    const answer = post(target, { kind: 'expect', tab, url: withoutHash(url) }, []);
    await within(answer, BROWSER_LIMITS.handOverMs);
  }

  /** The tunnel worker has ended, and what went through it; the one that takes its place gets a port of its own. */
  tunnelLost(isReplaced: boolean): void {
    const target = this.container.controller ?? this.#active;
    target?.postMessage({ kind: 'tunnel-lost', tab: this.tab } satisfies ShellToServiceWorker);
    if (isReplaced) void this.#introduceTo(target, { expects: null, isPosted: false });
  }

  /** Has shells served cross-origin isolated, or no more; resolves with false when nobody has heard. */
  async isolate(isOn: boolean): Promise<boolean> {
    const answer = post(this.#active, { kind: 'isolation', isOn }, []);
    return (await within(answer, BROWSER_LIMITS.handOverMs)) !== undefined;
  }

  /** The tab has slept: what was asked before says nothing about the service worker. */
  woken(): void {
    this.#heartbeat.heard();
  }

  /** Ends the app workers, as the session is over; resolves when nothing of them is written any more, or after a deadline. */
  async endApp(): Promise<void> {
    this.#heartbeat.stop();
    await this.#appWorkers.end(this.container.controller ?? this.#active);
  }

  /** Passed on from the tunnel worker while anything streams. */
  async keepAlive(): Promise<void> {
    const target = this.container.controller ?? this.#active;
    const answer = await within(
      post(target, { kind: 'keep-alive' }, []),
      BROWSER_LIMITS.handOverMs,
    );
    if (answer !== undefined) this.tunnel()?.serviceWorkerAlive(answer.instance);
  }

  /** What an offline start needs can be fetched now; once for each page. */
  warmCache(): void {
    if (this.#isWarm) return;
    this.#isWarm = true;
    this.#active?.postMessage({ kind: 'warm-cache' } satisfies ShellToServiceWorker);
  }

  /** Undefined when the browser refuses it, or it is not active in time. */
  #activated(
    workbox: Workbox,
    registered: Promise<ServiceWorkerRegistration | undefined>,
  ): Promise<ServiceWorker | undefined> {
    const active = registered.then(
      () => Promise.race([workbox.active, this.#ready()]),
      () => undefined,
    );
    return within(active, BROWSER_LIMITS.serviceWorkerReadyMs);
  }

  /**
   * Workbox counts what happens after its own registration: not one that the page's first script
   * has begun, nor, after a Shift-reload, one that is active and controls nothing here.
   */
  async #ready(): Promise<ServiceWorker> {
    const { active } = await this.container.ready;
    if (isOurs(active)) return active;
    return new Promise(() => undefined);
  }

  async #introduceTo(target: ServiceWorker | undefined, expected: Expected): Promise<void> {
    const tunnel = this.tunnel();
    const { tab } = this;
    const isIsolated = this.#isIsolated;
    if (tunnel === undefined) {
      const answer = post(target, { kind: 'shell', tab, port: null, isIsolated, ...expected }, []);
      await within(answer, BROWSER_LIMITS.handOverMs);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    const answer = post(target, { kind: 'shell', tab, port: port1, isIsolated, ...expected }, [
      port1,
    ]);
    // However late: who has one end of a channel must find somebody at the other.
    const connected = answer.then((heard) => {
      if (heard !== undefined) tunnel.addServiceWorker(heard.instance, port2);
    });
    await within(connected, BROWSER_LIMITS.handOverMs);
  }

  /** A tab that nobody sees lets its service worker sleep. */
  #question(): void {
    if (document.visibilityState !== 'visible') return this.#heartbeat.heard();
    const target = this.container.controller ?? this.#active;
    void post(target, { kind: 'keep-alive' }, []).then(() => this.#heartbeat.heard());
  }

  /**
   * No page can end a service worker that hangs. Once it is unregistered, though, the next load of this
   * tab goes past it to the server, and registers another.
   */
  async #silent(): Promise<void> {
    const registration = await this.container.getRegistration();
    const target = this.container.controller ?? this.#active;
    if (target?.state !== 'activated') {
      // Another has taken its place meanwhile.
      this.#active = registration?.active ?? undefined;
      return this.#heartbeat.start();
    }
    const isHopeless = hungBefore();
    if (registration !== undefined) {
      await within(registration.unregister(), BROWSER_LIMITS.handOverMs);
    }
    this.events.onHang(isHopeless);
  }

  #heard({ data }: MessageEvent<Heard>): void {
    switch (data?.kind) {
      case 'wingman-complaint':
        return console.error(data.text);
      case 'wingman-file':
        return this.events.onFile(data.isSaved);
      case 'wingman-port-wanted':
        return this.#asked(data);
      case undefined:
        return;
    }
  }

  #asked({ instance, reply }: PortWanted): void {
    const { tab } = this;
    const tunnel = this.tunnel();
    const { port1, port2 } = new MessageChannel();
    const port = tunnel === undefined ? null : port1;
    const introduction: Introduction = {
      kind: 'shell',
      tab,
      port,
      expects: null,
      isPosted: false,
      isIsolated: this.#isIsolated,
    };
    answer(reply, introduction, port === null ? [] : [port]);
    tunnel?.addServiceWorker(instance, port2);
  }
}

/** Whether the service worker before this one has hung too, a short time ago; the present one is noted down. */
function hungBefore(): boolean {
  try {
    const { sessionStorage } = window;
    const hungAt = Number(sessionStorage.getItem(HUNG_AT_KEY) ?? -Infinity);
    sessionStorage.setItem(HUNG_AT_KEY, String(Date.now()));
    return Date.now() - hungAt < BROWSER_LIMITS.serviceWorkerRestartMs;
  } catch {
    // Where nothing can be kept nobody would know when to stop.
    return true;
  }
}

function isOurs(worker: ServiceWorker | null): worker is ServiceWorker {
  return worker !== null && new URL(worker.scriptURL).pathname === SERVICE_WORKER_SCRIPT;
}

/** Resolves with the answer, however late it comes, and with undefined when none does. */
function post(
  target: ServiceWorker | undefined,
  message: ShellToServiceWorker,
  transfer: Transferable[],
): Promise<ServiceWorkerAnswer | undefined> {
  const answered = ask<ServiceWorkerAnswer>(
    // The reply's port comes first: the other side finds it by its place.
    (reply) => target?.postMessage(message, [reply, ...transfer]),
    { deadlineMs: BROWSER_LIMITS.lateAnswerMs },
  );
  return answered.catch(() => undefined);
}
