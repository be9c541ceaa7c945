import {
  PUSHES_TARGET,
  systemClock,
  WingmanError,
  type Clock,
  type Timer,
} from '@wingman/protocol';
import { serveStreams } from '@wingman/protocol/ports';
import type { FetchHead, RequestMessage, ServedStream } from '../shared/exchange-messages.js';
import { BROWSER_LIMITS, SERVICE_WORKER_LIMITS } from '../shared/limits.js';
import { PrefixMark, ServedFetch, type SendRequest } from './serve-fetch.js';
import { servePushes } from './serve-pushes.js';

/** Serves the ports of service workers and keeps those alive while anything is under way. */
export class FetchService {
  /** By the service worker instance that has asked; undefined when that instance was killed. */
  readonly #active = new Map<ServedFetch, string | undefined>();
  /** Push streams, by the instance that has opened them. */
  readonly #pushes = new Map<AbortController, string>();
  readonly #orphans: Orphans;
  #isKeepingAlive = false;

  constructor(
    private readonly send: SendRequest,
    private readonly onKeepAlive: () => void,
    private readonly clock: Clock = systemClock,
  ) {
    this.#orphans = new Orphans(clock);
  }

  /** Exchanges under way. */
  get activeCount(): number {
    return this.#active.size;
  }

  /** Takes the port of a service worker instance. */
  addPort(instance: string, port: MessagePort): void {
    this.onlyInstance(instance);
    serveStreams(port, (stream: ServedStream, head: FetchHead) =>
      this.#serve(instance, stream, head),
    );
  }

  /** Ends the exchanges of other instances. An unanswered one waits for the request that may come again. */
  onlyInstance(instance: string): void {
    const error = new WingmanError('CANCELLED', 'the service worker was restarted');
    for (const [pushes, owner] of this.#pushes) if (owner !== instance) pushes.abort(error);
    for (const [exchange, owner] of [...this.#active]) {
      if (owner === instance || owner === undefined) continue;
      if (exchange.isUnanswered) {
        this.#active.set(exchange, undefined);
        this.#orphans.add(exchange);
      } else {
        exchange.cancel(error);
      }
    }
  }

  #serve(instance: string, stream: ServedStream, head: FetchHead): void {
    if (head.target === PUSHES_TARGET) return this.#push(instance, stream, head);
    this.#orphans.recognise(head, stream, (orphan, early) => {
      if (orphan === undefined) return this.#run(instance, new ServedFetch(stream, head, early));
      this.#active.set(orphan, instance);
      orphan.moveTo(stream, early);
    });
  }

  #push(instance: string, stream: ServedStream, head: FetchHead): void {
    const abort = new AbortController();
    this.#pushes.set(abort, instance);
    void servePushes(stream, head, this.send, abort).then(() => this.#pushes.delete(abort));
  }

  #run(instance: string, exchange: ServedFetch): void {
    this.#active.set(exchange, instance);
    this.#scheduleKeepAlive();
    void exchange.run(this.send).then(() => this.#active.delete(exchange));
  }

  /** The timer is in this worker, because the timers of a page slow down in the background. */
  #scheduleKeepAlive(): void {
    if (this.#isKeepingAlive) return;
    this.#isKeepingAlive = true;
    this.clock.setTimeout(() => {
      this.#isKeepingAlive = false;
      if (this.#active.size === 0) return;
      this.onKeepAlive();
      this.#scheduleKeepAlive();
    }, SERVICE_WORKER_LIMITS.keepAliveMs);
  }
}

/** Is told the orphan that a request stands for, or undefined for a new request; `early` is what has come of its body. */
export type Verdict = (orphan: ServedFetch | undefined, early: RequestMessage[]) => void;

interface Candidate {
  orphan: ServedFetch;
  /** As much of the newcomer's body as the orphan had received of its own. */
  mark: PrefixMark;
}

/**
 * Requests whose service worker was killed before it had the answer. Chromium then starts another
 * one and asks it the same again, a POST too. Such a request takes up the exchange that is under
 * way, and the host never hears of it twice.
 */
export class Orphans {
  readonly #deadlines = new Map<ServedFetch, Timer>();

  constructor(private readonly clock: Clock) {}

  /** Keeps an exchange for the request that may come again. */
  add(orphan: ServedFetch): void {
    const expire = (): void => {
      this.#deadlines.delete(orphan);
      orphan.cancel(new WingmanError('CANCELLED', 'the service worker was killed'));
    };
    this.#deadlines.set(orphan, this.clock.setTimeout(expire, BROWSER_LIMITS.orphanMs));
    orphan.detach();
  }

  /** Says which orphan a request is, by its head and as much of its body as is known of the orphan's. */
  recognise(head: FetchHead, stream: ServedStream, verdict: Verdict): void {
    if (this.#deadlines.size === 0) return verdict(undefined, []);
    const identity = identityOf(head);
    const candidates = [...this.#deadlines.keys()]
      .filter((orphan) => orphan.isUnanswered && identityOf(orphan.head) === identity)
      .map((orphan) => ({ orphan, mark: new PrefixMark(orphan.mark.bytes) }));
    const early: RequestMessage[] = [];
    const decide = (isOver: boolean): boolean => {
      const orphan = this.#match(candidates);
      const isOpen = candidates.some(
        ({ mark, orphan: { mark: whole } }) => mark.bytes < whole.bytes,
      );
      if (orphan === undefined && isOpen && !isOver) return false;
      stream.onmessage = null;
      verdict(orphan, early);
      return true;
    };
    if (decide(false)) return;
    stream.onmessage = ({ data }) => {
      early.push(data);
      if (data.kind === 'chunk') candidates.forEach(({ mark }) => mark.add(data.bytes));
      decide(data.kind === 'end' || data.kind === 'abort');
    };
  }

  #match(candidates: readonly Candidate[]): ServedFetch | undefined {
    const found = candidates.find(
      ({ mark, orphan }) => this.#deadlines.has(orphan) && mark.equals(orphan.mark),
    )?.orphan;
    if (found === undefined) return undefined;
    this.#deadlines.get(found)?.cancel();
    this.#deadlines.delete(found);
    return found;
  }
}

function identityOf({ method, target, headers, destination, mode }: FetchHead): string {
  return JSON.stringify([method, target, headers, destination, mode]);
}
