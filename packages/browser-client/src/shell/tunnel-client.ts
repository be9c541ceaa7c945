import { ask, type ReplyPort } from '@wingman/protocol/ports';
import { BROWSER_LIMITS } from '../shared/limits.js';
import type { SocketRequest } from '../shared/exchange-messages.js';
import type { PageCookies } from '../shared/page-cookies.js';
import { NO_LINK, type LinkStatus, type Preference } from '../shared/status.js';
import type { Fingerprints, ShellToWorker, WorkerToShell } from '../shared/worker-messages.js';
import type { EarlyStart } from './early-start.js';
import { pumpChannel } from './channel-pump.js';

/** The shell's end of its tunnel worker. */
export class TunnelClient {
  /** The last status the worker has sent. */
  last: LinkStatus = NO_LINK;
  private readonly worker: Worker;

  constructor({ messages, worker }: EarlyStart, onMessage: (message: WorkerToShell) => void) {
    this.worker = worker;
    const hear = (message: WorkerToShell): void => {
      if (message.kind === 'status') this.last = message.status;
      onMessage(message);
    };
    worker.onmessage = ({ data }: MessageEvent<WorkerToShell>) => hear(data);
    // What came before this code did; later, because the listener may not be complete yet.
    queueMicrotask(() => messages.splice(0).forEach(hear));
  }

  /** Lets workers of the app call this tunnel by the name of its tab. */
  serveWorkers(tab: string): void {
    this.#post({ kind: 'tab', tab });
  }

  /** Gives a service worker instance a port for its requests. */
  addServiceWorker(instance: string, port: MessagePort): void {
    this.#post({ kind: 'service-worker', instance, port }, [port]);
  }

  serviceWorkerAlive(instance: string): void {
    this.#post({ kind: 'service-worker-alive', instance });
  }

  openWebSocket(request: SocketRequest, port: MessagePort): void {
    this.#post({ kind: 'web-socket', request, port }, [port]);
  }

  /** Transfers the channel, or pumps it where the engine can't; call it in the task that made the channel. */
  giveChannel(attempt: number, channel: RTCDataChannel): void {
    try {
      const transfer = [channel as unknown as Transferable];
      this.#post({ kind: 'p2p-channel', attempt, end: { kind: 'channel', channel } }, transfer);
    } catch {
      const port = pumpChannel(channel);
      this.#post({ kind: 'p2p-channel', attempt, end: { kind: 'port', port } }, [port]);
    }
  }

  giveFingerprints(attempt: number, fingerprints: Fingerprints): void {
    this.#post({ kind: 'p2p-fingerprints', attempt, fingerprints });
  }

  endChannel(attempt: number): void {
    this.#post({ kind: 'p2p-ended', attempt });
  }

  /** A page of this tab sees these cookies now; requests that leave later carry them. */
  updateCookies(cookies: PageCookies): void {
    this.#post({ kind: 'cookies', cookies });
  }

  /** What the next frame to load this URL gets becomes a file of that name; empty for its own. */
  announceDownload(url: string, name: string): void {
    this.#post({ kind: 'download', url, name });
  }

  prefer(preference: Preference): void {
    this.#post({ kind: 'prefer', preference });
  }

  wake(): void {
    this.#post({ kind: 'wake' });
  }

  /** The worker's own view, now; the last one it has sent when it does not answer. */
  async status(): Promise<LinkStatus> {
    const { statusAnswerMs: deadlineMs } = BROWSER_LIMITS;
    const post = (reply: ReplyPort<LinkStatus>): void =>
      this.#post({ kind: 'status', reply }, [reply]);
    return ask(post, { deadlineMs }).catch(() => this.last);
  }

  terminate(): void {
    this.worker.terminate();
  }

  #post(message: ShellToWorker, transfer: Transferable[] = []): void {
    this.worker.postMessage(message, transfer);
  }
}
