import { systemClock, type ChannelWay, type Clock } from '@wingman/protocol';
import { ask, type ReplyPort } from '@wingman/protocol/ports';
import { BROWSER_LIMITS } from '../shared/limits.js';
import type { SocketEvent, SocketRequest } from '../shared/exchange-messages.js';
import { TUNNEL_LOST_CHANNEL } from '../shared/shell-api.js';
import type { PageCookies } from '../shared/page-cookies.js';
import { NO_LINK, type LinkStatus, type Preference } from '../shared/status.js';
import type {
  ChannelEnd,
  Fingerprints,
  LaneFromShell,
  ShellToWorker,
  WorkerToShell,
} from '../shared/worker-messages.js';
import type { EarlyTunnel } from './early-start.js';
import { Heartbeat } from './heartbeat.js';
import { pumpChannel } from './webrtc-utils.js';

const RHYTHM = {
  questionMs: BROWSER_LIMITS.workerQuestionMs,
  maxUnanswered: BROWSER_LIMITS.workerUnanswered,
};

/** RFC 6455 section 7.4.1. */
const ABNORMAL_CLOSURE = 1006;

/** What the shell hears of its tunnel worker. */
export interface TunnelEvents {
  onMessage: (message: WorkerToShell) => void;
  /** The worker has ended with all that it had under way; `isReplaced` is false when no other was started. */
  onLost: (why: string, isReplaced: boolean) => void;
}

/** The shell's end of its tunnel worker, which is replaced when it crashes or hangs. */
export class TunnelClient {
  /** The last status the worker has sent. */
  last: LinkStatus = NO_LINK;
  readonly #early: EarlyTunnel;
  readonly #heartbeat: Heartbeat;
  /** When workers were replaced within the last `workerRestartSpanMs`. */
  #restarts: number[] = [];
  #worker: Worker | undefined;
  #preference: Preference = 'auto';
  #isWatched = true;

