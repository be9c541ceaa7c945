import { AppWorkerHost } from '@wingman/app-worker/shell';
import { SERVICE_WORKER_SCRIPT } from './early-start.js';
import { withoutHash } from './without-hash.js';
import { Workbox } from 'workbox-window';
import { ISOLATED_MARK, isMarked, POSTED_MARK } from '../shared/shell-api.js';
import { within } from '@wingman/protocol';
import { answer, ask } from '@wingman/protocol/ports';
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

/** From the service worker, or from elsewhere. */
type Heard = PortWanted | Complaint | FileNews | undefined;

/** The first URL that the frame loads. */
export interface Expected {
  expects: string;
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

  constructor(
    private readonly container: ServiceWorkerContainer,
    private readonly tab: string,
    private readonly tunnel: () => PortSource | undefined,
    private readonly onFile: (isSaved: boolean) => void,
  ) {
    this.#appWorkers = new AppWorkerHost(container);
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

  /** Has shells served cross-origin isolated, or no more; resolves with false when nobody has heard. */
  async isolate(isOn: boolean): Promise<boolean> {
    const answer = post(this.#active, { kind: 'isolation', isOn }, []);
    return (await within(answer, BROWSER_LIMITS.handOverMs)) !== undefined;
  }

  /** Ends the app workers, as the session is over; resolves when nothing of them is written any more, or after a deadline. */
  async endApp(): Promise<void> {
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

  #heard({ data }: MessageEvent<Heard>): void {
    switch (data?.kind) {
      case 'wingman-complaint':
        return console.error(data.text);
      case 'wingman-file':
        return this.onFile(data.isSaved);
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
