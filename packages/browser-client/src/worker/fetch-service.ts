import { WingmanError, systemClock, type Clock } from '@wingman/protocol';
import { serveStreams } from '@wingman/protocol/ports';
import type { FetchHead, ServedStream } from '../shared/exchange-messages.js';
import { SERVICE_WORKER_LIMITS } from '../shared/limits.js';
import { Orphans } from './orphans.js';
import { ServedFetch, type SendRequest } from './serve-fetch.js';

/** Serves the ports of service workers and keeps those alive while anything is under way. */
export class FetchService {
  /** By the instance that has asked; undefined: none, it has been killed. */
  readonly #active = new Map<ServedFetch, string | undefined>();
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

  /** What other instances have asked for has nobody left to read it, unless it is asked for again. */
  onlyInstance(instance: string): void {
    const error = new WingmanError('CANCELLED', 'the service worker was restarted');
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
    this.#orphans.recognise(head, stream, (orphan, early) => {
      if (orphan === undefined) return this.#run(instance, new ServedFetch(stream, head, early));
      this.#active.set(orphan, instance);
      orphan.moveTo(stream, early);
    });
  }

  #run(instance: string, exchange: ServedFetch): void {
    this.#active.set(exchange, instance);
    this.#scheduleKeepAlive();
    void exchange.run(this.send).then(() => this.#active.delete(exchange));
  }

  /** From here and not from the page, whose timers slow down in the background. */
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
