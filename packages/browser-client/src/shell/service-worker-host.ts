import { AppWorkerHost } from '@wingman/app-worker/shell';
import { SERVICE_WORKER_SCRIPT } from './own-scripts.js';
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
  /** The service worker hangs, and the next load of the tab has another one. `isHopeless`: the one before hung too. */
  onHang: (isHopeless: boolean) => void;
}

const RHYTHM = {
  questionMs: BROWSER_LIMITS.serviceWorkerQuestionMs,
  maxUnanswered: BROWSER_LIMITS.serviceWorkerUnanswered,
};

/** Where the tab notes when its service worker hung, by the wall clock, because the note outlives the page. */
const HUNG_AT_KEY = 'wingman.hung';

/** What changes how the service worker answers for a tab. */
type Order = Extract<ShellToServiceWorker, { kind: 'isolation' | 'forget-shell' }>;

/** A message of our service worker, or of the app's code. */
type Heard = PortWanted | Complaint | FileNews | undefined;

/** The first URL that the frame loads. */
export interface Expected {
  expects: string | null;
  isPosted: boolean;
}

/** What the service worker has to know of the first URL that the frame loads. */
export function expectedFor(url: string, page: Document): Expected {
  return { expects: withoutHash(url), isPosted: isMarked(page, POSTED_MARK) };
}

/** The shell's side of the service worker: registers it, gives it ports, keeps it alive. */
export class ServiceWorkerHost {
  /** Names the session, whose answers the service worker may keep; empty while nothing may be kept. */
  session = '';
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