  /** `tab` is the name by which workers of the app call this tunnel. */
  constructor(
    early: EarlyTunnel,
    private readonly tab: string,
    private readonly events: TunnelEvents,
    private readonly clock: Clock = systemClock,
  ) {
    this.#early = early;
    const ask = (): void => this.#post({ kind: 'ping' });
    const silent = (): void => this.#lost('it does not answer');
    this.#heartbeat = new Heartbeat(ask, silent, RHYTHM, clock);
    this.#use(early.worker);
    // These messages came before this code did. They wait for a turn, because the listener may not be complete yet.
    queueMicrotask(() => early.messages.splice(0).forEach((message) => this.#hear(message)));
  }

  /** Gives a service worker instance a port for its requests. */
  addServiceWorker(instance: string, port: MessagePort): void {
    this.#post({ kind: 'service-worker', instance, port }, [port]);
  }

  serviceWorkerAlive(instance: string): void {
    this.#post({ kind: 'service-worker-alive', instance });
  }

  openWebSocket(request: SocketRequest, port: MessagePort): void {
    if (this.#worker !== undefined) {
      return this.#post({ kind: 'web-socket', request, port }, [port]);
    }
    const failure = { code: ABNORMAL_CLOSURE, reason: '', wasClean: false, why: 'LINK_LOST' };
    port.postMessage({ kind: 'closed', ...failure } satisfies SocketEvent);
  }

  /** Transfers the channel, or pumps its messages where the engine can't. Call this in the task that made the channel. */
  giveChannel(attempt: number, channel: RTCDataChannel): void {
    this.#give(channel, (end) => ({ kind: 'p2p-channel', attempt, end }));
  }

  /** The same for the channel of a further lane. */
  giveLane(lane: number, channel: RTCDataChannel): void {
    this.#give(channel, (end) => ({ kind: 'lane', lane, step: { type: 'channel', end } }));
  }

  tellLane(lane: number, step: LaneFromShell): void {
    this.#post({ kind: 'lane', lane, step });
  }

  giveFingerprints(attempt: number, fingerprints: Fingerprints): void {
    this.#post({ kind: 'p2p-fingerprints', attempt, fingerprints });
  }

  giveWay(attempt: number, way: ChannelWay): void {
    this.#post({ kind: 'p2p-way', attempt, way });
  }

  endChannel(attempt: number): void {
    this.#post({ kind: 'p2p-ended', attempt });
  }

  /** Tells the worker which cookies a page of this tab sees now. Later requests carry them. */
  updateCookies(cookies: PageCookies): void {
    this.#post({ kind: 'cookies', cookies });
  }

  /** Announces that the next frame to load this URL saves a file of this name; an empty name stands for the file's own. */
  announceDownload(url: string, name: string): void {
    this.#post({ kind: 'download', url, name });
  }

  prefer(preference: Preference): void {
    this.#preference = preference;
    this.#post({ kind: 'prefer', preference });
  }

  spareRelay(isSpared: boolean): void {
    this.#post({ kind: 'spare-relay', isSpared });
  }

  /** Whether somebody looks at the tab. */
  watched(isWatched: boolean): void {
    this.#isWatched = isWatched;
    this.#post({ kind: 'watched', isWatched });
  }

  wake(): void {
    // Questions from before a sleep say nothing about the worker.
    this.#heartbeat.heard();
    this.#post({ kind: 'wake' });
  }

  /** The worker's present status; the last one that it has sent when it does not answer in time. */
  async status(): Promise<LinkStatus> {
    const { statusAnswerMs: deadlineMs } = BROWSER_LIMITS;
    const post = (reply: ReplyPort<LinkStatus>): void =>
      this.#post({ kind: 'status', reply }, [reply]);
    return ask(post, { deadlineMs }).catch(() => this.last);
  }

  terminate(): void {
    this.#heartbeat.stop();
    if (this.#worker === undefined) return;
    this.#worker.onmessage = this.#worker.onerror = this.#worker.onmessageerror = null;
    this.#worker.terminate();
    this.#worker = undefined;
  }

  /** The relay gets a successor, beside it. */
  renewRelay(): void {
    this.#post({ kind: 'renew-relay' });
  }

  #use(worker: Worker): void {
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<WorkerToShell>) => this.#hear(data);
    // An error that nobody caught may have left the link's state half changed.
    worker.onerror = ({ message }: Partial<ErrorEvent>) => this.#lost(message ?? 'its code failed');
    worker.onmessageerror = () => this.#lost('it sent what cannot be read');
    this.#post({ kind: 'tab', tab: this.tab });
    if (this.#preference !== 'auto') this.prefer(this.#preference);
    if (!this.#isWatched) this.watched(false);
    this.#heartbeat.start();
  }

  #hear(message: WorkerToShell): void {
    this.#heartbeat.heard();
    if (message.kind === 'status') this.last = message.status;
    this.events.onMessage(message);
  }

  /** Ends the worker and starts another, unless too many have ended lately. */
  #lost(why: string): void {
    this.terminate();
    this.last = { ...NO_LINK, preference: this.#preference, hasLost: true };
    const isReplaced = this.#mayRestart();
    if (isReplaced) this.#use(this.#early.startAnother());
    this.events.onLost(why, isReplaced);
  }

  #mayRestart(): boolean {
    const now = this.clock.now();
    const { maxWorkerRestarts, workerRestartSpanMs } = BROWSER_LIMITS;
    this.#restarts = this.#restarts.filter((at) => now - at < workerRestartSpanMs);
    if (this.#restarts.length >= maxWorkerRestarts) return false;
    this.#restarts.push(now);
    return true;
  }

  #give(channel: RTCDataChannel, message: (end: ChannelEnd) => ShellToWorker): void {
    try {
      this.#post(message({ kind: 'channel', channel }), [channel]);
    } catch {
      const port = pumpChannel(channel);
      this.#post(message({ kind: 'port', port }), [port]);
    }
  }

  #post(message: ShellToWorker, transfer: Transferable[] = []): void {
    this.#worker?.postMessage(message, transfer);
  }
}

/** Tells the documents of a tab that no answer of its tunnel worker will come. */
export function tellTunnelLost(tab: string): void {
  const channel = new BroadcastChannel(TUNNEL_LOST_CHANNEL);
  channel.postMessage(tab);
  channel.close();
}