  /** Resolves with true once our service worker is active, and with false when it can't be active in time. */
  async register(): Promise<boolean> {
    const running = this.container.controller;
    const workbox = new Workbox(SERVICE_WORKER_SCRIPT, { scope: '/', updateViaCache: 'none' });
    const registered = workbox.register({ immediate: true });
    registered.catch(() => undefined);
    this.#active = isOurs(running) ? running : await this.#activated(workbox, registered);
    if (this.#active !== undefined) this.#heartbeat.start();
    return this.#active !== undefined;
  }

  /** Whether it answers this page's own requests. It takes a page over a moment after it has started, which is waited for. */
  async controls(): Promise<boolean> {
    const { container } = this;
    if (container.controller === null) {
      const taken = new Promise((resolve) =>
        container.addEventListener('controllerchange', resolve, { once: true }),
      );
      await within(taken, BROWSER_LIMITS.handOverMs);
    }
    return isOurs(container.controller);
  }

  /** Introduces this shell and the URL that its frame is about to load. Resolves when the service worker knows, or after a deadline. */
  async introduce(expected: Expected): Promise<void> {
    await this.#introduceTo(this.#active, expected);
  }

  /** For a tab without a tunnel: a service worker of an earlier visit must let its requests through to the network. */
  async stepAside(expected: Expected): Promise<void> {
    const running = this.container.controller;
    if (isOurs(running)) await this.#introduceTo(running, expected);
  }

  /** Announces that a frame of this tab loads this URL. Resolves when the service worker knows, or after a deadline. */
  async expect(url: string): Promise<void> {
    const { tab } = this;
    const target = this.container.controller ?? this.#active;
    const answer = post(target, { kind: 'expect', tab, url: withoutHash(url) }, []);
    await within(answer, BROWSER_LIMITS.handOverMs);
  }

  /** The tunnel worker has ended with all that went through it. A worker that takes its place gets a port of its own. */
  tunnelLost(isReplaced: boolean): void {
    const target = this.container.controller ?? this.#active;
    target?.postMessage({ kind: 'tunnel-lost', tab: this.tab } satisfies ShellToServiceWorker);
    if (isReplaced) void this.#introduceTo(target, { expects: null, isPosted: false });
  }

  /** Has the service worker do this. Resolves with false when it did not answer. */
  async has(message: Order): Promise<boolean> {
    const answer = post(this.#active ?? this.container.controller ?? undefined, message, []);
    return (await within(answer, BROWSER_LIMITS.handOverMs)) !== undefined;
  }

  /** The tab has slept. Questions from before the sleep say nothing about the service worker. */
  woken(): void {
    this.#heartbeat.heard();
  }

  /** Ends the app workers, because the session is over. Resolves when they write nothing any more, or after a deadline. */
  async endApp(): Promise<void> {
    this.#heartbeat.stop();
    await this.#appWorkers.end(this.container.controller ?? this.#active);
  }

  /** Keeps the service worker awake. The tunnel worker asks for this while anything is under way. */
  async keepAlive(): Promise<void> {
    const target = this.container.controller ?? this.#active;
    const answer = await within(
      post(target, { kind: 'keep-alive' }, []),
      BROWSER_LIMITS.handOverMs,
    );
    if (answer !== undefined) this.tunnel()?.serviceWorkerAlive(answer.instance);
  }

  /** Has the service worker fetch what an offline start needs, once for each page. */
  warmCache(): void {
    if (this.#isWarm) return;
    this.#isWarm = true;
    this.#active?.postMessage({ kind: 'warm-cache' } satisfies ShellToServiceWorker);
  }

  /** The active service worker; undefined when the browser refuses it, or when it is not active in time. */
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
   * Workbox sees only what happens after its own registration. It misses a service worker that the page's first
   * script has registered, and after a Shift-reload one that is active and controls nothing here.
   */
  async #ready(): Promise<ServiceWorker> {
    const { active } = await this.container.ready;
    if (isOurs(active)) return active;
    return new Promise(() => undefined);
  }

  async #introduceTo(target: ServiceWorker | undefined, expected: Expected): Promise<void> {
    const tunnel = this.tunnel();
    const { tab, session } = this;
    const shell = { kind: 'shell', tab, session, isIsolated: this.#isIsolated } as const;
    if (tunnel === undefined) {
      const answer = post(target, { ...shell, port: null, ...expected }, []);
      await within(answer, BROWSER_LIMITS.handOverMs);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    const answer = post(target, { ...shell, port: port1, ...expected }, [port1]);
    // The port is handed over however late the answer comes, because the service worker has the other end by then.
    const connected = answer.then((heard) => {
      if (heard !== undefined) tunnel.addServiceWorker(heard.instance, port2);
    });
    await within(connected, BROWSER_LIMITS.handOverMs);
  }

  /** Asks whether the service worker lives. A hidden tab does not ask, so that its service worker may sleep. */
  #question(): void {
    if (document.visibilityState !== 'visible') return this.#heartbeat.heard();
    const target = this.container.controller ?? this.#active;
    void post(target, { kind: 'keep-alive' }, []).then((heard) => {
      if (heard !== undefined) this.#heartbeat.heard();
    });
  }

  /**
   * No page can end a service worker that hangs. But once the service worker is unregistered, the next load of
   * this tab goes past it to the server, and registers another.
   */
  async #silent(): Promise<void> {
    const registration = await this.container.getRegistration();
    const target = this.container.controller ?? this.#active;
    if (target?.state !== 'activated') {
      // Another service worker has taken its place.
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
    const { tab, session } = this;
    const tunnel = this.tunnel();
    const { port1, port2 } = new MessageChannel();
    const port = tunnel === undefined ? null : port1;
    const introduction: Introduction = {
      kind: 'shell',
      tab,
      port,
      session,
      expects: null,
      isPosted: false,
      isIsolated: this.#isIsolated,
    };
    answer(reply, introduction, port === null ? [] : [port]);
    tunnel?.addServiceWorker(instance, port2);
  }
}

/** Notes that the service worker hangs, and says whether the one before hung too, a short time ago. */
function hungBefore(): boolean {
  try {
    const { sessionStorage } = window;
    const hungAt = Number(sessionStorage.getItem(HUNG_AT_KEY) ?? -Infinity);
    sessionStorage.setItem(HUNG_AT_KEY, String(Date.now()));
    return Date.now() - hungAt < BROWSER_LIMITS.serviceWorkerRestartMs;
  } catch {
    // Without a note the tab might be loaded anew for ever.
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
